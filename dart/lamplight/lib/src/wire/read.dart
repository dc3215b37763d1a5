/// Converts messages to the types of the SDK.
///
/// A row without a valid userID is skipped. A newer version of the wire
/// contract may have such rows.
library;

import '../model/codes.dart';
import '../model/lists.dart';
import '../model/results.dart';
import '../model/status.dart';
import 'checks.dart';
import 'json.dart';
import 'server_message.dart';

/// Reads a list of userIDs.
List<String> readUsers(JsonObject body, String name) =>
    body.texts(name).where(isUserId).toList();

/// Reads a list of statuses.
List<UserStatus> readStatuses(JsonObject body, String name) =>
    body.objects(name, readStatus);

/// Reads a status; null if its userID is invalid.
UserStatus? readStatus(JsonObject told) {
  final userId = told.text('userId');
  if (!isUserId(userId)) return null;
  return UserStatus(
    userId: userId,
    type: wordOf(
          told['statusType'],
          (name) => _types[name],
          (number) => _at(StatusType.values, number),
        ) ??
        StatusType.unknown,
    customStatus: told.text('customStatus'),
    customExpires: told.time('customExpires'),
    version: told.large('version'),
    since: told.time('since'),
    reason: _readReason(told['reason']),
    lastSeen: told.time('lastSeen'),
    onlineDevices: _readPlatforms(told.items('onlineDevices')),
  );
}

StatusReason _readReason(Object? told) => told == null
    ? StatusReason.none
    : wordOf(
          told,
          (name) => _reasons[name],
          (number) => _at(StatusReason.values, number),
        ) ??
        StatusReason.unknown;

/// Reads a platform; null if it is absent or unknown.
DevicePlatform? readPlatform(JsonObject told, String name) =>
    _platform(told[name]);

DevicePlatform? _platform(Object? value) => wordOf(
      value,
      (name) => _platforms[name],
      (number) => _at(DevicePlatform.values, number - 1),
    );

List<DevicePlatform> _readPlatforms(List<Object?> told) {
  if (told.isEmpty) return const [];
  return [
    for (final item in told)
      if (_platform(item) case final DevicePlatform platform) platform,
  ];
}

/// Returns the value of an enum with this number; null if there is none.
T? _at<T>(List<T> values, int number) =>
    number < 0 || number >= values.length ? null : values[number];

/// Reads the cause of the end of a connection.
EndCause readCause(JsonObject told) =>
    wordOf(
      told['cause'],
      (name) => _causes[name],
      (number) => _at(EndCause.values, number),
    ) ??
    EndCause.unspecified;

/// Reads the abilities; null if they are absent.
Abilities? readAbilities(JsonObject? told) => told == null
    ? null
    : Abilities(
        statusesOfOthers: told.flag('statusesOfOthers'),
        refusalCode: told.count('refusalCode'),
        friendNotification: told.flag('friendNotification'),
        subscriptionsLimit: told.count('subscriptionsLimit'),
        queryBatch: told.count('queryBatch'),
        subscribeBatch: told.count('subscribeBatch'),
        unsubscribeBatch: told.count('unsubscribeBatch'),
        customStatusBytes: told.count('customStatusBytes'),
        messageBytes: told.count('messageBytes'),
        friendsLimit: told.count('friendsLimit'),
      );

/// Reads the answer to a login.
LoginTold readLogin(JsonObject told) => LoginTold(
      heartbeatTimeout: told.count('heartbeatTimeoutMs'),
      reconnectSpread: told.count('reconnectSpreadMs'),
      statuses: readStatuses(told, 'statuses'),
      notWatched: readUsers(told, 'notWatched'),
      isListLost: told.flag('subscriptionsLost'),
      subscriptions: readUsers(told, 'subscriptions'),
      isSnapshotComplete: told.flag('snapshotComplete'),
      result: LoginResult(
        serverTime: told.time('serverTime') ??
            DateTime.fromMillisecondsSinceEpoch(0, isUtc: true),
        registered: told.flag('registered'),
        abilities: readAbilities(told.object('abilities')),
        listsVersion: told.count('listsVersion'),
      ),
    );

/// Reads the users for whom a call failed.
List<FailedUser> readFailures(JsonObject told) =>
    told.objects('failures', (failure) {
      final code = failure.count('code');
      final said = failure.text('message');
      return FailedUser(
        failure.text('userId'),
        code,
        said.isEmpty ? LamplightCode.english(code) : said,
      );
    });

