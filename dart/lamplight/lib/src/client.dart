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
/// After a [login] the client keeps the session alive. It sends heartbeats, and
/// reconnects after a broken link. It then fetches the missed changes, and
/// subscribes again if the server has dropped the subscription list. The
/// session ends with [logout], or when the server ends it. A
/// [SessionEndedEvent] reports the end; from then on calls fail with 6014.
///
/// A call that is made without a connection waits for one, up to the call
/// timeout. Such a call also brings the next attempt to connect forward: it
/// begins at most 2.25 s after the last attempt ended. If the server spreads
/// reconnects over more than 1.5 s, the limit is 1.5 times that time instead. A
/// longer wait that the server has asked for still applies.
///
/// A call fails only with a [LamplightException]. Without a login, a client has
/// no timer and no socket.
///
/// Answers and events keep the order in which the server sent them: the future
/// of a call completes before any later event is emitted.
final class LamplightClient {
  /// Creates a client of the server at `ws://host[:port]` or
  /// `wss://host[:port]`; `http` and `https` are accepted for `ws` and `wss`.
  /// The client connects at [login].
  ///
  /// [deviceId] identifies this device: 1 to 64 bytes of printable ASCII, the
  /// same at every start. `deviceIdIn` of `package:lamplight/io.dart` stores
  /// one in a file. The default is a random id for the life of this client:
  /// every start of the program then counts as another device.
  ///
  /// [platform] defaults to the platform of this machine, [connector] to the
  /// WebSocket of `dart:io`.
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

  /// The user who is logged in, with or without a connection. Null without a
  /// login, or before the first login is answered.
  String? get userId {
    final session = _machine.session;
    return session != null && session.isEstablished ? session.user : null;
  }

  /// The user who is logged in or logging in.
  String? get loginUserId => _machine.session?.user;

  /// Whether the client has a connection on which its login has succeeded.
  bool get isConnected => _machine.session?.phase is Live;

  /// The abilities that the app's settings give to this client, as last sent by
  /// the server. Null without a session.
  Abilities? get abilities => _machine.session?.abilities;

  /// The current time (UTC) by the server's clock, as measured at the last
  /// login. Before the first login, by this machine's clock.
  DateTime get serverTime {
    final offset = _machine.clockOffset;
    return offset == null
        ? DateTime.timestamp()
        : DateTime.fromMillisecondsSinceEpoch(
            _driver.now + offset,
            isUtc: true,
          );
  }

  /// The events of this client: a broadcast stream. A listener gets only later
  /// events; [cachedStatuses] has the statuses up to then.
  ///
  /// The memory for a paused listener is bounded by the number of watched
  /// users. When the listener resumes, it gets the newest status of each user
  /// in one event. It also gets the last 64 other events, after an
  /// [EventsMissedEvent] if there were more.
  Stream<LamplightEvent> get events => _driver.events.stream;

  /// Returns the last known status of a watched user or of the own user; null
  /// for other users. Sends no request. Without a connection, the status may be
  /// outdated.
  UserStatus? cachedStatus(String userId) => _machine.cache[userId];

  /// The last known statuses of all watched users, including the own user, by
  /// rising userID.
  List<UserStatus> get cachedStatuses => _machine.cache.statuses;

  // The session.

  /// Connects and logs in, with a single attempt. The client reconnects on its
  /// own only after a login has succeeded.
  ///
  /// The [token] is a UserSig, or a JWT if the app accepts JWTs. If this user
  /// is already logged in, the token replaces the earlier one. If another user
  /// is logged in, the call fails with 6017: log out first. A login during a
  /// logout waits for the end of the logout.
  Future<LoginResult> login(String userId, String token) async {
    if (!isUserId(userId)) {
      throw LamplightException.of(LamplightCode.badUserId);
    }
    return await _driver.login(userId, token) as LoginResult;
  }

  /// Replaces the token before it expires. The new token is sent at once and
  /// used for all later logins. If the server refuses it, the earlier one stays
  /// in use.
  Future<void> updateToken(String token) =>
      _call<LoginResult>('login', {'userSig': token, 'resume': true});

  /// Logs this device out and closes the connection.
  ///
  /// The session of this client ends even if the call fails; only a refusal by
  /// the server keeps it. If the server was not reached, it counts this device
  /// as logged in until the login lapses.
  Future<void> logout() => _call<Object>('logout');

  /// Closes the connection without logging out, empties the cache and ends
  /// [events]. All calls, including later ones, fail with 6014 and say that the
  /// client is closed. A closed client cannot be used again: create a new one.
  Future<void> close() async => _driver.close();

  /// Tests the link at once instead of at the next heartbeat. Call this when
  /// the device has changed its network. The client gives the link up if it
  /// receives nothing for 3 s. If the client is waiting to reconnect, it tries
  /// at once.
  void networkChanged() => _driver.tell(const NetworkChangedInput());

  /// Closes the link; call this when the application is no longer visible
  /// (Flutter: `AppLifecycleState.paused`). A first login under way is
  /// completed first.
  ///
  /// The user becomes OFFLINE, messages go to the push webhook, and the client
  /// does nothing until [appResumed]. Watchers do not see a pause that is
  /// shorter than the server's setting `linger`.
  void appPaused() => _driver.tell(const PausedInput());

  /// Reconnects at once, or tests an existing link. Call this when the
  /// application is visible again (Flutter: `AppLifecycleState.resumed`).
  void appResumed() => _driver.tell(const ResumedInput());

  // Statuses.

  /// Sets the own custom status and returns the own status. An empty text
  /// clears the custom status. A text of more than 100 bytes of UTF-8, or of
  /// the app's own limit, fails with 6017.
  Future<UserStatus> setSelfStatus(String customStatus) =>
      _call('setSelfStatus', {'customStatus': customStatus});

