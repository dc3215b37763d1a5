/// A sample of the cloud's documentation (page "user status"): listens to
/// changes. The calls of the sample are unchanged. Added are the app, the
/// import, the server, the function around the sample, and the lines that
/// record its results.
///
///     dart test/pages/on_user_status_changed.dart SERVER APP USER USERSIG
library;

import 'package:lamplight/compat.dart';

import 'log_in.dart';

Future<void> main(List<String> arguments) async {
  Lamplight.configure(server: arguments[0]);
  app = int.parse(arguments[1]);
  await sample();
  await logIn(arguments);
}

/// The app; the sample has 0 here.
int app = 0;

/// The statuses that the sample has received: user, type, custom status.
final List<(String?, int?, String?)> told = [];

/// The sample. Returns the code of the answer.
Future<int> sample() async {
    int sdkAppID = app;
    V2TimSDKListener sdkListener = V2TimSDKListener(
      onUserStatusChanged: (List<V2TimUserStatus> userStatusList) {
        for (final one in userStatusList) {
          told.add((one.userID, one.statusType, one.customStatus));
        }
      },
    );
    V2TimValueCallback<bool> initSDKRes =
        await TencentImSDKPlugin.v2TIMManager.initSDK(
      sdkAppID: sdkAppID,
      loglevel: LogLevelEnum.V2TIM_LOG_ALL,
      listener: sdkListener,
    );
    if (initSDKRes.code == 0) {
      succeeded.add('initSDK');
    }
  return initSDKRes.code;
}
