/// A sample of the cloud's documentation (page "user status"): sets the custom
/// status of the user. The calls of the sample are unchanged. Added are the
/// import, the server, the function around the sample, and the lines that
/// record its results.
///
///     dart test/pages/set_self_status.dart SERVER APP USER USERSIG
library;

import 'package:lamplight/compat.dart';

import 'log_in.dart';

Future<void> main(List<String> arguments) async {
  Lamplight.configure(server: arguments[0]);
  await logIn(arguments);
  print(await sample());
}

/// The sample. Returns the code of the answer.
Future<int> sample() async {
    V2TimCallback setSelfStatusRes =
        await TencentImSDKPlugin.v2TIMManager.setSelfStatus(status: "");
    if (setSelfStatusRes.code == 0) {
      succeeded.add('setSelfStatus');
    }
  return setSelfStatusRes.code;
}
