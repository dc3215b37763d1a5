/// The session that the calls of the plugin use: the only client of the
/// process, its lists, and the listeners.
library;

import 'dart:async';

import '../client.dart';
import '../model/codes.dart';
import '../model/events.dart';
import '../model/exception.dart';
import '../model/lists.dart';
import '../model/status.dart';
import '../models/kit.dart';
import '../tell.dart';
import '../transport.dart';
import 'answers.dart';
import 'black_list.dart';
import 'list_listeners.dart';
import 'listeners.dart';
import 'shapes.dart';
import 'types.dart';

/// The settings of `Lamplight.configure`.
final class Configuration {
  /// Creates a configuration.
  const Configuration({
    required this.server,
    required this.deviceId,
    required this.platform,
    required this.connector,
    required this.callTimeout,
    required this.language,
  });

  /// The address of the server.
  final String server;

  /// The id of this device.
  final String deviceId;

  /// The platform of this device.
  final DevicePlatform? platform;

  /// The function that opens links.
  final Connector? connector;

  /// The time after which a call without an answer fails.
  final Duration callTimeout;

  /// The language of the lists.
  final String language;
}

/// The maximum number of created messages that were not sent yet. A further
/// message replaces the oldest.
const int mostMadeMessages = 1000;

/// The only session of this process, as in the plugin.
final Session session = Session();

/// The state of the plugin. [running] is null until `initSDK`.
final class Session {
  /// The settings of the last `Lamplight.configure`; null if it was not called
  /// yet.
  Configuration? configuration;

  /// The client and its lists between `initSDK` and `unInitSDK`; otherwise
  /// null.
  Running? running;

  bool _isShowOnlineStatus = true;

  /// Whether lists show online statuses. Applies to all lists, including those
  /// that are created later.
  bool get isShowOnlineStatus => _isShowOnlineStatus;

  set isShowOnlineStatus(bool on) {
    _isShowOnlineStatus = on;
    running?.kit.isShowOnlineStatus = on;
  }

  /// The listeners of `addIMSDKListener`, in the order in which they were
  /// added. They may be added before `initSDK`.
  final Set<V2TimSDKListener> sdkListeners = {};

  /// The listener of the first `initSDK`. As in the plugin, the listener of a
  /// second call does not replace it. A program that passes a new listener with
  /// each call therefore gets each event once.
  V2TimSDKListener? _initListener;

  /// The listeners to the lists and to messages.
  final ListListeners lists = ListListeners();

  /// Makes a call with the running client. Answers 6013 before `initSDK`.
  Future<V2TimCallback> call(
    Future<Object?> Function(Running running) make,
  ) async {
    final running = this.running;
    if (running == null) {
      return _notInitialized;
    }
    return answered(() => make(running));
  }

  /// Makes a call whose answer has a value, like [call].
  Future<V2TimValueCallback<T>> ask<T>(
    Future<T> Function(Running running) make,
  ) async {
    final running = this.running;
    if (running == null) {
      return _notInitialized;
    }
    return answeredWith(() => make(running));
  }

  V2TimValueCallback<Never> get _notInitialized => refusal(
        CompatCode.notInitialized,
        'not initialized: call initSDK first',
      );

  /// Creates the client of an app.
  V2TimValueCallback<bool> initialize(int appId, V2TimSDKListener? listener) {
    final configuration = this.configuration;
    if (configuration == null) {
      return _invalidInit(
        'no server: call Lamplight.configure(server: …) before initSDK',
      );
    }
    final running = this.running;
    if (running != null && running.appId != appId) {
      return _invalidInit(
        'initialized for the app ${running.appId}: call unInitSDK first',
      );
    }
    if (running == null) {
      try {
        this.running = Running._(appId, configuration, this);
      } on ArgumentError catch (error) {
        return _invalidInit('${error.name}: ${error.message}');
      }
    }
    _initListener ??= listener;
    return valued(true);
  }

