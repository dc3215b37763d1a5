/// The client that an application uses.
library;

import 'device_id.dart';
import 'driver.dart';
import 'machine/machine.dart';
import 'machine/request.dart';
import 'machine/session.dart';
import 'model/codes.dart';
import 'model/events.dart';
import 'model/exception.dart';
import 'model/lists.dart';
import 'model/results.dart';
import 'model/status.dart';
import 'platform/none.dart' if (dart.library.io) 'platform/io.dart';
import 'server_address.dart';
import 'transport.dart';
import 'wire/checks.dart';

/// A client of Lamplight: one user on one device.
///
/// After a [login], the client keeps the session alive: it sends heartbeats,
/// and reconnects after a broken link. It then gets the changes that it has
/// missed. If the server has dropped the subscription list, the client
/// subscribes again. The session ends with [logout], or when the server ends
/// it. A [SessionEndedEvent] reports the end; calls then fail with 6014.
///
/// A call without a connection waits for one, up to the call timeout. At most
/// 1,000 calls wait; a further call fails with 7008, except a logout. While a
/// call waits, the client begins its next attempt to connect at most 2.25 s
/// after the end of the last attempt. If the server spreads reconnects over
/// more than 1.5 s, the limit is 1.5 times that spread. A longer wait that the
/// server has requested still applies.
///
/// A call fails only with a [LamplightException]. A client that is not logged
/// in has no timer and no socket.
///
/// Answers and events keep the order in which the server sent them: the future
/// of a call completes before any later event is emitted.
final class LamplightClient {
  /// Creates a client of the server at `ws://host[:port]` or
  /// `wss://host[:port]`. `http` and `https` are accepted for `ws` and `wss`.
  /// The client connects at [login].
  ///
  /// [deviceId] identifies this device: 1 to 64 bytes of printable ASCII. It
  /// should be the same at every start. `deviceIdIn` of
  /// `package:lamplight/io.dart` stores an id in a file. The default is a
  /// random id for this client, so every start of the program counts as another
  /// device.
  ///
  /// The default [platform] is that of this machine. The default [connector]
  /// uses the WebSocket of `dart:io`. [callTimeout] is the longest time from a
  /// call to its answer, including the wait for a connection: 10 seconds by
  /// default.
  ///
  /// Throws an [ArgumentError] if an argument is malformed.
  factory LamplightClient({
    required String server,
    required int appId,
    DevicePlatform? platform,
    String? deviceId,
    Duration callTimeout = const Duration(seconds: 10),
    Connector? connector,
  }) {
    final uri = serverAddress(server);
    RangeError.checkValueInInterval(appId, 1, 0xffffffff, 'appId');
    final device = deviceId ?? newDeviceId();
    if (!isDeviceId(device)) {
      throw ArgumentError.value(
        device,
        'deviceId',
        'is not 1 to 64 bytes of printable ASCII',
      );
    }
    if (callTimeout <= Duration.zero) {
      throw ArgumentError.value(callTimeout, 'callTimeout', 'must be positive');
    }
    final machine = Machine(
      (
        appId: appId,
        platform: platform ?? thisPlatform(),
        deviceId: device,
      ),
    );
    return LamplightClient._(
      Driver(machine, uri, connector ?? defaultConnector(), callTimeout),
    );
  }

  LamplightClient._(this._driver);

  final Driver _driver;

  Machine get _machine => _driver.machine;

  /// The id of this device.
  String get deviceId => _machine.identity.deviceId;

  /// The platform of this device.
  DevicePlatform get platform => _machine.identity.platform;

  /// The user who is logged in, even while the connection is broken. Null if no
  /// user is logged in, or if the first login is not answered yet.
  String? get userId {
    final session = _machine.session;
    return session != null && session.isEstablished ? session.user : null;
  }

  /// The user who is logged in or logging in.
  String? get loginUserId => _machine.session?.user;

  /// Whether the client has a connection on which its login has succeeded.
  bool get isConnected => _machine.session?.phase is Live;

  /// The last abilities of this client that the server has sent. The app's
  /// settings determine them. Null before the first login is answered, and
  /// without a session.
  Abilities? get abilities => _machine.session?.abilities;

  /// The current time (UTC) by the server's clock. The offset of that clock was
  /// measured at the last login. Before the first login, this is the time of
  /// this machine's clock.
  DateTime get serverTime {
    final offset = _machine.clockOffset;
    return offset == null
        ? DateTime.timestamp()
        : DateTime.fromMillisecondsSinceEpoch(
            _driver.now + offset,
            isUtc: true,
          );
  }

  /// The events of this client, as a broadcast stream. A listener gets the
  /// events from the time at which it begins to listen. The statuses at that
  /// time are in [cachedStatuses].
  ///
  /// A paused listener uses memory up to a bound that depends on the number of
  /// watched users. When it resumes, it gets the newest status of each user in
  /// one event, and the last 64 other events. If there were more, an
  /// [EventsMissedEvent] precedes them.
  Stream<LamplightEvent> get events => _driver.events.stream;

