/// Profiles, friends, messages and conversations: the contents of the lists of
/// a chat application, apart from statuses.
///
/// A page or a change of a list has a `listsVersion`. It counts the changes of
/// the user's lists up to the page or the change. If two of them have the same
/// row, the one with the higher `listsVersion` has the newer row.
library;

import 'display_name.dart';

/// The rule for requests to add a user as a friend.
enum AllowType {
  /// Anybody may add the user.
  allowAny('ALLOW_TYPE_ALLOW_ANY'),

  /// Nobody may add the user (30516).
  denyAny('ALLOW_TYPE_DENY_ANY');

  const AllowType(this.wireName);

  /// The name of the value in JSON.
  final String wireName;
}

/// The users who may see the status of a user. Users on the block list may not
/// see it in any case.
enum Visibility {
  /// Every user of the app.
  everyone('VISIBILITY_EVERYONE'),

  /// The mutual friends.
  friends('VISIBILITY_FRIENDS'),

  /// Nobody but the user.
  nobody('VISIBILITY_NOBODY');

  const Visibility(this.wireName);

  /// The name of the value in JSON.
  final String wireName;
}

/// An entry of this user's block list.
final class BlockedUser {
  /// Creates an entry.
  const BlockedUser({required this.userId, this.blockedAt});

  /// The blocked user's id.
  final String userId;

  /// The time when the user was blocked (UTC).
  final DateTime? blockedAt;

  @override
  bool operator ==(Object other) =>
      other is BlockedUser &&
      other.userId == userId &&
      other.blockedAt == blockedAt;

  @override
  int get hashCode => Object.hash(userId, blockedAt);

  @override
  String toString() => 'BlockedUser($userId)';
}

/// The profile of a user, as others see it.
final class UserProfile {
  /// Creates a profile.
  const UserProfile({
    required this.userId,
    this.nick = '',
    this.avatarUrl = '',
    this.allowType = AllowType.allowAny,
  });

  /// The user's id.
  final String userId;

  /// The nick; empty if there is none.
  final String nick;

  /// The address of the picture, with http or https; empty if there is none.
  final String avatarUrl;

  /// Whether others may add the user as a friend.
  final AllowType allowType;

  /// The name that is shown: the nick, or else the userID.
  String get displayName => nameOf('', nick, userId);

  @override
  bool operator ==(Object other) =>
      other is UserProfile &&
      other.userId == userId &&
      other.nick == nick &&
      other.avatarUrl == avatarUrl &&
      other.allowType == allowType;

  @override
  int get hashCode => Object.hash(userId, nick, avatarUrl, allowType);

  @override
  String toString() => 'UserProfile($userId, $nick)';
}

/// An entry of this user's friend list.
final class Friend {
  /// Creates an entry.
  const Friend({
    required this.userId,
    required this.profile,
    this.remark = '',
    this.isMutual = false,
    this.addedAt,
    this.addSource = '',
    this.addWording = '',
  });

  /// The friend's id.
  final String userId;

  /// The remark of this user on the friend; empty if there is none.
  final String remark;

  /// The friend's profile.
  final UserProfile profile;

  /// Whether this user is on the friend's list as well.
  final bool isMutual;

  /// The time when the friend was added (UTC).
  final DateTime? addedAt;

  /// The source of the friendship: a text that the application defines.
  final String addSource;

  /// The text of the request to add the friend.
  final String addWording;

  /// The name that is shown: the remark, or else the nick, or else the userID.
  String get displayName => nameOf(remark, profile.nick, userId);

  @override
  bool operator ==(Object other) =>
      other is Friend &&
      other.userId == userId &&
      other.remark == remark &&
      other.profile == profile &&
      other.isMutual == isMutual &&
      other.addedAt == addedAt &&
      other.addSource == addSource &&
      other.addWording == addWording;

  @override
  int get hashCode => Object.hash(userId, remark, profile, isMutual);

  @override
  String toString() => 'Friend($userId, $remark)';
}

/// Content of a message that only the application interprets. All parts
/// together have 1 to 12,288 bytes, unless the app has another limit.
final class CustomContent {
  /// Creates content.
  const CustomContent({
    this.data = '',
    this.description = '',
    this.extension = '',
  });

  /// The content, in a format of the application.
  final String data;

  /// A readable text for conversation lists and push notifications.
  final String description;

  /// Further data, in a format of the application.
  final String extension;

  @override
  bool operator ==(Object other) =>
      other is CustomContent &&
      other.data == data &&
      other.description == description &&
      other.extension == extension;

  @override
  int get hashCode => Object.hash(data, description, extension);

  @override
  String toString() => 'CustomContent(${data.length} characters)';
}

/// A one-to-one message, as the server stores it.
final class Message {
  /// Creates a message.
  const Message({
    required this.from,
    required this.to,
    required this.sequence,
    this.time,
    this.text = '',
    this.custom,
    this.clientMessageId = '',
  });

  /// The sender's id.
  final String from;

  /// The recipient's id.
  final String to;

  /// The number of the message in the conversation, from 1 without gaps. This
  /// number and the two users identify the message.
  final int sequence;

  /// The time when the server stored the message (UTC).
  final DateTime? time;

  /// The text; empty if the message has [custom] content.
  final String text;

  /// The custom content; null if the message has a text.
  final CustomContent? custom;

  /// The id that the sender has given the message. Several messages may have
  /// the same id.
  final String clientMessageId;

  @override
  bool operator ==(Object other) =>
      other is Message &&
      other.from == from &&
      other.to == to &&
      other.sequence == sequence &&
      other.time == time &&
      other.text == text &&
      other.custom == custom &&
      other.clientMessageId == clientMessageId;

  @override
  int get hashCode => Object.hash(from, to, sequence);

  @override
  String toString() => 'Message($from to $to, $sequence)';
}

/// A row of this user's conversation list.
final class Conversation {
  /// Creates a row.
  const Conversation({
    required this.peer,
    required this.profile,
    this.lastMessage,
    this.unread = 0,
    this.readSequence = 0,
    this.isPinned = false,
    this.remark = '',
    this.activeAt,
  });

  /// The other user's id.
  final String peer;

  /// The newest message; null if it was deleted after the app's retention.
  final Message? lastMessage;

  /// The number of unread messages of the peer.
  final int unread;

  /// The sequence of the last message that this user has read.
  final int readSequence;

  /// Whether the row is pinned to the top.
  final bool isPinned;

  /// The peer's profile.
  final UserProfile profile;

  /// The remark of this user on the peer; empty if there is none, or the peer
  /// is not a friend.
  final String remark;

  /// The time of the last message in either direction (UTC). The list is sorted
  /// by [isPinned], and then by this time.
  final DateTime? activeAt;

  /// The name that is shown: the remark, or else the nick, or else the userID.
  String get displayName => nameOf(remark, profile.nick, peer);

  @override
  bool operator ==(Object other) =>
      other is Conversation &&
      other.peer == peer &&
      other.lastMessage == lastMessage &&
      other.unread == unread &&
      other.readSequence == readSequence &&
      other.isPinned == isPinned &&
      other.profile == profile &&
      other.remark == remark &&
      other.activeAt == activeAt;

  @override
  int get hashCode => Object.hash(peer, lastMessage, unread, isPinned);

  @override
  String toString() => 'Conversation($peer, $unread unread)';
}
