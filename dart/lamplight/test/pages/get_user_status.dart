/// The page "user status": asking for statuses. The sample's code is as the
/// page has it, with the list of users filled in; around it are the import and
/// the line with the server.
///
///     dart get_user_status.dart SERVER APP USER USERSIG OTHER..
library;

import 'package:lamplight/compat.dart';

import 'log_in.dart';

Future<void> main(List<String> arguments) async {
  Lamplight.configure(server: arguments[0]);
  await logIn(arguments);
  users = arguments.sublist(4);
  print(await sample());
}

/// The users to ask for; the page has `[]` here.
List<String> users = [];

/// The statuses that the sample has read.
final List<(int?, String?, String?)> read = [];

/// The sample. Answers the code.
Future<int> sample() async {
    V2TimValueCallback<List<V2TimUserStatus>> getUserStatusRes =
        await TencentImSDKPlugin.v2TIMManager.getUserStatus(userIDList: users);
    if (getUserStatusRes.code == 0) {
      getUserStatusRes.data?.forEach((element) {
        element.customStatus;
        element.statusType;
        element.userID;
        read.add((element.statusType, element.customStatus, element.userID));
      });
    }
  return getUserStatusRes.code;
}
