/// The part of a chat application that shows statuses of users, written for the
/// cloud's Flutter plugin. To move it to Lamplight, two changes were made: its
/// imports were replaced with the import of this package, and the line with
/// `Lamplight.configure` was added.
library;

import 'dart:async';

import 'package:lamplight/compat.dart';

/// The status of a user, as the screens of the application show it.
class PresenceInfo {
  PresenceInfo(V2TimUserStatus status)
      : userID = status.userID ?? '',
        type = status.statusType ?? UserStatusType.V2TIM_USER_STATUS_UNKNOWN,
        text = status.customStatus ?? '',
        devices = status.onlineDevices ?? [];

  final String userID;
  final int type;
  final String text;
  final List<String> devices;

  String get label => switch (type) {
        UserStatusType.V2TIM_USER_STATUS_ONLINE =>
          text.isEmpty ? 'online' : 'online, $text',
        UserStatusType.V2TIM_USER_STATUS_OFFLINE => 'away',
        UserStatusType.V2TIM_USER_STATUS_UNLOGINED => 'logged out',
        _ => 'unknown',
      };
}

/// A failure that the application shows to the user.
class ImFailure implements Exception {
  ImFailure(V2TimCallback answer)
      : code = answer.code,
        desc = answer.desc;

  final int code;
  final String desc;
}

class PresenceService {
  PresenceService({
    required this.sdkAppID,
    required this.fetchUserSig,
    this.onNewMessage,
    this.onError,
  });

  static const _subscribeBatch = 100;
  static const _queryBatch = 500;

  final int sdkAppID;
  final Future<String> Function(String userID) fetchUserSig;
  final OnRecvNewMessageCallback? onNewMessage;
  final ErrorCallback? onError;

  final V2TIMManager _manager = TencentImSDKPlugin.v2TIMManager;
  final Map<String, PresenceInfo> _presence = {};
  final Set<String> _watched = {};
  final StreamController<PresenceInfo> _changes = StreamController.broadcast();
  final List<String> connection = [];

  late final V2TimSDKListener _sdkListener = V2TimSDKListener(
    onConnecting: () => connection.add('connecting'),
    onConnectSuccess: () => connection.add('connected'),
    onConnectFailed: (int code, String error) {
      connection.add('failed');
      onError?.call(code, error);
    },
    onKickedOffline: _onKickedOffline,
    onUserSigExpired: _onUserSigExpired,
    onUserStatusChanged: _onUserStatusChanged,
    onSelfInfoUpdated: (V2TimUserFullInfo info) => selfInfo = info,
  );

  late final V2TimAdvancedMsgListener _messageListener =
      V2TimAdvancedMsgListener(onRecvNewMessage: onNewMessage);

  late final V2TimFriendshipListener _friendListener = V2TimFriendshipListener(
    onFriendListAdded: (List<V2TimFriendInfo> users) =>
        unawaited(watch([for (final user in users) user.userID])),
    onFriendListDeleted: (List<String> users) => unawaited(unwatch(users)),
  );

  String? _userID;
  bool isKicked = false;
  V2TimUserFullInfo? selfInfo;

  Stream<PresenceInfo> get changes => _changes.stream;

  PresenceInfo? operator [](String userID) => _presence[userID];

  Future<void> start(String server) async {
    Lamplight.configure(server: server);
    final V2TimValueCallback<bool> res = await _manager.initSDK(
      sdkAppID: sdkAppID,
      loglevel: LogLevelEnum.V2TIM_LOG_ERROR,
      listener: _sdkListener,
    );
    if (res.code != 0 || res.data != true) throw ImFailure(res);
    await _manager
        .getMessageManager()
        .addAdvancedMsgListener(listener: _messageListener);
    await _manager
        .getFriendshipManager()
        .addFriendListener(listener: _friendListener);
  }

  Future<void> login(String userID) async {
    final V2TimCallback res = await _manager.login(
      userID: userID,
      userSig: await fetchUserSig(userID),
    );
    if (res.code != 0) throw ImFailure(res);
    _userID = userID;
    isKicked = false;
    final friends = await _manager.getFriendshipManager().getFriendList();
    await watch([
      for (final friend in friends.data ?? <V2TimFriendInfo>[]) friend.userID,
    ]);
  }

  Future<void> watch(List<String> users) async {
    final fresh = users.where(_watched.add).toList();
    for (var i = 0; i < fresh.length; i += _subscribeBatch) {
      final batch = fresh.skip(i).take(_subscribeBatch).toList();
      final V2TimCallback res =
          await _manager.subscribeUserStatus(userIDList: batch);
      if (res.code == 72001 || res.code == 7013) {
        // The app allows no subscriptions: show the queried statuses only.
        onError?.call(res.code, res.desc);
      } else if (res.code != 0) {
        _watched.removeAll(batch);
        throw ImFailure(res);
      }
    }
    await refresh(fresh);
  }

  Future<void> refresh(List<String> users) async {
    for (var i = 0; i < users.length; i += _queryBatch) {
      final V2TimValueCallback<List<V2TimUserStatus>> res =
          await _manager.getUserStatus(
        userIDList: users.skip(i).take(_queryBatch).toList(),
      );
      if (res.code == 0) {
        _onUserStatusChanged(res.data!);
      } else {
        onError?.call(res.code, res.desc);
      }
    }
  }

  Future<void> unwatch(List<String> users) async {
    _watched.removeAll(users);
    users.forEach(_presence.remove);
    await _manager.unsubscribeUserStatus(userIDList: users);
  }

  Future<void> say(String text) async {
    final V2TimCallback res = await _manager.setSelfStatus(status: text);
    if (res.code != 0) throw ImFailure(res);
  }

  Future<void> logout() async {
    await _manager.unsubscribeUserStatus(userIDList: []);
    await _manager.logout();
    _userID = null;
    _watched.clear();
    _presence.clear();
  }

  Future<void> stop() async {
    _manager.removeIMSDKListener(_sdkListener);
    await _manager
        .getMessageManager()
        .removeAdvancedMsgListener(listener: _messageListener);
    await _manager
        .getFriendshipManager()
        .removeFriendListener(listener: _friendListener);
    await _manager.unInitSDK();
    await _changes.close();
  }

  void _onUserStatusChanged(List<V2TimUserStatus> statuses) {
    for (final status in statuses) {
      final info = PresenceInfo(status);
      _presence[info.userID] = info;
      _changes.add(info);
    }
  }

  void _onKickedOffline() {
    isKicked = true;
    _presence.clear();
    _watched.clear();
  }

  Future<void> _onUserSigExpired() async {
    final user = _userID;
    _watched.clear();
    if (user != null) await login(user);
  }
}
