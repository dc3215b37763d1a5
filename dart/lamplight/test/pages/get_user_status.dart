/// A sample of the cloud's documentation (page "user status"): queries
/// statuses. The calls of the sample are unchanged. Added are the users, the
/// import, the server, the function around the sample, and the lines that
/// record its results.
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

/// The users to query; the sample has `[]` here.
List<String> users = [];

/// The statuses that the sample has received.
final List<(int?, String?, String?)> read = [];

/// The sample. Returns the code of the answer.
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
