/// The events that a client reports to the application.
library;

import 'exception.dart';
import 'lists.dart';
import 'results.dart';
import 'status.dart';

/// An event of a client.
///
/// [StatusChangedEvent] and [NotWatchedEvent] together say everything that
/// enters, changes in and leaves the cache, until a [SessionEndedEvent]
/// empties it.
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

  /// Whether the SDK came back on its own; not set for the application's own
  /// login.
  final bool isResumed;

  @override
  String toString() => 'ConnectedEvent(isResumed: $isResumed)';
}

/// An attempt to connect or to log in failed, and another one follows.
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

/// The link broke. The SDK comes back on its own.
final class DisconnectedEvent extends LamplightEvent {
  /// Creates an event.
  const DisconnectedEvent(this.why, this.retryIn);

  /// The cause.
  final LinkEnd why;

  /// The wait before the next attempt; null when there is none before
  /// `appResumed()`.
  final Duration? retryIn;

  @override
  String toString() => 'DisconnectedEvent($why, retry in $retryIn)';
}

/// Statuses that are new or newer, each user once. After a reconnect: what
/// differs, in one event.
final class StatusChangedEvent extends LamplightEvent {
  /// Creates an event.
  const StatusChangedEvent(this.statuses);

  /// The statuses.
  final List<UserStatus> statuses;

  @override
  String toString() => 'StatusChangedEvent($statuses)';
}

/// Users that are watched no longer and have left the cache.
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

  /// The users that were subscribed to.
  final List<String> subscribed;

  /// The users that were unsubscribed from.
  final List<String> unsubscribed;

  @override
  String toString() =>
      'SubscriptionsChangedEvent(+$subscribed, -$unsubscribed)';
}

/// The app's settings have changed what this client may do.
final class AbilitiesChangedEvent extends LamplightEvent {
  /// Creates an event.
  const AbilitiesChangedEvent(this.abilities);

  /// The abilities as they are now.
  final Abilities abilities;

  @override
  String toString() => 'AbilitiesChangedEvent($abilities)';
}

/// Messages were received, or sent from another own device; oldest first.
/// Also a message that this client sent and whose answer came after the call
/// had failed with 9520: it was stored after all.
final class MessagesReceivedEvent extends LamplightEvent {
  /// Creates an event.
  const MessagesReceivedEvent(this.messages);

  /// The messages.
  final List<Message> messages;

  @override
  String toString() => 'MessagesReceivedEvent($messages)';
}

/// Rows of the conversation list changed: by a message, or by another own
/// device.
final class ConversationsChangedEvent extends LamplightEvent {
  /// Creates an event.
  const ConversationsChangedEvent({
    required this.changed,
    required this.deleted,
    required this.totalUnread,
    required this.listsVersion,
  });

  /// The rows as they are now.
  final List<Conversation> changed;

  /// The rows that are gone, by their peer.
  final List<String> deleted;

  /// Unread messages over all conversations, where the server told it.
  final int? totalUnread;

  /// The number of changes that the lists have seen, these included.
  final int listsVersion;

  @override
  String toString() => 'ConversationsChangedEvent($changed, deleted $deleted)';
}

/// Entries of the friend list are new, differ, or are gone.
final class FriendListChangedEvent extends LamplightEvent {
  /// Creates an event.
  const FriendListChangedEvent({
    required this.changed,
    required this.deleted,
    required this.listsVersion,
  });

  /// The entries as they are now.
  final List<Friend> changed;

  /// The users that were deleted from the list.
  final List<String> deleted;

  /// The number of changes that the lists have seen, these included.
  final int listsVersion;

  @override
  String toString() => 'FriendListChangedEvent($changed, deleted $deleted)';
}

/// The own profile was changed by another own device or the server API.
final class SelfInfoChangedEvent extends LamplightEvent {
  /// Creates an event.
  const SelfInfoChangedEvent(this.profile);

  /// The profile as it is now.
  final UserProfile profile;

  @override
  String toString() => 'SelfInfoChangedEvent($profile)';
}

/// Mutual friends show something else than before.
final class UsersInfoChangedEvent extends LamplightEvent {
  /// Creates an event.
  const UsersInfoChangedEvent(this.profiles);

  /// The profiles as they are now.
  final List<UserProfile> profiles;

  @override
  String toString() => 'UsersInfoChangedEvent($profiles)';
}

/// Something of the own lists changed while this client could not be told:
/// read friends and conversations again. Never told when nothing changed.
final class ListsOutdatedEvent extends LamplightEvent {
  /// Creates an event.
  const ListsOutdatedEvent(this.listsVersion);

  /// The number of changes that the lists have seen.
  final int listsVersion;

  @override
  String toString() => 'ListsOutdatedEvent(version $listsVersion)';
}

/// A listener was paused for so long that events were dropped, oldest first.
/// Never a status: those are conflated, not dropped. Messages and changes of
/// lists may be among them: read the lists again.
final class EventsMissedEvent extends LamplightEvent {
  /// Creates an event.
  const EventsMissedEvent(this.count);

  /// The number of events that were dropped.
  final int count;

  @override
  String toString() => 'EventsMissedEvent($count)';
}

/// The session is over: calls answer 6014, the cache is empty, and the SDK
/// does not come back on its own.
sealed class SessionEndedEvent extends LamplightEvent {
  /// Creates an event.
  const SessionEndedEvent();
}

/// This device was logged out by another login of the same account.
final class KickedOfflineEvent extends SessionEndedEvent {
  /// Creates an event.
  const KickedOfflineEvent({this.byPlatform});

  /// The platform of the other login, where the server said so.
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

/// The token has expired; log in with a new one.
final class UserSigExpiredEvent extends SessionEndedEvent {
  /// Creates an event.
  const UserSigExpiredEvent();

  @override
  String toString() => 'UserSigExpiredEvent()';
}

/// The account is gone.
final class AccountDeletedEvent extends SessionEndedEvent {
  /// Creates an event.
  const AccountDeletedEvent();

  @override
  String toString() => 'AccountDeletedEvent()';
}

/// The same device has connected elsewhere, and goes on there.
final class SupersededEvent extends SessionEndedEvent {
  /// Creates an event.
  const SupersededEvent();

  @override
  String toString() => 'SupersededEvent()';
}

/// The server refused to have this client back.
final class LoginRefusedEvent extends SessionEndedEvent {
  /// Creates an event.
  const LoginRefusedEvent(this.refusal);

  /// The refusal.
  final LamplightException refusal;

  @override
  String toString() => 'LoginRefusedEvent($refusal)';
}

/// The first login failed. The call has failed with the same cause.
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
