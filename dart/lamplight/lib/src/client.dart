/// The client that an application holds.
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
/// After a [login] it keeps the session alive by itself: it sends heartbeats,
/// comes back after a broken link, learns what has changed meanwhile, and
/// subscribes again if the server has given the list up. A call that is made
/// while there is no connection waits for it up to the call timeout, and
/// shortens the wait for the next attempt: to a second and a half at most, or
/// to the time over which the server has asked its clients to spread their
/// return. The session ends with [logout] or when the server ends it, of which
/// a [SessionEndedEvent] tells; from then on calls fail with 6014.
///
/// Every call fails with a [LamplightException] and nothing else. While
/// nobody is logged in, a client has no timer and no socket.
///
/// The `await` of a call goes on before anything is told that the server said
/// after its answer.
final class LamplightClient {
  /// Creates a client of the client port at `ws://host[:port]` or
  /// `wss://host[:port]` (`http` and `https` are taken for them). Connects to
  /// nothing yet: that is for [login].
  ///
  /// [deviceId] names this device: 1 to 64 bytes of printable ASCII, the same
  /// at every start (`deviceIdIn` of `package:lamplight/io.dart` keeps one in
  /// a file). Default: a random one for the life of this client, which makes
  /// every start of the program another device. [platform] defaults to that
  /// of this machine, [connector] to the WebSocket of `dart:io`.
  ///
  /// Throws an [ArgumentError] where an argument is malformed.
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
      throw ArgumentError.value(callTimeout, 'callTimeout', 'is not positive');
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

  /// The user who is logged in, connected at this moment or not; null when
  /// nobody is, or the first login is not answered yet.
  String? get userId {
    final session = _machine.session;
    return session != null && session.isEstablished ? session.user : null;
  }

  /// The user who is logged in or logging in.
  String? get loginUserId => _machine.session?.user;

  /// Whether the link stands and the login on it was answered.
  bool get isConnected => _machine.session?.phase is Live;

  /// The abilities that the app's settings give this client, as told last;
  /// null without a session.
  Abilities? get abilities => _machine.session?.abilities;

  /// The clock of the server (UTC), as of the last login; the own clock
  /// before the first.
  DateTime get serverTime {
    final offset = _machine.clockOffset;
    return offset == null
        ? DateTime.timestamp()
        : DateTime.fromMillisecondsSinceEpoch(
            _driver.now + offset,
            isUtc: true,
          );
  }

  /// The events of this client: a broadcast stream, whose listeners each get
  /// every event from when they listen. To have the whole picture, read
  /// [cachedStatuses] when beginning to listen.
  ///
  /// A listener that pauses costs memory bounded by what is watched: of
  /// statuses it gets the newest of each user, in one event; of all other
  /// events the last 64, after an [EventsMissedEvent] when there were more.
  Stream<LamplightEvent> get events => _driver.events.stream;

  /// The last known status of a watched user, oneself included, without
  /// asking the server. While there is no connection, what was known last.
  /// Null for users that are not watched.
  UserStatus? cachedStatus(String userId) => _machine.cache[userId];

  /// The last known statuses of all watched users, oneself included, by
  /// rising userID.
  List<UserStatus> get cachedStatuses => _machine.cache.statuses;

  // The session.

  /// Connects and logs in: one attempt. Only after it has succeeded does the
  /// client come back on its own.
  ///
  /// The [token] is a UserSig or, where the app accepts them, a JWT. When
  /// this user is logged in already, the token replaces the former one. To
  /// become another user, log out first (6017).
  Future<LoginResult> login(String userId, String token) async {
    if (!isUserId(userId)) {
      throw LamplightException.of(LamplightCode.badUserId);
    }
    return await _driver.login(userId, token) as LoginResult;
  }

  /// Hands in a fresh token before the present one expires. It is used for
  /// every login from now on, and sent at once. When it is refused, the
  /// present one stays.
  Future<void> updateToken(String token) =>
      _call<LoginResult>('login', {'userSig': token, 'resume': true});

  /// Logs this device out and closes the connection.
  ///
  /// After any failure but a refusal of the server the session is over here
  /// all the same; the server, if it was not reached, keeps the login until
  /// it lapses.
  Future<void> logout() => _call<Object>('logout');

  /// Closes the connection without logging out, empties the cache, ends
  /// [events], and fails all calls, also those to come, with 6014 and a text
  /// that says so. A client that is closed stays closed: make a new one.
  Future<void> close() async => _driver.close();

  /// Tells that the device has changed its network: a link is tested at once
  /// instead of at the next heartbeat, and given up when nothing is heard for
  /// 3 s; a client that waits to reconnect tries now.
  void networkChanged() => _driver.tell(const NetworkChangedInput());

  /// Tells that the application is not seen any longer (Flutter:
  /// `AppLifecycleState.paused`). The link is closed, so that the user counts
  /// as OFFLINE and messages go to the push webhook; nothing is due until
  /// [appResumed]. Whether watchers see a short pause is for the server's
  /// setting `linger`. A first login that is under way is finished first.
  void appPaused() => _driver.tell(const PausedInput());

  /// Tells that the application is seen again (Flutter:
  /// `AppLifecycleState.resumed`): the client reconnects at once; a link that
  /// stands is tested.
  void appResumed() => _driver.tell(const ResumedInput());

  // Statuses.

  /// Sets the own custom status: UTF-8, at most 100 bytes unless the app's
  /// settings say otherwise (6017). Empty clears it. Answers the own status.
  Future<UserStatus> setSelfStatus(String customStatus) =>
      _call('setSelfStatus', {'customStatus': customStatus});