  /// Returns the last known status of a watched user, or of the user of this
  /// client; null for other users. Sends no request. If there is no connection,
  /// the status may be outdated.
  UserStatus? cachedStatus(String userId) => _machine.cache[userId];

  /// The last known statuses of all watched users and of this client's user, in
  /// ascending order of userIDs.
  List<UserStatus> get cachedStatuses => _machine.cache.statuses;

  // The session.

  /// Connects and logs in, with a single attempt. The client reconnects by
  /// itself only after a login has succeeded.
  ///
  /// The [token] is a UserSig, or a JWT if the app accepts JWTs. If this user
  /// is already logged in, the token replaces the earlier token. If another
  /// user is logged in, the call fails with 6017: log out first. A login during
  /// a logout waits for the end of the logout.
  Future<LoginResult> login(String userId, String token) async {
    if (!isUserId(userId)) {
      throw LamplightException.of(LamplightCode.badUserId);
    }
    return await _driver.login(userId, token) as LoginResult;
  }

  /// Replaces the token before it expires. The new token is sent at once and
  /// used for all later logins. If the server refuses it, the earlier token
  /// stays in use.
  Future<void> updateToken(String token) =>
      _call<LoginResult>('login', {'userSig': token, 'resume': true});

  /// Logs this device out and closes the connection.
  ///
  /// The session of this client ends even if the call fails, unless the server
  /// refuses the logout. If the request did not reach the server, the server
  /// counts this device as logged in until the login lapses.
  Future<void> logout() => _call<Object>('logout');

  /// Closes the connection without logging out, empties the cache and ends
  /// [events]. All calls then fail with 6014, and say that the client is
  /// closed. A closed client cannot be used again: create a new one.
  Future<void> close() async => _driver.close();

  /// Tests the link at once, instead of at the next heartbeat. Call this when
  /// the device has changed its network. If the client receives nothing for 3
  /// s, it gives up the link. A client that waits to reconnect tries at once.
  void networkChanged() => _driver.tell(const NetworkChangedInput());

  /// Closes the link. Call this when the application is no longer visible
  /// (Flutter: `AppLifecycleState.paused`). A first login that is in progress
  /// is completed before.
  ///
  /// If no other device of the user is connected, the user becomes OFFLINE, and
  /// messages go to the push webhook. On the platform Web, the login of this
  /// device ends. The client does nothing until [appResumed]. Watchers do not
  /// see a pause that is shorter than the app's setting `linger`.
  void appPaused() => _driver.tell(const PausedInput());

  /// Reconnects at once, or tests an existing link. Call this when the
  /// application is visible again (Flutter: `AppLifecycleState.resumed`).
  void appResumed() => _driver.tell(const ResumedInput());

  // Statuses.

  /// Sets the custom status of this user, and returns this user's status. An
  /// empty text clears the custom status. Each call replaces the text and the
  /// end of the previous call.
  ///
  /// The server clears the text after [expiresIn], with the reason
  /// [StatusReason.customExpired]. Without [expiresIn], the text has no end.
  /// [expiresIn] is 1 second to 30 days, and is rounded up to seconds.
  ///
  /// Fails with 6017 in these cases:
  ///
  /// - The text is longer than the app allows: by default, 100 bytes of UTF-8.
  /// - [expiresIn] is out of bounds.
  /// - The text is empty, and [expiresIn] is given.
  Future<UserStatus> setSelfStatus(
    String customStatus, {
    Duration? expiresIn,
  }) =>
      _call('setSelfStatus', {
        'customStatus': customStatus,
        if (expiresIn != null)
          'expiresIn':
              (expiresIn.inMicroseconds / Duration.microsecondsPerSecond)
                  .ceil(),
      });

  /// Queries the current statuses of at most 500 users (unless the app has
  /// another limit), who may include this user. Only statuses of watched users
  /// are cached.
  ///
  /// Fails with one of these codes:
  ///
  /// - 70107: none of the users has an account.
  /// - 7013 or 72001: the app does not allow queries of other users.
  /// - 6017: the list is empty, or a userID is malformed.
  /// - 70206: there are too many users.
  /// - 7008: calls come too often, by default more than 20 in 5 s. Queries of
  ///   this user alone have no such limit.
  Future<StatusResult> getUserStatus(Iterable<String> userIds) =>
      _call('getUserStatus', {'userIds': userIds.toList()});

