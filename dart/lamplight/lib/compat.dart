/// The names and types of the cloud's Flutter plugin, implemented with a client
/// of Lamplight. To move code about user status to Lamplight, change the import
/// and add one line that sets the address of the server.
///
/// ```dart
/// Lamplight.configure(server: 'wss://presence.example.com');
/// await TencentImSDKPlugin.v2TIMManager.initSDK(
///   sdkAppID: 1400000001,
///   listener: V2TimSDKListener(
///     onUserStatusChanged: (statuses) => print(statuses.length),
///   ),
/// );
/// ```
///
/// COMPAT.md lists the parts of the plugin that are missing.
library;

export 'src/compat/absent_types.dart';
export 'src/compat/answers.dart' show CompatCode;
export 'src/compat/callbacks.dart';
export 'src/compat/conversation_manager.dart' show V2TIMConversationManager;
export 'src/compat/enums.dart';
export 'src/compat/friendship_manager.dart' show V2TIMFriendshipManager;
export 'src/compat/listeners.dart';
export 'src/compat/manager.dart' show TencentImSDKPlugin, V2TIMManager;
export 'src/compat/message_manager.dart' show V2TIMMessageManager;
export 'src/compat/message_types.dart';
export 'src/compat/offline_push_info.dart';
export 'src/compat/server.dart' show Lamplight;
export 'src/compat/types.dart';
export 'src/compat/uikit.dart';
