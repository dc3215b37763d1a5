/// The parsed messages of the server.
library;

import 'dart:convert';

import '../model/exception.dart';
import '../model/lists.dart';
import '../model/results.dart';
import '../model/status.dart';
import 'json.dart';
import 'read.dart';

/// A message of the server.
sealed class ServerMessage {
  const ServerMessage();

  /// Parses a message. Throws a [FormatException] if the text is not a message
  /// of the wire contract.
  factory ServerMessage.parse(String text) {
    final Object? value;
    try {
      value = jsonDecode(text);
    } on FormatException {
      throw const FormatException('the received message is not JSON');
    }
    final message = JsonObject.of(value);
    // A message has at most one body. A field that only a newer contract has is
    // skipped.
    for (final name in message.names) {
      final read = _bodies[name];
      if (read != null) return read(message, message.object(name)!);
    }
    return const UnknownMessage();
  }
}

/// An answer to a request.
final class AnswerMessage extends ServerMessage {
  /// Creates an answer.
  const AnswerMessage(this.id, this.kind, this.value);

  /// The id of the request.
  final int id;

  /// The kind of the request.
  final String kind;

  /// The answer. Its type belongs to the kind.
  final Object value;
}

/// A refusal of a request.
final class RefusalMessage extends ServerMessage {
  /// Creates a refusal.
  const RefusalMessage(this.id, this.refusal);

  /// The id of the request.
  final int id;

  /// The refusal.
  final LamplightException refusal;
}

/// Changed statuses that the server has sent together.
final class StatusChangedMessage extends ServerMessage {
  /// Creates a message.
  const StatusChangedMessage(this.statuses, {required this.isSnapshotComplete});

  /// The statuses.
  final List<UserStatus> statuses;

  /// Whether this message completes the snapshot that began with the answer to
  /// the login.
  final bool isSnapshotComplete;
}

/// Another device of this account, or the server API, has changed the
/// subscription list.
final class SubscriptionsChangedMessage extends ServerMessage {
  /// Creates a message.
  const SubscriptionsChangedMessage(
    this.subscribed,
    this.unsubscribed,
    this.notWatched,
  );

  /// The users who were added to the subscription list.
  final List<String> subscribed;

  /// The users who were removed from the subscription list.
  final List<String> unsubscribed;

  /// The unsubscribed users who are not watched any more.
  final List<String> notWatched;
}

/// The causes for which a connection ends.
enum EndCause {
  /// The cause is missing, or this version of the SDK does not know it.
  unspecified,

  /// Another login of the same account has logged this device out.
  kickedByOtherLogin,

  /// The server API or an operator has logged this device out.
  kickedByOperator,

  /// The token has expired.
  userSigExpired,

  /// The account was deleted.
  accountDeleted,

  /// The server stops, or hands its clients over to another process.
  reconnect,

  /// The same device has opened a newer connection.
  superseded,

  /// The received bytes are not a message of the wire contract, or are too
  /// large.
  protocolError,

  /// The client did not log in within the time limit.
  loginTimeout,

  /// The server has too many connections.
  tooManyConnections,

  /// The server received nothing within the heartbeat timeout.
  timeout,

  /// The device has logged out. The server sends this after the answer to the
  /// logout.
  loggedOut,
}

/// The last message of the server before it closes the connection.
final class ConnectionEndedMessage extends ServerMessage {
  /// Creates a message.
  const ConnectionEndedMessage(
    this.cause,
    this.message,
    this.byPlatform,
    this.retryAfter,
  );

  /// The cause.
  final EndCause cause;

  /// The text of the cause.
  final String message;

  /// The platform of the other login; null if the cause was not another login.
  final DevicePlatform? byPlatform;

  /// The wait, in milliseconds, that the server asks for before a reconnect.
  final int retryAfter;
}

/// Changes of the lists of this user.
final class ListsChangedMessage extends ServerMessage {
  /// Creates a message.
  const ListsChangedMessage({
    required this.listsVersion,
    required this.isReload,
    required this.messages,
    required this.conversations,
    required this.deletedConversations,
    required this.friends,
    required this.deletedFriends,
    required this.profile,
    required this.profiles,
    required this.totalUnread,
    required this.blocked,
    required this.unblocked,
    required this.visibility,
  });

  /// The lists version after these changes; 0 if they have none.
  final int listsVersion;

  /// Whether changes are missing because there were too many. The client must
  /// then read the lists again.
  final bool isReload;

  /// Messages that were received, or that another device of this user has sent.
  final List<Message> messages;

  /// Changed rows of the conversation list.
  final List<Conversation> conversations;

  /// The peers of removed conversations.
  final List<String> deletedConversations;

  /// Changed entries of the friend list.
  final List<Friend> friends;

  /// Users who were removed from the friend list.
  final List<String> deletedFriends;

  /// The profile of this user after the change; null if it has not changed.
  final UserProfile? profile;

  /// The changed profiles of mutual friends.
  final List<UserProfile> profiles;

  /// The number of unread messages over all conversations; null if the server
  /// did not send it.
  final int? totalUnread;

  /// New entries of the block list.
  final List<BlockedUser> blocked;

  /// Users who were removed from the block list.
  final List<String> unblocked;

  /// The visibility of this user after the change; null if it has not changed.
  final Visibility? visibility;
}

/// The app's settings have changed the abilities of this client.
final class AppChangedMessage extends ServerMessage {
  /// Creates a message.
  const AppChangedMessage(this.abilities);

