/// The application around the samples of the pages: it has initialized the
/// plugin and logged in.
library;

import 'package:lamplight/compat.dart';

/// The samples that came to their success branch.
final List<String> succeeded = [];

/// Initializes and logs in: SERVER APP USER USERSIG. Answers the code.
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