/// Reads the answer to `setSelfStatus`.
UserStatus readSelfStatus(JsonObject told) =>
    _needed(told, 'status', readStatus);

/// Reads the answer to `getUserStatus`.
StatusResult readStatusResult(JsonObject told) =>
    StatusResult(readStatuses(told, 'statuses'), readFailures(told));

/// Reads the answer to `subscribeUserStatus`.
SubscribeResult readSubscribeResult(JsonObject told) => SubscribeResult(
      statuses: readStatuses(told, 'statuses'),
      failures: readFailures(told),
      evicted: readUsers(told, 'evicted'),
      notWatched: readUsers(told, 'notWatched'),
    );

/// Reads the answer to `unsubscribeUserStatus`.
UnsubscribeResult readUnsubscribeResult(JsonObject told) =>
    UnsubscribeResult(readFailures(told), readUsers(told, 'notWatched'));

/// Reads the answer to `getSubscriptions`.
Subscriptions readSubscriptions(JsonObject told) =>
    Subscriptions(readUsers(told, 'userIds'), told.count('limit'));

/// Reads a profile; null if its userID is invalid.
UserProfile? readProfile(JsonObject told) {
  final userId = told.text('userId');
  return isUserId(userId) ? _profileOf(userId, told) : null;
}

UserProfile _profileOf(String userId, JsonObject? told) => UserProfile(
      userId: userId,
      nick: told?.text('nick') ?? '',
      avatarUrl: told?.text('avatarUrl') ?? '',
      allowType: wordOf(
            told?['allowType'],
            (name) => _allowTypes[name],
            (number) => _at(AllowType.values, number - 1),
          ) ??
          AllowType.allowAny,
    );

/// Reads the answer to `setSelfInfo`.
SelfInfoResult readSelfInfoResult(JsonObject told) => SelfInfoResult(
      _needed(told, 'profile', readProfile),
      told.count('listsVersion'),
    );

/// Reads the answer to `getUsersInfo`.
UsersInfoResult readUsersInfoResult(JsonObject told) =>
    UsersInfoResult(told.objects('profiles', readProfile), readFailures(told));

/// Reads an entry of the friend list; null if its userID is invalid.
Friend? readFriend(JsonObject told) {
  final userId = told.text('userId');
  if (!isUserId(userId)) return null;
  return Friend(
    userId: userId,
    remark: told.text('remark'),
    profile: _profileOf(userId, told.object('profile')),
    isMutual: told.flag('mutual'),
    addedAt: told.time('addedAt'),
    addSource: told.text('addSource'),
    addWording: told.text('addWording'),
  );
}

/// Reads the answer to `getFriendList`.
FriendPage readFriendPage(JsonObject told) => FriendPage(
      friends: told.objects('friends', readFriend),
      isLast: told.flag('finished'),
      listsVersion: told.count('listsVersion'),
    );

/// Reads the answer to `addFriend` and `setFriendRemark`.
FriendResult readFriendResult(JsonObject told) => FriendResult(
      _needed(told, 'friend', readFriend),
      told.count('listsVersion'),
    );

/// Reads the answer to `deleteFriends`.
DeleteFriendsResult readDeleteFriendsResult(JsonObject told) =>
    DeleteFriendsResult(readFailures(told), told.count('listsVersion'));

/// Reads an entry of the block list; null if its userID is invalid.
BlockedUser? readBlockedUser(JsonObject told) {
  final userId = told.text('userId');
  return isUserId(userId)
      ? BlockedUser(userId: userId, blockedAt: told.time('blockedAt'))
      : null;
}

/// Reads a visibility; null if it is absent. An unknown visibility of a newer
/// server counts as the strictest one.
Visibility? readVisibility(JsonObject told) {
  final word = told['visibility'];
  if (word == null || word == 0 || word == 'VISIBILITY_UNSPECIFIED') {
    return null;
  }
  return wordOf(
        word,
        (name) => _visibilities[name],
        (number) => _at(Visibility.values, number - 1),
      ) ??
      Visibility.nobody;
}

/// Reads the answer to `getBlockList`.
BlockList readBlockList(JsonObject told) => BlockList(
      visibility: readVisibility(told) ??
          (throw const FormatException('visibility is missing in an answer')),
      blocked: told.objects('blocked', readBlockedUser),
      listsVersion: told.count('listsVersion'),
    );

