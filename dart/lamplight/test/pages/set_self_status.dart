/// The page "user status": setting the own custom status. The sample's code is
/// as the page has it; around it are the import and the line with the server.
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

/// The sample. Answers the code.
Future<int> sample() async {
    V2TimCallback setSelfStatusRes =
        await TencentImSDKPlugin.v2TIMManager.setSelfStatus(status: "");
    if (setSelfStatusRes.code == 0) {
      succeeded.add('setSelfStatus');
    }
  return setSelfStatusRes.code;
}