  /// Asks for the present statuses of users, oneself or others: at most 500.
  /// Of users that are not watched nothing is cached.
  Future<StatusResult> getUserStatus(Iterable<String> userIds) =>
      _call('getUserStatus', {'userIds': userIds.toList()});

  /// Subscribes to users: at most 100 in a call and 200 in the list, of which
  /// the earliest subscribed leave. The list belongs to the account, not to
  /// the device.
  Future<SubscribeResult> subscribeUserStatus(Iterable<String> userIds) =>
      _call('subscribeUserStatus', {'userIds': userIds.toList()});

  /// Unsubscribes from users: at most 100 in a call. **An empty list means
  /// all of them.**
  Future<UnsubscribeResult> unsubscribeUserStatus(Iterable<String> userIds) =>
      _call('unsubscribeUserStatus', {'userIds': userIds.toList()});

  /// Asks for the account's subscription list.
  Future<Subscriptions> getSubscriptions() => _call('getSubscriptions');

  // Profiles and friends.

  /// Changes the own profile: what is null stays.
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

  /// Asks for the profiles of users: at most 100.
  Future<UsersInfoResult> getUsersInfo(Iterable<String> userIds) =>
      _call('getUsersInfo', {'userIds': userIds.toList()});

  /// A page of the friend list, by rising userID: the first, or the one after
  /// the user [after]. [limit]: 1 to 1,000; 0 asks for as many as the server
  /// gives.
  Future<FriendPage> getFriendPage({String after = '', int limit = 0}) =>
      _call('getFriendList', {'after': after, 'limit': limit});

  /// The whole friend list, by rising userID. The call timeout holds for each
  /// page of it.
  Future<List<Friend>> getFriendList() async {
    final friends = <Friend>[];
    while (true) {
      final after = friends.isEmpty ? '' : friends.last.userId;
      final page = await getFriendPage(after: after);
      friends.addAll(page.friends);
      if (page.isLast || page.friends.isEmpty) return friends;
    }
  }

  /// Takes a user into the own friend list, and the own user into theirs
  /// unless [single]. Again: changes the remark (UTF-8, at most 96 bytes),
  /// unless it is empty.
  ///
  /// Fails with 70107 (no such account), 30516 (the other one lets nobody add
  /// them), 30010 and 30014 (a list is full), 6017 (oneself).
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

  /// Takes users out of the own friend list, and the own user out of theirs
  /// unless [single]: at most 100.
  Future<DeleteFriendsResult> deleteFriends(
    Iterable<String> userIds, {
    bool single = false,
  }) =>
      _call('deleteFriends', {'userIds': userIds.toList(), 'single': single});

  /// Changes the own name for a friend: UTF-8, at most 96 bytes; empty: none.
  /// Fails with 31704 where the user is no friend.
  Future<FriendResult> setFriendRemark(String userId, String remark) =>
      _call('setFriendRemark', {'userId': userId, 'remark': remark});

  // Messages and conversations.

  /// Sends a text message: UTF-8, at most 12,288 bytes unless the app's
  /// settings say otherwise. When it is answered it is stored for good.
  ///
  /// A message that was on its way when the link broke is sent again after
  /// the reconnect, within the call timeout; the server stores it once. An
  /// application that keeps [clientMessageId] (1 to 64 bytes of printable
  /// ASCII) can retry even after its own restart: the same content to the
  /// same user with the same id within ten minutes is stored once.
  ///
  /// Fails with 70107 (no such account), 80002 (too long), 6017 (empty).
  Future<SentMessage> sendTextMessage(
    String to,
    String text, {
    String? clientMessageId,
  }) =>
      _sendMessage(to, {'text': text}, clientMessageId);

  /// Sends custom content, otherwise as [sendTextMessage].
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

  /// Messages with [peer], newest first: up to [limit] (1 to 100; 0: 20) of
  /// those before the sequence [before], or of all. Long texts make a page
  /// shorter.
  Future<HistoryPage> getHistory(String peer, {int? before, int limit = 20}) =>
      _call('getHistory', {
        'peer': peer,
        'before': '${before ?? 0}',
        'limit': limit,
      });

  /// A page of the conversation list: the first, or the one at the
  /// [ConversationPage.next] of the page before. [limit]: 1 to 1,000; 0 asks
  /// for as many as the server gives. Long texts make a page shorter.
  Future<ConversationPage> getConversationPage({
    String? next,
    int limit = 0,
  }) =>
      _call('getConversationList', {'cursor': next ?? '', 'limit': limit});

  /// The whole conversation list, in the order of the server. The call timeout
  /// holds for each page of it.
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

  /// Marks messages of [peer] as read, up to [sequence] or all there are.
  /// Never goes back.
  Future<ConversationResult> markRead(String peer, {int? sequence}) =>
      _call('markRead', {'peer': peer, 'sequence': '${sequence ?? 0}'});

  /// Pins a conversation to the top of the list, or lets it go.
  Future<ConversationResult> pinConversation(
    String peer, {
    required bool pinned,
  }) =>
      _call('pinConversation', {'peer': peer, 'pinned': pinned});

  /// Takes a conversation out of the own list, its history with it. The peer
  /// keeps theirs. Answers the number of changes that the lists have seen.
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

  /// Asks the server. The answer to a kind of call has one type.
  Future<T> _call<T extends Object>(
    String kind, [
    Map<String, Object?> parameters = const {},
  ]) async =>
      await _driver.call(Request(kind, parameters)) as T;
}