/// Reads the answer to `blockUsers`.
BlockUsersResult readBlockUsersResult(JsonObject told) => BlockUsersResult(
      blocked: told.objects('blocked', readBlockedUser),
      failures: readFailures(told),
      listsVersion: told.count('listsVersion'),
    );

/// Reads the answer to `unblockUsers`.
UnblockUsersResult readUnblockUsersResult(JsonObject told) =>
    UnblockUsersResult(readFailures(told), told.count('listsVersion'));

/// Reads a message; null if a userID in it is invalid.
Message? readMessage(JsonObject told) {
  final (from, to) = (told.text('from'), told.text('to'));
  if (!isUserId(from) || !isUserId(to)) return null;
  final custom = told.object('custom');
  return Message(
    from: from,
    to: to,
    sequence: told.count('sequence'),
    time: told.time('time'),
    text: told.text('text'),
    custom: custom == null
        ? null
        : CustomContent(
            data: custom.text('data'),
            description: custom.text('description'),
            extension: custom.text('extension'),
          ),
    clientMessageId: told.text('clientMessageId'),
  );
}

/// Reads the answer to `sendMessage`.
SentMessage readSentMessage(JsonObject told) => SentMessage(
      message: _needed(told, 'message', readMessage),
      isRepeated: told.flag('repeatedSend'),
      listsVersion: told.count('listsVersion'),
    );

/// Reads the answer to `getHistory`.
HistoryPage readHistoryPage(JsonObject told) =>
    HistoryPage(told.objects('messages', readMessage), told.flag('finished'));

/// Reads a row of the conversation list; null if the peer's userID is invalid.
Conversation? readConversation(JsonObject told) {
  final peer = told.text('peer');
  if (!isUserId(peer)) return null;
  final last = told.object('lastMessage');
  return Conversation(
    peer: peer,
    lastMessage: last == null ? null : readMessage(last),
    unread: told.count('unread'),
    readSequence: told.count('readSequence'),
    isPinned: told.flag('pinned'),
    profile: _profileOf(peer, told.object('profile')),
    remark: told.text('remark'),
    activeAt: told.time('activeAt'),
  );
}

/// Reads the answer to `getConversationList`.
ConversationPage readConversationPage(JsonObject told) {
  final next = told.text('next');
  return ConversationPage(
    conversations: told.objects('conversations', readConversation),
    next: next.isEmpty ? null : next,
    totalUnread: told.count('totalUnread'),
    listsVersion: told.count('listsVersion'),
  );
}

/// Reads the answer to `markRead` and `pinConversation`.
ConversationResult readConversationResult(JsonObject told) =>
    ConversationResult(
      _needed(told, 'conversation', readConversation),
      told.count('listsVersion'),
    );

/// Reads an object that the wire contract requires. Throws a [FormatException]
/// if it is absent or invalid.
T _needed<T extends Object>(
  JsonObject told,
  String name,
  T? Function(JsonObject object) read,
) {
  final object = told.object(name);
  final value = object == null ? null : read(object);
  return value ?? (throw FormatException('$name is missing in an answer'));
}

final _types = {for (final type in StatusType.values) type.wireName: type};

final _reasons = {
  for (final reason in StatusReason.values) reason.wireName: reason,
};

final _platforms = {
  for (final platform in DevicePlatform.values) platform.wireName: platform,
};

final _visibilities = {
  for (final one in Visibility.values) one.wireName: one,
};

final _allowTypes = {for (final type in AllowType.values) type.wireName: type};

const _causes = {
  'CAUSE_UNSPECIFIED': EndCause.unspecified,
  'CAUSE_KICKED_BY_OTHER_LOGIN': EndCause.kickedByOtherLogin,
  'CAUSE_KICKED_BY_OPERATOR': EndCause.kickedByOperator,
  'CAUSE_USER_SIG_EXPIRED': EndCause.userSigExpired,
  'CAUSE_ACCOUNT_DELETED': EndCause.accountDeleted,
  'CAUSE_RECONNECT': EndCause.reconnect,
  'CAUSE_SUPERSEDED': EndCause.superseded,
  'CAUSE_PROTOCOL_ERROR': EndCause.protocolError,
  'CAUSE_LOGIN_TIMEOUT': EndCause.loginTimeout,
  'CAUSE_TOO_MANY_CONNECTIONS': EndCause.tooManyConnections,
  'CAUSE_TIMEOUT': EndCause.timeout,
  'CAUSE_LOGGED_OUT': EndCause.loggedOut,
};