  /// Subscribes to at most 100 users. The subscription list has room for 200
  /// users. If it is full, the users with the earliest subscriptions are
  /// evicted. The list belongs to the account, not to the device. The app may
  /// have other limits.
  ///
  /// Fails like [getUserStatus], except that users without an account are only
  /// listed in the answer. Also fails with 6017 if this user is in the list.
  Future<SubscribeResult> subscribeUserStatus(Iterable<String> userIds) =>
      _call('subscribeUserStatus', {'userIds': userIds.toList()});

  /// Unsubscribes from at most 100 users (unless the app has another limit).
  /// **An empty list unsubscribes from all users.**
  Future<UnsubscribeResult> unsubscribeUserStatus(Iterable<String> userIds) =>
      _call('unsubscribeUserStatus', {'userIds': userIds.toList()});

  /// Reads the account's subscription list.
  Future<Subscriptions> getSubscriptions() => _call('getSubscriptions');

  // Profiles and friends.

  /// Changes the profile of this user. Fields that are null are not changed.
  Future<SelfInfoResult> setSelfInfo({
    String? nick,
    String? avatarUrl,
    AllowType? allowType,
  }) =>
      _call('setSelfInfo', {
        if (nick != null) 'nick': nick,
        if (avatarUrl != null) 'avatarUrl': avatarUrl,
        if (allowType != null) 'allowType': allowType.wireName,
      });

  /// Reads the profiles of at most 100 users.
  Future<UsersInfoResult> getUsersInfo(Iterable<String> userIds) =>
      _call('getUsersInfo', {'userIds': userIds.toList()});

  /// Reads a page of the friend list, in ascending order of userIDs: the first
  /// page, or the page that follows the user [after]. A page has at most
  /// [limit] friends: 1 to 1,000, or 0 for the server's maximum.
  Future<FriendPage> getFriendPage({String after = '', int limit = 0}) =>
      _call('getFriendList', {'after': after, 'limit': limit});

  /// Reads the whole friend list, in ascending order of userIDs. The call
  /// timeout applies to each page.
  Future<List<Friend>> getFriendList() async {
    final expectSession = sessionOfCalls();
    final friends = <Friend>[];
    while (true) {
      expectSession();
      final after = friends.isEmpty ? '' : friends.last.userId;
      final page = await getFriendPage(after: after);
      friends.addAll(page.friends);
      if (page.isLast || page.friends.isEmpty) return friends;
    }
  }

  /// Adds [userId] to the friend list of this user. Unless [single] is true,
  /// also adds this user to the friend list of [userId]. If the user is already
  /// a friend, a [remark] that is not empty replaces the earlier one. A remark
  /// is at most 96 bytes of UTF-8.
  ///
  /// Fails with one of these codes:
  ///
  /// - 70107: there is no such account.
  /// - 30516: the user does not allow being added, or has blocked this user.
  /// - 30010 or 30014: a friend list is full.
  /// - 6017: [userId] is this user, or a text is too long: [addSource] and
  ///   [addWording] have at most 256 bytes of UTF-8.
  Future<FriendResult> addFriend(
    String userId, {
    String remark = '',
    String addSource = '',
    String addWording = '',
    bool single = false,
  }) =>
      _call('addFriend', {
        'userId': userId,
        'remark': remark,
        'addSource': addSource,
        'addWording': addWording,
        'single': single,
      });

  /// Removes at most 100 users from the friend list of this user. Unless
  /// [single] is true, also removes this user from their friend lists.
  Future<DeleteFriendsResult> deleteFriends(
    Iterable<String> userIds, {
    bool single = false,
  }) =>
      _call('deleteFriends', {'userIds': userIds.toList(), 'single': single});

  /// Changes the remark on a friend: at most 96 bytes of UTF-8. An empty text
  /// removes the remark. Fails with 31704 if the user is not a friend.
  Future<FriendResult> setFriendRemark(String userId, String remark) =>
      _call('setFriendRemark', {'userId': userId, 'remark': remark});

  // The visibility and the block list.

  /// Sets which users may see the status of this user. Users who may no longer
  /// see it are shown a status as if this user had closed all connections at
  /// this moment.
  ///
  /// Returns the number of changes that have been made to this user's lists.
  Future<int> setVisibility(Visibility visibility) =>
      _call('setVisibility', {'visibility': visibility.wireName});

  /// Reads the visibility and the block list of this user.
  Future<BlockList> getBlockList() => _call('getBlockList');

  /// Adds at most 1,000 users to the block list of this user. A blocked user
  /// can neither see the status of this user, nor send messages to this user
  /// (20007), nor add this user as a friend (30516). Friendships stay.
  Future<BlockUsersResult> blockUsers(Iterable<String> userIds) =>
      _call('blockUsers', {'userIds': userIds.toList()});

  /// Removes at most 1,000 users from the block list of this user.
  Future<UnblockUsersResult> unblockUsers(Iterable<String> userIds) =>
      _call('unblockUsers', {'userIds': userIds.toList()});

