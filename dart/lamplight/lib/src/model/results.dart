/// The answers to the calls of a client.
library;

import 'lists.dart';
import 'status.dart';

/// The answer to a login.
final class LoginResult {
  /// Creates an answer.
  const LoginResult({
    required this.serverTime,
    required this.registered,
    required this.abilities,
    required this.listsVersion,
  });

  /// The time by the server's clock (UTC).
  final DateTime serverTime;

  /// Whether this login has created the account.
  final bool registered;

  /// The abilities of this client; null if the server is too old to send them.
  final Abilities? abilities;

  /// The number of changes that were made to this user's lists so far.
  final int listsVersion;

  @override
  String toString() => 'LoginResult(registered: $registered'
      ', lists version $listsVersion'
      ', $serverTime'
      ', $abilities)';
}

/// The abilities of a client: the calls and notifications that the settings of
/// its app allow.
final class Abilities {
  /// Creates abilities.
  const Abilities({
    this.statusesOfOthers = false,
    this.refusalCode = 0,
    this.friendNotification = false,
    this.subscriptionsLimit = 0,
    this.queryBatch = 0,
    this.subscribeBatch = 0,
    this.unsubscribeBatch = 0,
    this.customStatusBytes = 0,
    this.messageBytes = 0,
    this.friendsLimit = 0,
  });

  /// Whether the client may query other users and subscribe to them. If so, it
  /// is notified of their changes. While this is false, the subscription list
  /// stays as it is.
  final bool statusesOfOthers;

  /// The code with which the server refuses queries and subscriptions: 7013 or
  /// 72001; 0 if it does not refuse them.
  final int refusalCode;

  /// Whether the client is notified of status changes of mutual friends to whom
  /// it is not subscribed.
  final bool friendNotification;

  /// The maximum number of users on the subscription list.
  final int subscriptionsLimit;

  /// The maximum number of users in one query.
  final int queryBatch;

  /// The maximum number of users in one call to subscribe.
  final int subscribeBatch;

  /// The maximum number of users in one call to unsubscribe.
  final int unsubscribeBatch;

  /// The maximum length of a custom status in bytes of UTF-8. 0 in this and the
  /// next two fields if the server is too old to send them.
  final int customStatusBytes;

  /// The maximum length of a message in bytes of UTF-8.
  final int messageBytes;

  /// The maximum number of entries of the friend list.
  final int friendsLimit;

  @override
  bool operator ==(Object other) =>
      other is Abilities &&
      other.statusesOfOthers == statusesOfOthers &&
      other.refusalCode == refusalCode &&
      other.friendNotification == friendNotification &&
      other.subscriptionsLimit == subscriptionsLimit &&
      other.queryBatch == queryBatch &&
      other.subscribeBatch == subscribeBatch &&
      other.unsubscribeBatch == unsubscribeBatch &&
      other.customStatusBytes == customStatusBytes &&
      other.messageBytes == messageBytes &&
      other.friendsLimit == friendsLimit;

  @override
  int get hashCode => Object.hash(
        statusesOfOthers,
        refusalCode,
        friendNotification,
        subscriptionsLimit,
        queryBatch,
        subscribeBatch,
        unsubscribeBatch,
        customStatusBytes,
        messageBytes,
        friendsLimit,
      );

  @override
  String toString() => 'Abilities(statuses of others: $statusesOfOthers'
      ', refusal code $refusalCode'
      ', friend notification: $friendNotification'
      ', subscriptions: $subscriptionsLimit'
      ', batches: $queryBatch/$subscribeBatch/$unsubscribeBatch'
      ', bytes: $customStatusBytes/$messageBytes'
      ', friends: $friendsLimit)';
}

/// A user for whom a call about several users has failed.
final class FailedUser {
  /// Creates a failure.
  const FailedUser(this.userId, this.code, this.message);

  /// The userID from the call.
  final String userId;

  /// The code of the failure, as in `LamplightCode`.
  final int code;

