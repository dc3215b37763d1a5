/// The events that a client reports to the application.
library;

import 'exception.dart';
import 'lists.dart';
import 'results.dart';
import 'status.dart';

/// An event of a client.
///
/// [StatusChangedEvent] and [NotWatchedEvent] together report every status that
/// is added to the cache, changed or removed. A [SessionEndedEvent] means that
/// the cache is empty.
sealed class LamplightEvent {
  /// Creates an event.
  const LamplightEvent();
}

/// An attempt to connect begins.
final class ConnectingEvent extends LamplightEvent {
  /// Creates an event.
  const ConnectingEvent();

  @override
  String toString() => 'ConnectingEvent()';
}

/// The client is connected and logged in.
final class ConnectedEvent extends LamplightEvent {
  /// Creates an event.
  const ConnectedEvent({required this.isResumed});

  /// Whether the SDK has reconnected by itself; false after a login of the
  /// application.
  final bool isResumed;

  @override
  String toString() => 'ConnectedEvent(isResumed: $isResumed)';
}

/// An attempt to connect or to log in has failed. Another attempt follows.
final class ConnectFailedEvent extends LamplightEvent {
  /// Creates an event.
  const ConnectFailedEvent(this.why, this.retryIn);

  /// The cause.
  final LinkEnd why;

  /// The wait before the next attempt.
  final Duration retryIn;

  @override
  String toString() => 'ConnectFailedEvent($why, retry in $retryIn)';
}

/// The link has ended. The SDK reconnects by itself after [retryIn]. If
/// [retryIn] is null, the application is paused, and the SDK waits for
/// `appResumed()`.
final class DisconnectedEvent extends LamplightEvent {
  /// Creates an event.
  const DisconnectedEvent(this.why, this.retryIn);

  /// The cause.
  final LinkEnd why;

  /// The wait before the next attempt; null if the SDK waits for
  /// `appResumed()`.
  final Duration? retryIn;

  @override
  String toString() => 'DisconnectedEvent($why, retry in $retryIn)';
}

/// Statuses that are new or have changed, each user once. After a reconnect,
/// one event has all of them.
final class StatusChangedEvent extends LamplightEvent {
  /// Creates an event.
  const StatusChangedEvent(this.statuses);

  /// The statuses.
  final List<UserStatus> statuses;

  @override
  String toString() => 'StatusChangedEvent($statuses)';
}

/// Users who are not watched any more. They were removed from the cache.
final class NotWatchedEvent extends LamplightEvent {
  /// Creates an event.
  const NotWatchedEvent(this.userIds);

  /// The users.
  final List<String> userIds;

  @override
  String toString() => 'NotWatchedEvent($userIds)';
}

/// Another device of this account, or the server API, has changed the
/// subscription list.
final class SubscriptionsChangedEvent extends LamplightEvent {
  /// Creates an event.
  const SubscriptionsChangedEvent(this.subscribed, this.unsubscribed);

  /// The users who were added to the subscription list.
  final List<String> subscribed;

  /// The users who were removed from the subscription list.
  final List<String> unsubscribed;

  @override
  String toString() =>
      'SubscriptionsChangedEvent(+$subscribed, -$unsubscribed)';
}

/// The app's settings have changed the abilities of this client.
final class AbilitiesChangedEvent extends LamplightEvent {
  /// Creates an event.
  const AbilitiesChangedEvent(this.abilities);

  /// The abilities after the change.
  final Abilities abilities;

  @override
  String toString() => 'AbilitiesChangedEvent($abilities)';
}

/// Messages that were received, or that another device of this user or the
/// server API has sent for this user, the oldest first. A message from this
/// client is included only in one case: its call failed with 9520, but the
/// server has stored it.
final class MessagesReceivedEvent extends LamplightEvent {
  /// Creates an event.
  const MessagesReceivedEvent(this.messages);

  /// The messages.
  final List<Message> messages;

  @override
  String toString() => 'MessagesReceivedEvent($messages)';
}

/// Rows of the conversation list have changed, because of a message, or of a
/// change on another device of this user or by the server API.
final class ConversationsChangedEvent extends LamplightEvent {
  /// Creates an event.
  const ConversationsChangedEvent({
    required this.changed,
    required this.deleted,
    required this.totalUnread,
    required this.listsVersion,
  });

  /// The rows after the change.
  final List<Conversation> changed;

  /// The peers of the removed rows.
  final List<String> deleted;

  /// The number of unread messages over all conversations; null if the server
  /// did not send it.
  final int? totalUnread;

  /// The number of changes that were made to this user's lists so far,
  /// including these.
  final int listsVersion;

  @override
  String toString() => 'ConversationsChangedEvent($changed, deleted $deleted)';
}

/// Entries of the friend list were added, changed or removed.
final class FriendListChangedEvent extends LamplightEvent {
  /// Creates an event.
  const FriendListChangedEvent({
    required this.changed,
    required this.deleted,
    required this.listsVersion,
  });

  /// The entries after the change.
  final List<Friend> changed;

  /// The users who were removed from the list.
  final List<String> deleted;

  /// The number of changes that were made to this user's lists so far,
  /// including these.
  final int listsVersion;

