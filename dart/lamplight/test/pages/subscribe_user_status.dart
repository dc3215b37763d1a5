/// A sample of the cloud's documentation (page "user status"): subscribes. The
/// calls of the sample are unchanged. Added are the users, the import, the
/// server, the function around the sample, and the lines that record its
/// results.
///
///     dart subscribe_user_status.dart SERVER APP USER USERSIG OTHER..
library;

import 'package:lamplight/compat.dart';

import 'log_in.dart';

Future<void> main(List<String> arguments) async {
  Lamplight.configure(server: arguments[0]);
  await logIn(arguments);
  users = arguments.sublist(4);
  print(await sample());
}

/// The users to subscribe to; the sample has `[]` here.
List<String> users = [];

/// The sample. Returns the code of the answer.
Future<int> sample() async {
    V2TimCallback subscribeUserStatusRes = await TencentImSDKPlugin.v2TIMManager
        .subscribeUserStatus(userIDList: users);
    if (subscribeUserStatusRes.code == 0) {
      succeeded.add('subscribeUserStatus');
    }
  return subscribeUserStatusRes.code;
}