  /// Queries the current statuses of at most 500 users, which may include the
  /// own user. Only statuses of watched users are cached.
  Future<StatusResult> getUserStatus(Iterable<String> userIds) =>
      _call('getUserStatus', {'userIds': userIds.toList()});

  /// Subscribes to at most 100 users. The subscription list has room for 200;
  /// when it is full, the earliest subscribed users are evicted. The list
  /// belongs to the account, not to the device.
  Future<SubscribeResult> subscribeUserStatus(Iterable<String> userIds) =>
      _call('subscribeUserStatus', {'userIds': userIds.toList()});

  /// Unsubscribes from at most 100 users. **An empty list unsubscribes from all
  /// users.**
  Future<UnsubscribeResult> unsubscribeUserStatus(Iterable<String> userIds) =>
      _call('unsubscribeUserStatus', {'userIds': userIds.toList()});

  /// Reads the account's subscription list.
  Future<Subscriptions> getSubscriptions() => _call('getSubscriptions');

  // Profiles and friends.

  /// Changes the own profile. Fields that are null stay unchanged.
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

  /// Reads a page of the friend list, by rising userID: the first page, or the
  /// page after the user [after]. A page has at most [limit] friends: 1 to
  /// 1,000, or 0 for the server's maximum.
  Future<FriendPage> getFriendPage({String after = '', int limit = 0}) =>
      _call('getFriendList', {'after': after, 'limit': limit});

  /// Reads the whole friend list, by rising userID. The call timeout applies to
  /// each page.
  Future<List<Friend>> getFriendList() async {
    final friends = <Friend>[];
    while (true) {
      final after = friends.isEmpty ? '' : friends.last.userId;
      final page = await getFriendPage(after: after);
      friends.addAll(page.friends);
      if (page.isLast || page.friends.isEmpty) return friends;
    }
  }

  /// Adds a user to the own friend list, and the own user to that user's list
  /// unless [single] is true. For a friend, changes only the remark (at most 96
  /// bytes of UTF-8), unless [remark] is empty.
  ///
  /// Fails with 70107 (no such account), 30516 (the user does not allow being
  /// added), 30010 or 30014 (a friend list is full), or 6017 (the user is the
  /// own user).
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

  /// Removes at most 100 users from the own friend list. Unless [single] is
  /// true, also removes the own user from their lists.
  Future<DeleteFriendsResult> deleteFriends(
    Iterable<String> userIds, {
    bool single = false,
  }) =>
      _call('deleteFriends', {'userIds': userIds.toList(), 'single': single});

  /// Changes the remark on a friend: at most 96 bytes of UTF-8. An empty text
  /// removes the remark. Fails with 31704 if the user is not a friend.
  Future<FriendResult> setFriendRemark(String userId, String remark) =>
      _call('setFriendRemark', {'userId': userId, 'remark': remark});

  // Messages and conversations.

  /// Sends a text message: at most 12,288 bytes of UTF-8, unless the app has
  /// another limit. Once the call has succeeded, the message is stored durably.
  ///
  /// If the link breaks before the answer, the message is sent again after the
  /// reconnect, within the call timeout. The server stores such a message only
  /// once.
  ///
  /// An application that stores [clientMessageId] (1 to 64 bytes of printable
  /// ASCII) can retry even after a restart. Within ten minutes, the server
  /// stores the same content with the same id to the same user only once.
  ///
  /// Fails with 70107 (no such account), 80002 (too long), 6017 (empty).
  Future<SentMessage> sendTextMessage(
    String to,
    String text, {
    String? clientMessageId,
  }) =>
      _sendMessage(to, {'text': text}, clientMessageId);

  /// Sends a message with custom content. Otherwise behaves like
  /// [sendTextMessage].
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

  /// Reads messages with [peer], newest first: at most [limit] (1 to 100; 0
  /// means 20). With [before], reads only messages with a lower sequence. A
  /// page with long texts has fewer messages.
  Future<HistoryPage> getHistory(String peer, {int? before, int limit = 20}) =>
      _call('getHistory', {
        'peer': peer,
        'before': '${before ?? 0}',
        'limit': limit,
      });

  /// Reads a page of the conversation list: the first page, or the page at the
  /// [ConversationPage.next] of the previous one. A page has at most [limit]
  /// rows: 1 to 1,000, or 0 for the server's maximum. A page with long texts
  /// has fewer rows.
  Future<ConversationPage> getConversationPage({
    String? next,
    int limit = 0,
  }) =>
      _call('getConversationList', {'cursor': next ?? '', 'limit': limit});

  /// Reads the whole conversation list, in the order of the server. The call
  /// timeout applies to each page.
  Future<List<Conversation>> getConversationList() async {
    final conversations = <Conversation>[];
    String? next;
    do {
      final page = await getConversationPage(next: next);
      conversations.addAll(page.conversations);
      next = page.next;
    } while (next != null);
    return conversations;
  }

  /// Marks messages of [peer] as read: all, or those up to [sequence]. Messages
  /// that are already read stay read.
  Future<ConversationResult> markRead(String peer, {int? sequence}) =>
      _call('markRead', {'peer': peer, 'sequence': '${sequence ?? 0}'});

  /// Pins a conversation to the top of the list, or unpins it.
  Future<ConversationResult> pinConversation(
    String peer, {
    required bool pinned,
  }) =>
      _call('pinConversation', {'peer': peer, 'pinned': pinned});

  /// Removes a conversation from the own list, with its history. The peer's
  /// list and history stay. Returns the number of changes to the lists so far.
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
