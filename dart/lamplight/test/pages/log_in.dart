/// The application around the samples of the cloud's documentation: it
/// initializes the plugin and logs in.
library;

import 'package:lamplight/compat.dart';

/// The samples that have reached their branch for success.
final List<String> succeeded = [];

/// Initializes the plugin and logs in with the arguments SERVER APP USER
/// USERSIG. Returns the code of the answer.
Future<int> logIn(List<String> arguments) async {
  final [_, app, user, userSig, ...] = arguments;
  final manager = TencentImSDKPlugin.v2TIMManager;
  await manager.initSDK(
    sdkAppID: int.parse(app),
    loglevel: LogLevelEnum.V2TIM_LOG_ALL,
    listener: V2TimSDKListener(),
  );
  return (await manager.login(userID: user, userSig: userSig)).code;
}
