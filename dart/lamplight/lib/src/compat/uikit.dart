/// The settings of the cloud's UI kit for Flutter, and the kit's lists without
/// widgets.
library;

import '../models/kit.dart';
import '../models/list_models.dart';
import 'answers.dart';
import 'enums.dart';
import 'listeners.dart';
import 'session.dart';
import 'types.dart';

/// The settings of all lists.
class TIMUIKitConfig {
  /// Creates settings.
  const TIMUIKitConfig({this.isShowOnlineStatus = true});

  /// Whether lists show online statuses. If it is false, no list shows
  /// statuses, queries them or subscribes to them, even if the list's own
  /// `isShowOnlineStatus` is true.
  final bool isShowOnlineStatus;
}

/// The entry point of the kit.
abstract final class TIMUIKitCore {
  static final CoreServicesImpl _instance = CoreServicesImpl._();

  /// The services of the kit.
  static CoreServicesImpl getInstance() => _instance;
}

/// The services of the kit.
class CoreServicesImpl {
  CoreServicesImpl._();

  /// Prepares the kit. If [sdkAppID] is given, also calls `initSDK`. If it is
  /// not, the program calls `initSDK` itself, before or after this call.
  Future<bool?> init({
    int? sdkAppID,
    LogLevelEnum loglevel = LogLevelEnum.V2TIM_LOG_DEBUG,
    V2TimSDKListener? listener,
    TIMUIKitConfig config = const TIMUIKitConfig(),
    Object? language,
    void Function(V2TimCallback failure)? onTUIKitCallbackListener,
  }) async {
    session.isShowOnlineStatus = config.isShowOnlineStatus;
    if (sdkAppID == null) {
      return true;
    }
    final answer = session.initialize(sdkAppID, listener);
    if (answer.code != 0) {
      onTUIKitCallbackListener?.call(answer);
    }
    return answer.data;
  }

  /// Changes the settings.
  void setConfig(TIMUIKitConfig config) =>
      session.isShowOnlineStatus = config.isShowOnlineStatus;

  /// Logs a user in.
  Future<V2TimCallback> login({
    required String userID,
    required String userSig,
  }) =>
      session.call((running) => running.login(userID, userSig));

  /// Logs the user out.
  Future<V2TimCallback> logout() =>
      session.call((running) => running.logout());

  /// Ends the kit and the SDK.
  Future<V2TimCallback> unInit() async {
    await session.end();
    return done();
  }
}

/// The conversation list without its widget: the rows to draw. Create it after
/// `initSDK`.
base class TIMUIKitConversation extends ConversationListModel {
  /// Creates the list. Throws a [StateError] before `initSDK`.
  TIMUIKitConversation({
    super.isShowOnlineStatus,
    super.language,
    super.filter,
  }) : super(_kit());
}

/// The contact list without its widget: the rows to draw. Create it after
/// `initSDK`.
base class TIMUIKitContact extends ContactListModel {
  /// Creates the list. Throws a [StateError] before `initSDK`.
  TIMUIKitContact({super.isShowOnlineStatus, super.language, super.filter})
      : super(_kit());
}

ListKit _kit() =>
    session.running?.kit ??
    (throw StateError('call initSDK before you create a list'));
