/// The page "user status": subscribing. The sample's code is as the page has
/// it, with the list of users filled in; around it are the import and the line
/// with the server.
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

/// The users to subscribe to; the page has `[]` here.
List<String> users = [];

/// The sample. Answers the code.
Future<int> sample() async {
    V2TimCallback subscribeUserStatusRes = await TencentImSDKPlugin.v2TIMManager
        .subscribeUserStatus(userIDList: users);
    if (subscribeUserStatusRes.code == 0) {
      succeeded.add('subscribeUserStatus');
    }
  return subscribeUserStatusRes.code;
}
