/// The rows of the lists, ready to be drawn by a widget. All functions are
/// pure.
library;

import '../model/lists.dart';
import '../model/status.dart';
import 'names.dart';
import 'pinyin.dart';
import 'times.dart';
import 'words.dart';

/// The largest number that a badge shows. A larger number is shown as this
/// number and `+`.
const int largestBadge = 99;

/// The kinds of dots on a picture.
enum Dot {
  /// The user is online: green.
  online,

  /// The user is offline or not logged in: grey.
  offline,

  /// The status was received before the connection was lost: hollow.
  stale,
}

/// The status of a user in a row.
final class RowStatus {
  /// Creates the status of a row.
  const RowStatus({
    required this.type,
    required this.dot,
    required this.label,
    this.customStatus = '',
    this.customExpires,
  });

  /// The status type.
  final StatusType type;

  /// The kind of the dot.
  final Dot dot;

  /// The name of the status, for people who cannot see the dot.
  final String label;

  /// The custom status; empty if there is none.
  final String customStatus;

  /// The time when the server clears the custom status (UTC); null if it has no
  /// end. [remainingText] formats the time until then.
  final DateTime? customExpires;

  @override
  bool operator ==(Object other) =>
      other is RowStatus &&
      other.type == type &&
      other.dot == dot &&
      other.label == label &&
      other.customStatus == customStatus &&
      other.customExpires == customExpires;

  @override
  int get hashCode => Object.hash(type, dot, label, customStatus, customExpires);

  @override
  String toString() => 'RowStatus($label, "$customStatus")';
}

/// Returns the status of a row; null if the status is unknown, so that no dot
/// is drawn.
RowStatus? rowStatusOf(
  UserStatus? status,
  ListWords words, {
  bool isStale = false,
}) {
  final name = switch (status?.type) {
    StatusType.online => words.online,
    StatusType.offline => words.offline,
    StatusType.unlogined => words.unlogined,
    StatusType.unknown || null => null,
  };
  if (status == null || name == null) {
    return null;
  }
  return RowStatus(
    type: status.type,
    dot: isStale
        ? Dot.stale
        : status.isOnline
            ? Dot.online
            : Dot.offline,
    label: isStale ? words.lastKnown(name) : name,
    customStatus: status.customStatus,
    customExpires: status.customExpires,
  );
}

/// A row of a conversation list.
final class ConversationRow {
  /// Creates a row.
  const ConversationRow({
    required this.conversation,
    required this.name,
    required this.initials,
    required this.tint,
    required this.isDraft,
    required this.summary,
    required this.time,
    required this.badge,
    required this.status,
  });

  /// The conversation.
  final Conversation conversation;

  /// The name of the peer.
  final String name;

  /// The initials that are shown if there is no picture.
  final String initials;

  /// The number of the colour behind the initials, from 0 to 7.
  final int tint;

  /// Whether [summary] is a draft.
  final bool isDraft;

  /// The draft or the last message, in one line.
  final String summary;

  /// The text for the time of the last message; empty if there is no message.
  final String time;

  /// The text of the badge with the number of unread messages; empty if there
  /// are none.
  final String badge;

  /// The status of the peer; null if no dot is drawn.
  final RowStatus? status;

  /// The peer's id.
  String get userId => conversation.peer;

  /// The address of the peer's picture; empty if there is none.
  String get avatarUrl => conversation.profile.avatarUrl;

  /// The number of unread messages.
  int get unread => conversation.unread;

  /// Whether the conversation is pinned to the top.
  bool get isPinned => conversation.isPinned;

  @override
  String toString() => 'ConversationRow($userId, $status, $unread unread)';
}

/// A row of a contact list.
sealed class ContactRow {
  const ContactRow();
}

/// The header over the friends of one letter.
final class LetterRow extends ContactRow {
  /// Creates a header.
  const LetterRow(this.letter);

  /// `A` to `Z`, or `#`.
  final String letter;

  @override
  String toString() => 'LetterRow($letter)';
}

/// A friend.
final class FriendRow extends ContactRow {
  /// Creates a row.
  const FriendRow({
    required this.friend,
    required this.name,
    required this.place,
    required this.status,
  });

  /// The friend.
  final Friend friend;

  /// The name of the friend.
  final String name;

  /// The position of the friend among all friends, from 1.
  final int place;

  /// The status of the friend; null if no dot is drawn.
  final RowStatus? status;

  /// The friend's id.
  String get userId => friend.userId;

  /// The initials that are shown if there is no picture.
  String get initials => initialsOf(name);

  /// The number of the colour behind the initials, from 0 to 7.
  int get tint => tintOf(friend.userId);

  /// The address of the friend's picture; empty if there is none.
  String get avatarUrl => friend.profile.avatarUrl;

  @override
  String toString() => 'FriendRow($userId, $status)';
}

/// Sorts conversations for a list. Pinned conversations come first, then the
/// others. Each of the two groups is sorted by the last message, then by the
/// last activity, the latest first. Equal conversations keep their order.
List<Conversation> inOrder(Iterable<Conversation> conversations) {
  final indexed = conversations.indexed.toList();
  indexed.sort((one, other) {
    final (left, right) = (one.$2, other.$2);
    if (left.isPinned != right.isPinned) {
      return left.isPinned ? -1 : 1;
    }
    final byMessage = _lastTime(right).compareTo(_lastTime(left));
    if (byMessage != 0) {
      return byMessage;
    }
    final byMove = _millis(right.activeAt).compareTo(_millis(left.activeAt));
    return byMove != 0 ? byMove : one.$1.compareTo(other.$1);
  });
  return [for (final (_, conversation) in indexed) conversation];
}