  // Messages and conversations.

  /// Sends a text message of at most 12,288 bytes of UTF-8, unless the app has
  /// another limit. After a success, the message is stored durably.
  ///
  /// If the link breaks before the answer, the message is sent again after the
  /// reconnect, within the call timeout. The server stores such a message only
  /// once.
  ///
  /// An application that stores [clientMessageId] (1 to 64 bytes of printable
  /// ASCII) can send the message again even after a restart. If the user, the
  /// content and the id are the same within ten minutes, the server stores the
  /// message only once.
  ///
  /// Fails with one of these codes:
  ///
  /// - 70107: there is no such account.
  /// - 20007: the recipient has blocked this user.
  /// - 80002: the text is too long.
  /// - 6017: the text is empty.
  Future<SentMessage> sendTextMessage(
    String to,
    String text, {
    String? clientMessageId,
  }) =>
      _sendMessage(to, {'text': text}, clientMessageId);

  /// Sends a message with custom content. In all other respects, the call is
  /// like [sendTextMessage].
  Future<SentMessage> sendCustomMessage(
    String to,
    CustomContent content, {
    String? clientMessageId,
  }) {
    final CustomContent(:data, :description, :extension) = content;
    final custom = {
      'data': data,
      'description': description,
      'extension': extension,
    };
    return _sendMessage(to, {'custom': custom}, clientMessageId);
  }

  /// Reads messages with [peer], the newest first: at most [limit] (1 to 100; 0
  /// means 20). With [before], reads only messages with a lower sequence. A
  /// page with long texts has fewer messages.
  Future<HistoryPage> getHistory(String peer, {int? before, int limit = 20}) =>
      _call('getHistory', {
        'peer': peer,
        'before': '${before ?? 0}',
        'limit': limit,
      });

  /// Reads a page of the conversation list: the first page, or the page at the
  /// [ConversationPage.next] of the previous page. A page has at most [limit]
  /// rows: 1 to 1,000, or 0 for the server's maximum. A page with long texts
  /// has fewer rows.
  Future<ConversationPage> getConversationPage({
    String? next,
    int limit = 0,
  }) =>
      _call('getConversationList', {'cursor': next ?? '', 'limit': limit});

  /// Reads the whole conversation list, in the server's order. The call timeout
  /// applies to each page.
  Future<List<Conversation>> getConversationList() async {
    final expectSession = sessionOfCalls();
    final conversations = <Conversation>[];
    String? next;
    do {
      expectSession();
      final page = await getConversationPage(next: next);
      conversations.addAll(page.conversations);
      next = page.next;
    } while (next != null);
    return conversations;
  }

  /// Marks messages of [peer] as read: all of them, or those up to [sequence].
  /// Messages that were read before stay read. Fails with 6017 if there is no
  /// conversation with [peer], or if [sequence] is 0: no message has this
  /// sequence.
  Future<ConversationResult> markRead(String peer, {int? sequence}) async {
    if (sequence == 0) {
      // For the server, 0 stands for all messages.
      throw LamplightException.of(LamplightCode.invalidParameter);
    }
    return _call('markRead', {'peer': peer, 'sequence': '${sequence ?? 0}'});
  }

  /// Pins a conversation to the top of the list, or unpins it. Fails with 6017
  /// if there is no conversation with [peer].
  Future<ConversationResult> pinConversation(
    String peer, {
    required bool pinned,
  }) =>
      _call('pinConversation', {'peer': peer, 'pinned': pinned});

  /// Removes a conversation from the list of this user, with its history. The
  /// list and the history of the peer stay. Fails with 6017 if there is no
  /// conversation with [peer].
  ///
  /// Returns the number of changes that have been made to this user's lists.
  Future<int> deleteConversation(String peer) =>
      _call('deleteConversation', {'peer': peer});

  Future<SentMessage> _sendMessage(
    String to,
    Map<String, Object?> content,
    String? clientMessageId,
  ) =>
      _call('sendMessage', {
        'to': to,
        ...content,
        'clientMessageId': clientMessageId ?? randomHex(16),
      });

  /// Makes a call of this [kind], which determines the type of the answer.
  Future<T> _call<T extends Object>(
    String kind, [
    Map<String, Object?> parameters = const {},
  ]) async =>
      await _driver.call(Request(kind, parameters)) as T;
}

/// The sessions of calls that consist of several requests. Not exported.
extension CallSessions on LamplightClient {
  /// Notes the session to which a call that is made now belongs. The returned
  /// function throws an exception with the code 6014 if a further call would
  /// belong to another session, because it would then be executed for another
  /// user.
  void Function() sessionOfCalls() {
    final begun = _machine.callSession;
    return () {
      if (!identical(begun, _machine.callSession)) {
        throw LamplightException.of(LamplightCode.notLoggedIn);
      }
    };
  }
}
