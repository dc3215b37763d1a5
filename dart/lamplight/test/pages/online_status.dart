/// The samples of the cloud's documentation (page "online status" of the UI
/// kit). They turn online statuses on or off, for all lists or for one list.
/// Where a sample says "true or false", one of the two values is used here. The
/// functions around the samples are added. The lists have no widgets, only rows
/// to draw.
///
///     dart test/pages/online_status.dart SERVER APP USER USERSIG
library;

import 'package:lamplight/compat.dart';

import 'log_in.dart';

Future<void> main(List<String> arguments) async {
  Lamplight.configure(server: arguments[0]);
  await initialize();
  await logIn(arguments);
  final list = conversations();
  list.addListener(() {
    for (final row in list.rows) {
      print('${row.name}: ${row.status?.label ?? 'no status'}');
    }
  });
}

/// The first sample: the switch of all lists.
Future<void> initialize() async {
final CoreServicesImpl _coreInstance = TIMUIKitCore.getInstance();

_coreInstance.init(
  config: const TIMUIKitConfig(
    isShowOnlineStatus: true,
  ),
);
}

/// The first sample with `false`.
Future<void> initializeOff() async {
final CoreServicesImpl _coreInstance = TIMUIKitCore.getInstance();

_coreInstance.init(
  config: const TIMUIKitConfig(
    isShowOnlineStatus: false,
  ),
);
}

/// The second sample: the switch of the conversation list.
TIMUIKitConversation conversations() => TIMUIKitConversation(
  isShowOnlineStatus: true,
);

/// The second sample with `false`.
TIMUIKitConversation conversationsOff() => TIMUIKitConversation(
  isShowOnlineStatus: false,
);

/// The third sample: the switch of the contact list.
TIMUIKitContact contacts() => TIMUIKitContact(
  isShowOnlineStatus: true,
);