/// Returns the time of the last message, in milliseconds since 1970; 0 if there
/// is none.
int _lastTime(Conversation conversation) =>
    _millis(conversation.lastMessage?.time);

int _millis(DateTime? moment) => moment?.millisecondsSinceEpoch ?? 0;

/// Returns the text of the second line of a row: the draft, or else the last
/// message.
({bool isDraft, String text}) summaryOf(
  Conversation conversation,
  String draft,
  ListWords words,
) {
  if (draft.isNotEmpty) {
    return (isDraft: true, text: _oneLine(draft));
  }
  final message = conversation.lastMessage;
  final custom = message?.custom;
  final text = custom == null
      ? message?.text ?? ''
      : custom.description.isEmpty
          ? words.customMessage
          : custom.description;
  return (isDraft: false, text: _oneLine(text));
}

/// Returns the text of a badge; empty if there are no unread messages.
String badgeOf(int unread) => unread <= 0
    ? ''
    : unread > largestBadge
        ? '$largestBadge+'
        : '$unread';

/// Creates the row of a conversation. [local] converts a time to the time zone
/// of the row.
ConversationRow conversationRowOf(
  Conversation conversation, {
  required ListWords words,
  required DateTime now,
  required RowStatus? status,
  String draft = '',
  DateTime Function(DateTime) local = _local,
}) {
  final name = conversation.displayName;
  final (:isDraft, :text) = summaryOf(conversation, draft, words);
  final at = conversation.lastMessage?.time;
  return ConversationRow(
    conversation: conversation,
    name: name,
    initials: initialsOf(name),
    tint: tintOf(conversation.peer),
    isDraft: isDraft,
    summary: text,
    time: at == null ? '' : listTime(local(at), local(now), words.times),
    badge: badgeOf(conversation.unread),
    status: status,
  );
}

DateTime _local(DateTime moment) => moment.toLocal();

/// A friend, with the displayed name.
typedef SortedFriend = ({Friend friend, String name});

/// The friends of a contact list, grouped by letter.
final class Contacts {
  /// Groups friends by letters: A to Z, then `#`. The friends of a letter are
  /// sorted by the reading of the name, then by the name, then by the userID.
  factory Contacts(Iterable<Friend> friends, {Pinyin? pinyin = pinyinOf}) {
    final read = [
      for (final friend in friends) _ReadFriend(friend, pinyin),
    ]..sort();
    final byLetter = <String, List<SortedFriend>>{
      for (final letter in indexLetters.split('')) letter: [],
    };
    for (final one in read) {
      byLetter[one.letter]!.add((friend: one.friend, name: one.name));
    }
    byLetter.removeWhere((_, those) => those.isEmpty);
    return Contacts._(byLetter);
  }

  Contacts._(this.byLetter);

  /// The friends of each letter, in the order of the list.
  final Map<String, List<SortedFriend>> byLetter;

  /// The userIDs of the friends, in the order of the list.
  late final List<String> users = [
    for (final those in byLetter.values)
      for (final (:friend, name: _) in those) friend.userId,
  ];

  /// For each letter: the index of its header among the rows.
  late final Map<String, int> letters = () {
    var row = 0;
    return {
      for (final MapEntry(key: letter, value: those) in byLetter.entries)
        letter: (row += 1 + those.length) - 1 - those.length,
    };
  }();

  /// Returns the rows: the header of each letter, and the friends below it.
  List<ContactRow> rows(RowStatus? Function(String userId) statusOf) {
    var place = 0;
    return [
      for (final MapEntry(key: letter, value: those) in byLetter.entries) ...[
        LetterRow(letter),
        for (final (:friend, :name) in those)
          FriendRow(
            friend: friend,
            name: name,
            place: place += 1,
            status: statusOf(friend.userId),
          ),
      ],
    ];
  }
}

class _ReadFriend implements Comparable<_ReadFriend> {
  _ReadFriend(this.friend, Pinyin? pinyin)
      : name = friend.displayName {
    reading = readingOf(name, pinyin);
    letter = letterOf(reading);
  }

  final Friend friend;
  final String name;
  late final String reading;
  late final String letter;

  @override
  int compareTo(_ReadFriend other) {
    final byReading = compareReadings(reading, other.reading);
    if (byReading != 0) {
      return byReading;
    }
    final byName = compareReadings(name, other.name);
    return byName != 0 ? byName : friend.userId.compareTo(other.friend.userId);
  }
}

final RegExp _space = RegExp(r'\s+', unicode: true);

/// Returns the first 200 characters of a message in one line.
String _oneLine(String text) {
  var end = text.length < 200 ? text.length : 200;
  // A surrogate pair must not be cut in the middle.
  if (end < text.length && text.codeUnitAt(end - 1) & 0xfc00 == 0xd800) {
    end -= 1;
  }
  return text.substring(0, end).replaceAll(_space, ' ').trim();
}
