/// The page "user status": unsubscribing; from everybody, with `[]` as the
/// page has it. The sample's code is as the page has it; around it are the
/// import and the line with the server.
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

/// The sample. Answers the code.
Future<int> sample() async {
    V2TimCallback unsubscribeUserStatusRes = await TencentImSDKPlugin.v2TIMManager
        .unsubscribeUserStatus(userIDList: []);
    if (unsubscribeUserStatusRes.code == 0) {
      succeeded.add('unsubscribeUserStatus');
    }
  return unsubscribeUserStatusRes.code;
}
