/// The session behind the plugin's calls: one client for the process, its
/// lists, and the listeners.
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

  /// The address of the client port.
  final String server;

  /// The id of this device.
  final String deviceId;

  /// The platform of this device.
  final DevicePlatform? platform;

  /// Opens links.
  final Connector? connector;

  /// The longest that a call may take.
  final Duration callTimeout;

  /// The language of the lists.
  final String language;
}

/// The most messages that were made and not sent, and sent messages whose
/// options are remembered; beyond, the oldest goes.
const int mostMadeMessages = 1000;

/// The session of this process, as the plugin has one.
final Session session = Session();

/// The state of the plugin: not initialized, or [running].
final class Session {
  /// The settings of the last `Lamplight.configure`; null before it.
  Configuration? configuration;

  /// The client and its lists, from `initSDK` to `unInitSDK`; else null.
  Running? running;

  bool _isShowOnlineStatus = true;

  /// The master switch of online statuses; holds for lists to come too.
  bool get isShowOnlineStatus => _isShowOnlineStatus;

  set isShowOnlineStatus(bool on) {
    _isShowOnlineStatus = on;
    running?.kit.isShowOnlineStatus = on;
  }

  /// The listeners of `addIMSDKListener`, in the order in which they were
  /// added. Those added before `initSDK` are kept.
  final Set<V2TimSDKListener> sdkListeners = {};

  /// The listener that was given when the session was initialized. As in the
  /// plugin, a program that initializes again, with a listener that it makes
  /// again, is told once: the first one stays.
  V2TimSDKListener? _initListener;

  /// The listeners to the lists and to messages.
  final ListListeners lists = ListListeners();

  /// Makes a call with what runs; 6013 when nothing does.
  Future<V2TimCallback> call(
    Future<Object?> Function(Running running) make,
  ) async {
    final running = this.running;
    if (running == null) {
      return _notInitialized;
    }
    return answered(() => make(running));
  }

  /// As [call], for a call that has a value.
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

  /// Begins to run for an app.
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

  /// Removes a listener, wherever it was given.
  void removeListener(V2TimSDKListener listener) {
    sdkListeners.remove(listener);
    if (identical(_initListener, listener)) {
      _initListener = null;
    }
  }

  /// Ends what runs.
  Future<void> end() async {
    final running = this.running;
    this.running = null;
    sdkListeners.clear();
    _initListener = null;
    lists.clear();
    await running?._end();
  }

  /// Calls every listener, and each once.
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

/// A client, from `initSDK` to `unInitSDK`.
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

  /// The app.
  final int appId;

  /// The client.
  final LamplightClient client;

  /// The lists and the statuses of the client.
  late final ListKit kit;

  final Session _session;
  late final StreamSubscription<LamplightEvent> _listening;

  /// Messages that were made, by the id to send them with.
  final Map<String, MadeMessage> made = {};

  /// The user whom the last call of [login] or [logout] wants; null: nobody.
  String? _wanted;

  /// Counts the changes of [_wanted].
  int _wishes = 0;

  void _want(String? userId) {
    if (userId != _wanted) {
      _wanted = userId;
      _wishes += 1;
    }
  }

  /// Logs a user in. Another one who is logged in is logged out first: in one
  /// process the last call wins, and a login that has waited for a logout
  /// meanwhile fails with 6014.
  ///
  /// The listeners are told why an attempt failed before the call fails. A
  /// UserSig that has expired is 6206, the code that the plugin documents for
  /// this call.
  Future<void> login(String userId, String userSig) async {
    _want(userId);
    final wish = _wishes;
    final before = client.loginUserId;
    if (before != null && before != userId) {
      try {
        await client.logout();
      } on LamplightException {
        // A server that refuses it keeps the user logged in.
        if (client.loginUserId == before) {
          rethrow;
        }
      }
      if (wish != _wishes) {
        throw LamplightException.of(
          LamplightCode.notLoggedIn,
          'the application has logged out, or another user in, since then',
        );
      }
    }
    try {
      await client.login(userId, userSig);
    } on LamplightException catch (error) {
      // The events of the attempt are in the queue of microtasks.
      await Future<void>(() {});
      if (error.code == LamplightCode.sigExpired) {
        throw LamplightException.of(LamplightCode.loginSigExpired);
      }
      rethrow;
    }
  }

  /// Logs the user out, or takes a login back.
  Future<void> logout() {
    _want(null);
    return client.logout();
  }

  /// Keeps a message that was made.
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
    await kit.dispose();
    await client.close();
  }

  void _heard(LamplightEvent event) {
    switch (event) {
      case ConnectingEvent():
        _session.tell((listener) => listener.onConnecting());
      case ConnectedEvent():
        _session.tell((listener) => listener.onConnectSuccess());
        _session.lists.wake();
      case ConnectFailedEvent(:final why) || DisconnectedEvent(:final why):
        _connectFailed(why);
      case LoginFailedEvent(:final why):
        // A server that refuses has been reached: the answer of the call says
        // why. A refusal on a reconnect has no call to answer, and is told. An
        // application that has logged out has not failed to connect.
        if (why.kind != LinkEndKind.refused &&
            why.kind != LinkEndKind.loggedOut) {
          _connectFailed(why);
        }
      case StatusChangedEvent(:final statuses):
        // Each listener has a list of its own, which it may change.
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
      case LoggedOutEvent() ||
            NotWatchedEvent() ||
            SubscriptionsChangedEvent() ||
            AbilitiesChangedEvent() ||
            ConversationsChangedEvent() ||
            FriendListChangedEvent() ||
            ListsOutdatedEvent() ||
            EventsMissedEvent():
        break;
    }
  }

  /// Tells the own profile.
  void tellSelfInfo(UserProfile profile) => _session
      .tell((listener) => listener.onSelfInfoUpdated(fullInfoOf(profile)));

  void _connectFailed(LinkEnd why) {
    final code = why.refusal?.code ?? LamplightCode.notConnected;
    _session.tell((listener) => listener.onConnectFailed(code, why.message));
  }

  /// The server did not take this device back.
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

/// A message that was made, and not sent yet or not known to be.
final class MadeMessage {
  /// Creates a message.
  MadeMessage({this.text, this.custom});

  /// The text; null: it has custom content.
  final String? text;

  /// The custom content.
  final CustomContent? custom;
}
