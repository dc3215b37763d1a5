/// Profiles, friends, messages and conversations: what the lists of a chat
/// application show beside the status.
///
/// Pages of a list and changes of it carry a `listsVersion`: the number of
/// changes that the lists of the own user had seen when they were written. Of
/// two pieces about the same row the one with the higher number is newer.
library;

import 'display_name.dart';

/// Whether others may take a user into their friend list.
enum AllowType {
  /// Anybody may.
  allowAny('ALLOW_TYPE_ALLOW_ANY'),

  /// Nobody may (30516).
  denyAny('ALLOW_TYPE_DENY_ANY');

  const AllowType(this.wireName);

  /// The name of the value in JSON.
  final String wireName;
}

/// The public part of a user, as others see it.
final class UserProfile {
  /// Creates a profile.
  const UserProfile({
    required this.userId,
    this.nick = '',
    this.avatarUrl = '',
    this.allowType = AllowType.allowAny,
  });

  /// The user.
  final String userId;

  /// The nick; empty: none, show the [userId].
  final String nick;

  /// The address of a picture: http or https; empty: none.
  final String avatarUrl;

  /// Whether others may take the user into their friend list.
  final AllowType allowType;

  /// The name to show: the nick, or the userID where there is none.
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

/// An entry of the own friend list.
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

  /// The friend.
  final String userId;

  /// The own name for the friend; empty: none.
  final String remark;

  /// The friend's profile.
  final UserProfile profile;

  /// Whether the friend has the own user in the list too.
  final bool isMutual;

  /// The moment at which the entry was made (UTC).
  final DateTime? addedAt;

  /// The source of the friendship, in the application's own words.
  final String addSource;

  /// The text that came with the request.
  final String addWording;

  /// The name to show: the remark, the nick or the userID.
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

/// Content of a message whose meaning the application alone knows. The parts
/// together have 1 to 12,288 bytes unless the app's settings say otherwise.
final class CustomContent {
  /// Creates content.
  const CustomContent({
    this.data = '',
    this.description = '',
    this.extension = '',
  });

  /// The content itself, in the application's own form.
  final String data;

  /// A text for people: shown in conversation lists and pushed.
  final String description;

  /// Further data of the application.
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

  /// The sender.
  final String from;

  /// The recipient.
  final String to;

  /// The place in the conversation of the two, from 1 without a gap. Names
  /// the message together with the two.
  final int sequence;

  /// The moment at which the message was committed (UTC).
  final DateTime? time;

  /// The text; empty where the message has [custom] content.
  final String text;

  /// Custom content, instead of a text.
  final CustomContent? custom;

  /// The sender's id of the message. Not unique.
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

/// A row of the own conversation list.
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

  /// The other user.
  final String peer;

  /// The newest message; null when it has gone by retention.
  final Message? lastMessage;

  /// Messages of the peer that are not read.
  final int unread;

  /// The own user has read up to this sequence.
  final int readSequence;

  /// Whether the row is pinned to the top.
  final bool isPinned;

  /// The peer's profile.
  final UserProfile profile;

  /// The own name for the peer; empty when the peer is no friend.
  final String remark;

  /// The moment of the last message or change of place (UTC). Sorts the list,
  /// below [isPinned].
  final DateTime? activeAt;

  /// The name to show: the remark, the nick or the userID.
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