  /// Removes a listener of `addIMSDKListener` or of `initSDK`.
  void removeListener(V2TimSDKListener listener) {
    sdkListeners.remove(listener);
    if (identical(_initListener, listener)) {
      _initListener = null;
    }
  }

  /// Closes the running client and its lists.
  Future<void> end() async {
    final running = this.running;
    this.running = null;
    sdkListeners.clear();
    _initListener = null;
    lists.clear();
    await running?._end();
  }

  /// Calls every listener once.
  void tell(void Function(V2TimSDKListener listener) what) => tellAll(
        {...sdkListeners, if (_initListener case final given?) given},
        what,
        isThere: (listener) =>
            sdkListeners.contains(listener) ||
            identical(_initListener, listener),
      );

  V2TimValueCallback<bool> _invalidInit(String why) =>
      V2TimValueCallback(
        code: LamplightCode.invalidParameter,
        desc: why,
        data: false,
      );
}

/// A client between `initSDK` and `unInitSDK`.
final class Running {
  Running._(this.appId, Configuration configuration, this._session)
      : client = LamplightClient(
          server: configuration.server,
          appId: appId,
          deviceId: configuration.deviceId,
          platform: configuration.platform,
          connector: configuration.connector,
          callTimeout: configuration.callTimeout,
        ) {
    kit = ListKit(
      client,
      language: configuration.language,
      isShowOnlineStatus: _session.isShowOnlineStatus,
    );
    _listening = client.events.listen(_heard);
    _session.lists.follow(this);
  }

  /// The id of the app.
  final int appId;

  /// The client.
  final LamplightClient client;

  /// The lists and the statuses of the client.
  late final ListKit kit;

  /// The block list of the user.
  late final BlackList blackList = BlackList(
    client,
    kit,
    (what) => tellAll(_session.lists.friends, what),
  );

  final Session _session;
  late final StreamSubscription<LamplightEvent> _listening;

  /// The created messages, by their ids.
  final Map<String, MadeMessage> made = {};

  /// The user of the last [login]. Null after [logout], and before the first
  /// call.
  String? _wanted;

  /// The number of changes of [_wanted]. It shows whether [_wanted] has changed
  /// during an await.
  int _wishes = 0;

  void _want(String? userId) {
    if (userId != _wanted) {
      _wanted = userId;
      _wishes += 1;
    }
  }

  /// Logs a user in. If another user is logged in, that user is logged out
  /// first. If a logout or a login of another user is requested before this
  /// login is answered, this login fails with 6014.
  ///
  /// The listeners get the reason of a failed attempt before the call fails. If
  /// the UserSig has expired, the call fails with 6206, as the plugin
  /// documents.
  Future<void> login(String userId, String userSig) async {
    _want(userId);
    final wish = _wishes;
    final before = client.loginUserId;
    if (before != null && before != userId) {
      try {
        await client.logout();
      } on LamplightException {
        // If the server refuses the logout, the user is still logged in.
        if (client.loginUserId == before && wish == _wishes) {
          rethrow;
        }
      }
      if (wish != _wishes) {
        throw LamplightException.of(
          LamplightCode.notLoggedIn,
          'a later call of login or logout has replaced this login',
        );
      }
    }
    try {
      await client.login(userId, userSig);
    } on LamplightException catch (error) {
      // The events of the attempt are still in the microtask queue. They are
      // delivered before the call fails.
      await Future<void>(() {});
      if (error.code == LamplightCode.sigExpired) {
        throw LamplightException.of(LamplightCode.loginSigExpired);
      }
      rethrow;
    }
  }

  /// Logs the user out, or cancels a login in progress.
  Future<void> logout() {
    _want(null);
    return client.logout();
  }

  /// Stores a created message.
  void keep(String id, MadeMessage message) {
    made.remove(id);
    made[id] = message;
    if (made.length > mostMadeMessages) {
      made.remove(made.keys.first);
    }
  }

