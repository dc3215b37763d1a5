/// The entry point of the cloud's Flutter plugin.
library;

import '../client.dart';
import '../model/codes.dart';
import '../model/lists.dart' as core;
import 'answers.dart';
import 'conversation_manager.dart';
import 'enums.dart';
import 'friendship_manager.dart';
import 'listeners.dart';
import 'message_manager.dart';
import 'message_types.dart';
import 'session.dart';
import 'shapes.dart';
import 'types.dart';

/// The version that `getVersion` returns.
const String compatVersion = '0.1.0';

/// The entry point of the plugin.
abstract final class TencentImSDKPlugin {
  /// The manager with the calls of the plugin.
  static final V2TIMManager v2TIMManager = V2TIMManager();

  /// The manager with the calls of the plugin.
  static V2TIMManager managerInstance() => v2TIMManager;
}

/// The calls of the plugin, implemented with one [LamplightClient]. No call
/// throws an error; a failure is the code of the answer.
class V2TIMManager {
  /// The calls about messages.
  final V2TIMMessageManager v2TIMMessageManager = V2TIMMessageManager();

  /// The calls about conversations.
  final V2TIMConversationManager v2TIMConversationManager =
      V2TIMConversationManager();

  /// The calls about conversations, by the name that older versions of the
  /// plugin have.
  V2TIMConversationManager get v2ConversationManager =>
      v2TIMConversationManager;

  /// The calls about friends.
  final V2TIMFriendshipManager v2TIMFriendshipManager =
      V2TIMFriendshipManager();

  /// The calls about messages.
  V2TIMMessageManager getMessageManager() => v2TIMMessageManager;

  /// The calls about conversations.
  V2TIMConversationManager getConversationManager() =>
      v2TIMConversationManager;

  /// The calls about friends.
  V2TIMFriendshipManager getFriendshipManager() => v2TIMFriendshipManager;

  /// The calls about groups: each answers 7013 (not supported).
  dynamic getGroupManager() => const AbsentManager('getGroupManager');

  /// The calls about groups, like [getGroupManager].
  dynamic get v2TIMGroupManager => getGroupManager();

  /// The calls about communities, like [getCommunityManager].
  dynamic get v2TIMCommunityManager => getCommunityManager();

  /// The calls about signaling, like [getSignalingManager].
  dynamic get v2TIMSignalingManager => getSignalingManager();

  /// The calls about signaling, like [getSignalingManager], by the name that
  /// older versions of the plugin have.
  dynamic get v2timSignalingManager => getSignalingManager();

  /// The calls about pushing, like [getOfflinePushManager].
  dynamic get v2TIMOfflinePushManager => getOfflinePushManager();

  /// The calls about communities: each answers 7013 (not supported).
  dynamic getCommunityManager() => const AbsentManager('getCommunityManager');

  /// The calls about signaling: each answers 7013 (not supported).
  dynamic getSignalingManager() => const AbsentManager('getSignalingManager');

  /// The calls about the push services of device vendors: each answers 7013
  /// (not supported). A message to a user who is offline goes to the push
  /// webhook of the app.
  dynamic getOfflinePushManager() =>
      const AbsentManager('getOfflinePushManager');

  /// Initializes the SDK for an app. Call `Lamplight.configure` before.
  ///
  /// A second call for the same app creates no other client, and its [listener]
  /// is ignored if the first call had one. A call for another app is refused
  /// with 6017 until [unInitSDK]. [addIMSDKListener] adds further listeners.
  /// The parameters about logs, folders and the platform of the UI are ignored.
  Future<V2TimValueCallback<bool>> initSDK({
    required int sdkAppID,
    LogLevelEnum loglevel = LogLevelEnum.V2TIM_LOG_DEBUG,
    V2TimSDKListener? listener,
    bool? showImLog = true,
    String? initPath,
    String? logPath,
    Object? uiPlatform,
    List<Object?>? plugins,
  }) async =>
      session.initialize(sdkAppID, listener);

  /// Ends the SDK: closes the connection without a logout, and removes all
  /// listeners.
  Future<V2TimCallback> unInitSDK() async {
    await session.end();
    return done();
  }

  /// Adds a listener. May be called before [initSDK].
  void addIMSDKListener(V2TimSDKListener listener) =>
      session.sdkListeners.add(listener);

  /// Removes a listener.
  void removeIMSDKListener(V2TimSDKListener listener) =>
      session.removeListener(listener);

  /// Logs a user in. If another user is logged in, that user is logged out
  /// first.
  Future<V2TimCallback> login({
    required String userID,
    required String userSig,
  }) =>
      session.call((running) => running.login(userID, userSig));

  /// Logs the user out.
  Future<V2TimCallback> logout() =>
      session.call((running) => running.logout());

  /// Returns the user who is logged in; an empty text if no user is.
  Future<V2TimValueCallback<String>> getLoginUser() async =>
      valued(session.running?.client.userId ?? '');

  /// Returns a constant of [LoginStatus].
  Future<V2TimValueCallback<int>> getLoginStatus() async {
    final client = session.running?.client;
    return valued(
      client?.loginUserId == null
          ? LoginStatus.V2TIM_STATUS_LOGOUT
          : client?.userId == null
              ? LoginStatus.V2TIM_STATUS_LOGINING
              : LoginStatus.V2TIM_STATUS_LOGINED,
    );
  }

  /// Returns the version of this package.
  Future<V2TimValueCallback<String>> getVersion() async =>
      valued(compatVersion);

  /// Returns the current time by the server's clock, in seconds since 1970.
  /// Before the first login, this is the time of this machine's clock.
  Future<V2TimValueCallback<int>> getServerTime() => session.ask(
        (running) async =>
            running.client.serverTime.millisecondsSinceEpoch ~/ 1000,
      );

