/// A sample of the cloud's documentation (page "user status"): passes `[]` to
/// unsubscribe from all users. The calls of the sample are unchanged. Added are
/// the import, the server, the function around the sample, and the lines that
/// record its results.
///
///     dart test/pages/unsubscribe_user_status.dart SERVER APP USER USERSIG
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
    V2TimCallback unsubscribeUserStatusRes = await TencentImSDKPlugin.v2TIMManager
        .unsubscribeUserStatus(userIDList: []);
    if (unsubscribeUserStatusRes.code == 0) {
      succeeded.add('unsubscribeUserStatus');
    }
  return unsubscribeUserStatusRes.code;
}