  Future<void> _end() async {
    _session.lists.unfollow(this);
    await _listening.cancel();
    blackList.forget();
    await kit.dispose();
    await client.close();
  }

  void _heard(LamplightEvent event) {
    if (event is SessionEndedEvent) {
      blackList.forget();
    }
    switch (event) {
      case ConnectingEvent():
        _session.tell((listener) => listener.onConnecting());
      case ConnectedEvent():
        _session.tell((listener) => listener.onConnectSuccess());
        _session.lists.wake();
        unawaited(blackList.connected());
      case ConnectFailedEvent(:final why) || DisconnectedEvent(:final why):
        _connectFailed(why);
      case LoginFailedEvent(:final why):
        // A refused login is not reported here, because the call fails with the
        // refusal. A refused reconnect is another event. A logout by the
        // application is not a failure to connect.
        if (why.kind != LinkEndKind.refused &&
            why.kind != LinkEndKind.loggedOut) {
          _connectFailed(why);
        }
      case StatusChangedEvent(:final statuses):
        // Each listener gets its own copy, because a listener may change the
        // list.
        _session.tell(
          (listener) => listener
              .onUserStatusChanged([for (final one in statuses) statusOf(one)]),
        );
      case SelfInfoChangedEvent(:final profile):
        tellSelfInfo(profile);
      case UsersInfoChangedEvent(:final profiles):
        _session.tell(
          (listener) => listener
              .onUserInfoChanged([for (final one in profiles) fullInfoOf(one)]),
        );
      case MessagesReceivedEvent(:final messages):
        for (final message in messages) {
          final isLate = made.containsKey(message.clientMessageId) &&
              message.from == client.userId;
          _session.lists.tellMessage(
            messageOf(message, this),
            isModified: isLate,
          );
        }
      case KickedOfflineEvent() ||
            KickedByOperatorEvent() ||
            AccountDeletedEvent() ||
            SupersededEvent():
        _session.tell((listener) => listener.onKickedOffline());
      case UserSigExpiredEvent():
        _session.tell((listener) => listener.onUserSigExpired());
      case LoginRefusedEvent(:final refusal):
        _loginRefused(refusal);
      case BlockListChangedEvent(:final blocked, :final unblocked):
        blackList
          ..added([for (final one in blocked) one.userId])
          ..deleted(unblocked);
      case ListsOutdatedEvent() || EventsMissedEvent():
        unawaited(blackList.outdated());
      case LoggedOutEvent() ||
            NotWatchedEvent() ||
            SubscriptionsChangedEvent() ||
            AbilitiesChangedEvent() ||
            ConversationsChangedEvent() ||
            FriendListChangedEvent() ||
            VisibilityChangedEvent():
        break;
    }
  }

  /// Reports the profile of this user to the listeners.
  void tellSelfInfo(UserProfile profile) => _session
      .tell((listener) => listener.onSelfInfoUpdated(fullInfoOf(profile)));

  void _connectFailed(LinkEnd why) {
    final code = why.refusal?.code ?? LamplightCode.notConnected;
    _session.tell((listener) => listener.onConnectFailed(code, why.message));
  }

  /// Handles a reconnect whose login the server has refused.
  void _loginRefused(LamplightException refusal) {
    switch (refusal.code) {
      case LamplightCode.sigExpired || LamplightCode.loginSigExpired:
        _session.tell((listener) => listener.onUserSigExpired());
      case LamplightCode.kickedByOtherLogin || LamplightCode.sigRevoked:
        _session.tell((listener) => listener.onKickedOffline());
      default:
        _session.tell(
          (listener) =>
              listener.onConnectFailed(refusal.code, refusal.message),
        );
    }
  }
}

/// A created message that was not sent yet, or that may be sent again because
/// its sending has failed.
final class MadeMessage {
  /// Creates a message.
  MadeMessage({this.text, this.custom});

  /// The text; null for custom content.
  final String? text;

  /// The custom content.
  final CustomContent? custom;
}