  /// Sets the custom status of this user: at most 100 bytes of UTF-8. An empty
  /// text clears the custom status.
  Future<V2TimCallback> setSelfStatus({required String status}) =>
      session.call((running) => running.client.setSelfStatus(status));

  /// Queries the statuses of at most 500 users, who may include this user.
  /// Users without an account are left out. The call fails if no user has an
  /// account.
  Future<V2TimValueCallback<List<V2TimUserStatus>>> getUserStatus({
    required List<String> userIDList,
  }) =>
      session.ask((running) async {
        final result = await running.client.getUserStatus(userIDList);
        return [for (final status in result.statuses) statusOf(status)];
      });

  /// Subscribes to at most 100 users. The subscription list has room for 200
  /// users, unless the app has another limit. If it is full, the users with the
  /// earliest subscriptions are evicted.
  Future<V2TimCallback> subscribeUserStatus({
    required List<String> userIDList,
  }) =>
      session.call((running) async {
        final users = [...userIDList];
        final result = await running.client.subscribeUserStatus(users);
        final failed = {for (final one in result.failures) one.userId};
        running.kit.statuses.applicationSubscribed(
          users.where((user) => !failed.contains(user)),
          result.evicted,
        );
      });

  /// Unsubscribes from at most 100 users. An empty list unsubscribes from all
  /// users.
  Future<V2TimCallback> unsubscribeUserStatus({
    required List<String> userIDList,
  }) =>
      session.call((running) async {
        final users = [...userIDList];
        await running.client.unsubscribeUserStatus(users);
        running.kit.statuses.applicationUnsubscribed(users);
      });

  /// Reads the profiles of at most 100 users. Users without an account are left
  /// out.
  Future<V2TimValueCallback<List<V2TimUserFullInfo>>> getUsersInfo({
    required List<String> userIDList,
  }) =>
      session.ask((running) async {
        final result = await running.client.getUsersInfo(userIDList);
        return [for (final profile in result.profiles) fullInfoOf(profile)];
      });

  /// Changes the profile of this user: the nick, the picture, and whether
  /// others may add this user. Other fields are refused.
  Future<V2TimCallback> setSelfInfo({
    required V2TimUserFullInfo userFullInfo,
  }) async {
    final unsupported = {
      'selfSignature': userFullInfo.selfSignature,
      'gender': userFullInfo.gender,
      'customInfo': userFullInfo.customInfo,
      'role': userFullInfo.role,
      'level': userFullInfo.level,
      'birthday': userFullInfo.birthday,
      'allowType V2TIM_FRIEND_NEED_CONFIRM':
          userFullInfo.allowType == AllowType.V2TIM_FRIEND_NEED_CONFIRM
              ? true
              : null,
    };
    for (final MapEntry(key: field, :value) in unsupported.entries) {
      if (value != null) {
        return notSupported(field);
      }
    }
    return session.call((running) async {
      final result = await running.client.setSelfInfo(
        nick: userFullInfo.nickName,
        avatarUrl: userFullInfo.faceUrl,
        allowType: switch (userFullInfo.allowType) {
          null => null,
          AllowType.V2TIM_FRIEND_DENY_ANY => core.AllowType.denyAny,
          _ => core.AllowType.allowAny,
        },
      );
      running.tellSelfInfo(result.profile);
    });
  }

  /// Creates a text message and sends it.
  @Deprecated('Use createTextMessage and sendMessage')
  Future<V2TimValueCallback<V2TimMessage>> sendC2CTextMessage({
    required String text,
    required String userID,
  }) async {
    final made = await v2TIMMessageManager.createTextMessage(text: text);
    if (made.code != LamplightCode.ok) {
      return refusal(made.code, made.desc);
    }
    return v2TIMMessageManager.sendMessage(
      message: made.data?.messageInfo,
      receiver: userID,
      groupID: '',
    );
  }

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> sendC2CCustomMessage({
    required String customData,
    required String userID,
  }) =>
      absent('sendC2CCustomMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> sendGroupTextMessage({
    required String text,
    required String groupID,
    int? priority,
  }) =>
      absent('sendGroupTextMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> sendGroupCustomMessage({
    required String customData,
    required String groupID,
    MessagePriorityEnum? priority,
  }) =>
      absent('sendGroupCustomMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createGroup({
    required String groupType,
    required String groupName,
    String? groupID,
  }) =>
      absent('createGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> joinGroup({
    required String groupID,
    required String message,
    String? groupType,
  }) =>
      absent('joinGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> quitGroup({
    required String groupID,
  }) =>
      absent('quitGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> dismissGroup({
    required String groupID,
  }) =>
      absent('dismissGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> searchUsers({
    required Object searchParam,
  }) =>
      absent('searchUsers');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> subscribeUserInfo({
    required List<String> userIDList,
  }) =>
      absent('subscribeUserInfo');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> unsubscribeUserInfo({
    required List<String> userIDList,
  }) =>
      absent('unsubscribeUserInfo');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> checkAbility({
    int? ability,
  }) =>
      absent('checkAbility');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> callExperimentalAPI({
    required String api,
    Object? param,
  }) =>
      absent('callExperimentalAPI');
}

/// A manager of a feature that Lamplight does not have. Each of its calls
/// answers 7013 (not supported).
class AbsentManager {
  /// Creates the manager. `_name` is the name of the getter that returns the
  /// manager.
  const AbsentManager(this._name);

  final String _name;

  @override
  dynamic noSuchMethod(Invocation invocation) {
    final name = RegExp('"(.*)"').firstMatch('${invocation.memberName}')?[1];
    return absent('$_name().$name');
  }
}