  @override
  String toString() => 'FriendListChangedEvent($changed, deleted $deleted)';
}

/// Another device of this user, or the server API, has changed the block list.
final class BlockListChangedEvent extends LamplightEvent {
  /// Creates an event.
  const BlockListChangedEvent({
    required this.blocked,
    required this.unblocked,
    required this.listsVersion,
  });

  /// The new entries.
  final List<BlockedUser> blocked;

  /// The users who were removed from the list.
  final List<String> unblocked;

  /// The number of changes that were made to this user's lists so far,
  /// including these.
  final int listsVersion;

  @override
  String toString() => 'BlockListChangedEvent($blocked, unblocked $unblocked)';
}

/// Another device of this user, or the server API, has changed who may see the
/// status of this user.
final class VisibilityChangedEvent extends LamplightEvent {
  /// Creates an event.
  const VisibilityChangedEvent(this.visibility, this.listsVersion);

  /// The visibility after the change.
  final Visibility visibility;

  /// The number of changes that were made to this user's lists so far,
  /// including this one.
  final int listsVersion;

  @override
  String toString() => 'VisibilityChangedEvent(${visibility.name})';
}

/// The profile of this user was changed on another device, or by the server
/// API.
final class SelfInfoChangedEvent extends LamplightEvent {
  /// Creates an event.
  const SelfInfoChangedEvent(this.profile);

  /// The profile after the change.
  final UserProfile profile;

  @override
  String toString() => 'SelfInfoChangedEvent($profile)';
}

/// Profiles of mutual friends have changed.
final class UsersInfoChangedEvent extends LamplightEvent {
  /// Creates an event.
  const UsersInfoChangedEvent(this.profiles);

  /// The profiles after the change.
  final List<UserProfile> profiles;

  @override
  String toString() => 'UsersInfoChangedEvent($profiles)';
}

/// The server could not send some changes of this user's lists to this client.
/// The application should read the friends, the conversations, the block list
/// and the visibility again.
final class ListsOutdatedEvent extends LamplightEvent {
  /// Creates an event.
  const ListsOutdatedEvent(this.listsVersion);

  /// The number of changes that were made to this user's lists so far.
  final int listsVersion;

  @override
  String toString() => 'ListsOutdatedEvent(version $listsVersion)';
}

/// Events were dropped, the oldest first, because a listener was paused for too
/// long. The newest status of each user is dropped only if its session has
/// ended meanwhile. The dropped events may include messages and changes of
/// lists, so the application should read the lists again.
final class EventsMissedEvent extends LamplightEvent {
  /// Creates an event.
  const EventsMissedEvent(this.count);

  /// The number of events that were dropped.
  final int count;

  @override
  String toString() => 'EventsMissedEvent($count)';
}

/// The session has ended: calls fail with 6014, the cache is empty, and the SDK
/// does not reconnect by itself.
sealed class SessionEndedEvent extends LamplightEvent {
  /// Creates an event.
  const SessionEndedEvent();
}

/// Another login of the same account has logged this device out. Or the client
/// has reconnected, and the login of this device had ended in the meantime, for
/// example because it had lapsed.
final class KickedOfflineEvent extends SessionEndedEvent {
  /// Creates an event.
  const KickedOfflineEvent({this.byPlatform});

  /// The platform of the other login; null if the server did not send it.
  final DevicePlatform? byPlatform;

  @override
  String toString() => 'KickedOfflineEvent(by ${byPlatform?.label})';
}

/// This device was logged out by the server API or an operator.
final class KickedByOperatorEvent extends SessionEndedEvent {
  /// Creates an event.
  const KickedByOperatorEvent();

  @override
  String toString() => 'KickedByOperatorEvent()';
}

/// The token has expired, or the app no longer has the key with which it was
/// signed. Log in with a new token.
final class UserSigExpiredEvent extends SessionEndedEvent {
  /// Creates an event.
  const UserSigExpiredEvent();

  @override
  String toString() => 'UserSigExpiredEvent()';
}

/// The account or its app was deleted.
final class AccountDeletedEvent extends SessionEndedEvent {
  /// Creates an event.
  const AccountDeletedEvent();

  @override
  String toString() => 'AccountDeletedEvent()';
}

/// The same device has connected again. Its session goes on over the new
/// connection.
final class SupersededEvent extends SessionEndedEvent {
  /// Creates an event.
  const SupersededEvent();

  @override
  String toString() => 'SupersededEvent()';
}

/// The server has refused the login of a reconnect.
final class LoginRefusedEvent extends SessionEndedEvent {
  /// Creates an event.
  const LoginRefusedEvent(this.refusal);

  /// The refusal.
  final LamplightException refusal;

  @override
  String toString() => 'LoginRefusedEvent($refusal)';
}

/// The first login has failed. Its call fails with the same cause.
final class LoginFailedEvent extends SessionEndedEvent {
  /// Creates an event.
  const LoginFailedEvent(this.why);

  /// The cause.
  final LinkEnd why;

  @override
  String toString() => 'LoginFailedEvent($why)';
}

/// The application logged out.
final class LoggedOutEvent extends SessionEndedEvent {
  /// Creates an event.
  const LoggedOutEvent();

  @override
  String toString() => 'LoggedOutEvent()';
}