  /// The text of the code, in English.
  final String message;

  @override
  String toString() => 'FailedUser($userId, $code: $message)';
}

/// The answer to `getUserStatus`.
final class StatusResult {
  /// Creates an answer.
  const StatusResult(this.statuses, this.failures);

  /// The statuses of the users who exist.
  final List<UserStatus> statuses;

  /// The users without an account (70107).
  final List<FailedUser> failures;

  @override
  String toString() => 'StatusResult($statuses, failures $failures)';
}

/// The answer to `subscribeUserStatus`.
final class SubscribeResult {
  /// Creates an answer.
  const SubscribeResult({
    required this.statuses,
    required this.failures,
    required this.evicted,
    required this.notWatched,
  });

  /// The current statuses of the users to whom the call has subscribed.
  final List<UserStatus> statuses;

  /// The users without an account (70107).
  final List<FailedUser> failures;

  /// The users who were evicted because the subscription list was full, the
  /// earliest subscribed first.
  final List<String> evicted;

  /// The evicted users who are not watched any more, because they are not
  /// mutual friends either. They were removed from the cache.
  final List<String> notWatched;

  @override
  String toString() => 'SubscribeResult($statuses'
      ', failures $failures'
      ', evicted $evicted'
      ', not watched $notWatched)';
}

/// The answer to `unsubscribeUserStatus`.
final class UnsubscribeResult {
  /// Creates an answer.
  const UnsubscribeResult(this.failures, this.notWatched);

  /// The users who have no account and were not on the list (70107).
  final List<FailedUser> failures;

  /// The users who are not watched any more, because they are not mutual
  /// friends either. They were removed from the cache.
  final List<String> notWatched;

  @override
  String toString() =>
      'UnsubscribeResult(failures $failures, not watched $notWatched)';
}

/// The subscription list of the account.
final class Subscriptions {
  /// Creates a subscription list.
  const Subscriptions(this.users, this.limit);

  /// The users on the list, the earliest subscribed first.
  final List<String> users;

  /// The maximum number of users on the list.
  final int limit;

  @override
  String toString() => 'Subscriptions($users, limit $limit)';
}

/// The answer to `getUsersInfo`.
final class UsersInfoResult {
  /// Creates an answer.
  const UsersInfoResult(this.profiles, this.failures);

  /// The profiles of the users who have an account, in the order of the call.
  final List<UserProfile> profiles;

  /// The users without an account (70107).
  final List<FailedUser> failures;

  @override
  String toString() => 'UsersInfoResult($profiles, failures $failures)';
}

/// A page of this user's friend list, in ascending order of userIDs.
final class FriendPage {
  /// Creates a page.
  const FriendPage({
    required this.friends,
    required this.isLast,
    required this.listsVersion,
  });

  /// The entries.
  final List<Friend> friends;

  /// Whether this was the last page.
  final bool isLast;

  /// The number of changes that had been made to this user's lists when the
  /// server wrote the page.
  final int listsVersion;

  @override
  String toString() => 'FriendPage($friends, isLast: $isLast)';
}

/// The answer to a call that changed one entry of the friend list.
final class FriendResult {
  /// Creates an answer.
  const FriendResult(this.friend, this.listsVersion);

  /// The entry after the change.
  final Friend friend;

  /// The number of changes that were made to this user's lists so far,
  /// including this one.
  final int listsVersion;

  @override
  String toString() => 'FriendResult($friend)';
}

/// The answer to `deleteFriends`.
final class DeleteFriendsResult {
  /// Creates an answer.
  const DeleteFriendsResult(this.failures, this.listsVersion);

  /// The users who were not friends (31704).
  final List<FailedUser> failures;

  /// The number of changes that were made to this user's lists so far,
  /// including this one.
  final int listsVersion;

  @override
  String toString() => 'DeleteFriendsResult(failures $failures)';
}

/// The block list and the visibility of this user.
final class BlockList {
  /// Creates an answer.
  const BlockList({
    required this.visibility,
    required this.blocked,
    required this.listsVersion,
  });