  /// The abilities after the change.
  final Abilities? abilities;
}

/// A message of a kind that this version of the SDK does not know.
final class UnknownMessage extends ServerMessage {
  /// Creates a message.
  const UnknownMessage();
}

/// The answer to a login, with the parts that the machine needs.
final class LoginTold {
  /// Creates an answer.
  const LoginTold({
    required this.heartbeatTimeout,
    required this.reconnectSpread,
    required this.statuses,
    required this.notWatched,
    required this.isListLost,
    required this.subscriptions,
    required this.isSnapshotComplete,
    required this.result,
  });

  /// The heartbeat timeout in milliseconds: the server closes the connection if
  /// it receives nothing for this time.
  final int heartbeatTimeout;

  /// The time, in milliseconds, over which clients should spread their
  /// reconnects; 0 if the server has sent none.
  final int reconnectSpread;

  /// The statuses that differ from the versions in the login request, and those
  /// of users who were not in the request.
  final List<UserStatus> statuses;

  /// The users in the login request who are not watched.
  final List<String> notWatched;

  /// Whether the server has dropped the subscription list.
  final bool isListLost;

  /// The subscription list; empty in the answer to a reconnect.
  final List<String> subscriptions;

  /// Whether this answer contains the whole snapshot.
  final bool isSnapshotComplete;

  /// The part of the answer that the application gets.
  final LoginResult result;
}

typedef _Read = ServerMessage Function(JsonObject message, JsonObject body);

_Read _answer(String kind, Object Function(JsonObject body) read) =>
    (message, body) => AnswerMessage(message.count('id'), kind, read(body));

/// Reads the code of a refusal. The code 0, which means success, is invalid
/// here.
int _refusalCode(JsonObject body) => switch (body.count('code')) {
      0 => throw const FormatException('a refusal has no code'),
      final code => code,
    };

/// The functions that read the bodies of messages, by the name of the body's
/// field.
final Map<String, _Read> _bodies = {
  'refusal': (message, body) => RefusalMessage(
        message.count('id'),
        LamplightException(_refusalCode(body), body.text('message')),
      ),
  'statusChanged': (_, body) => StatusChangedMessage(
        readStatuses(body, 'statuses'),
        isSnapshotComplete: body.flag('snapshotComplete'),
      ),
  'subscriptionsChanged': (_, body) => SubscriptionsChangedMessage(
        readUsers(body, 'subscribed'),
        readUsers(body, 'unsubscribed'),
        readUsers(body, 'notWatched'),
      ),
  'connectionEnded': (_, body) => ConnectionEndedMessage(
        readCause(body),
        body.text('message'),
        readPlatform(body, 'byPlatform'),
        body.count('retryAfterMs'),
      ),
  'listsChanged': (_, body) => ListsChangedMessage(
        listsVersion: body.count('listsVersion'),
        isReload: body.flag('reload'),
        messages: body.objects('messages', readMessage),
        conversations: body.objects('conversations', readConversation),
        deletedConversations: readUsers(body, 'deletedConversations'),
        friends: body.objects('friends', readFriend),
        deletedFriends: readUsers(body, 'deletedFriends'),
        profile: switch (body.object('profile')) {
          final JsonObject profile => readProfile(profile),
          null => null,
        },
        profiles: body.objects('profiles', readProfile),
        totalUnread:
            body.has('totalUnread') ? body.count('totalUnread') : null,
        blocked: body.objects('blocked', readBlockedUser),
        unblocked: readUsers(body, 'unblocked'),
        visibility: readVisibility(body),
      ),
  'appChanged': (_, body) =>
      AppChangedMessage(readAbilities(body.object('abilities'))),
  'login': _answer('login', readLogin),
  'logout': _answer('logout', (_) => const Object()),
  'heartbeat': _answer('heartbeat', (body) => body.count('reconnectSpreadMs')),
  'setSelfStatus': _answer('setSelfStatus', readSelfStatus),
  'getUserStatus': _answer('getUserStatus', readStatusResult),
  'subscribeUserStatus': _answer('subscribeUserStatus', readSubscribeResult),
  'unsubscribeUserStatus':
      _answer('unsubscribeUserStatus', readUnsubscribeResult),
  'getSubscriptions': _answer('getSubscriptions', readSubscriptions),
  'setSelfInfo': _answer('setSelfInfo', readSelfInfoResult),
  'getUsersInfo': _answer('getUsersInfo', readUsersInfoResult),
  'getFriendList': _answer('getFriendList', readFriendPage),
  'addFriend': _answer('addFriend', readFriendResult),
  'deleteFriends': _answer('deleteFriends', readDeleteFriendsResult),
  'setFriendRemark': _answer('setFriendRemark', readFriendResult),
  'setVisibility':
      _answer('setVisibility', (body) => body.count('listsVersion')),
  'getBlockList': _answer('getBlockList', readBlockList),
  'blockUsers': _answer('blockUsers', readBlockUsersResult),
  'unblockUsers': _answer('unblockUsers', readUnblockUsersResult),
  'sendMessage': _answer('sendMessage', readSentMessage),
  'getHistory': _answer('getHistory', readHistoryPage),
  'getConversationList': _answer('getConversationList', readConversationPage),
  'markRead': _answer('markRead', readConversationResult),
  'pinConversation': _answer('pinConversation', readConversationResult),
  'deleteConversation':
      _answer('deleteConversation', (body) => body.count('listsVersion')),
};