  /// The visibility: the users who may see the status of this user.
  final Visibility visibility;

  /// The blocked users, in ascending order of userIDs: at most 1,000.
  final List<BlockedUser> blocked;

  /// The number of changes that had been made to this user's lists when the
  /// server wrote the answer.
  final int listsVersion;

  @override
  String toString() => 'BlockList(${visibility.name}, $blocked)';
}

/// The answer to `blockUsers`.
final class BlockUsersResult {
  /// Creates an answer.
  const BlockUsersResult({
    required this.blocked,
    required this.failures,
    required this.listsVersion,
  });

  /// The new entries of the block list.
  final List<BlockedUser> blocked;

  /// The users without an account (70107), those who were blocked before
  /// (31307), and those for whom the list has no room (31306).
  final List<FailedUser> failures;

  /// The number of changes that were made to this user's lists so far,
  /// including this one.
  final int listsVersion;

  @override
  String toString() => 'BlockUsersResult($blocked, failures $failures)';
}

/// The answer to `unblockUsers`.
final class UnblockUsersResult {
  /// Creates an answer.
  const UnblockUsersResult(this.failures, this.listsVersion);

  /// The users who were not on the block list (31503).
  final List<FailedUser> failures;

  /// The number of changes that were made to this user's lists so far,
  /// including this one.
  final int listsVersion;

  @override
  String toString() => 'UnblockUsersResult(failures $failures)';
}

/// The answer to a call that sent a message. The message is stored durably.
final class SentMessage {
  /// Creates an answer.
  const SentMessage({
    required this.message,
    required this.isRepeated,
    required this.listsVersion,
  });

  /// The message as the server stores it.
  final Message message;

  /// Whether this call was a retry: an earlier call had already stored the
  /// message.
  final bool isRepeated;

  /// The number of changes that were made to this user's lists so far,
  /// including this one.
  final int listsVersion;

  @override
  String toString() => 'SentMessage($message, isRepeated: $isRepeated)';
}

/// A page of the history of a conversation, the newest message first.
final class HistoryPage {
  /// Creates a page.
  const HistoryPage(this.messages, this.isLast);

  /// The messages.
  final List<Message> messages;

  /// Whether there are no earlier messages.
  final bool isLast;

  @override
  String toString() => 'HistoryPage($messages, isLast: $isLast)';
}

/// A page of this user's conversation list. Pinned conversations come first,
/// then the others. Each of the two groups is sorted by the latest message, the
/// newest first, and then by the userID of the peer.
final class ConversationPage {
  /// Creates a page.
  const ConversationPage({
    required this.conversations,
    required this.next,
    required this.totalUnread,
    required this.listsVersion,
  });

  /// The rows.
  final List<Conversation> conversations;

  /// The position at which the next page begins; null after the last page.
  final String? next;

  /// The number of unread messages over all conversations.
  final int totalUnread;

  /// The number of changes that had been made to this user's lists when the
  /// server wrote the page.
  final int listsVersion;

  @override
  String toString() =>
      'ConversationPage($conversations, next: $next, $totalUnread unread)';
}

/// The answer to a call that changed one row of the conversation list.
final class ConversationResult {
  /// Creates an answer.
  const ConversationResult(this.conversation, this.listsVersion);

  /// The row after the change.
  final Conversation conversation;

  /// The number of changes that were made to this user's lists so far,
  /// including this one.
  final int listsVersion;

  @override
  String toString() => 'ConversationResult($conversation)';
}

/// The answer to a call that changed this user's profile.
final class SelfInfoResult {
  /// Creates an answer.
  const SelfInfoResult(this.profile, this.listsVersion);

  /// The profile after the change.
  final UserProfile profile;

  /// The number of changes that were made to this user's lists so far,
  /// including this one.
  final int listsVersion;

  @override
  String toString() => 'SelfInfoResult($profile)';
}
