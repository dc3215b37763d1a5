/// The types of the plugin: code that names them compiles, and values of them
/// become JSON.
library;

import 'package:lamplight/compat.dart';

import '../support/runner.dart';

void main() {
  test('a listener can name the types of all its callbacks, as in the plugin',
      () {
    var calls = 0;
    final sdk = V2TimSDKListener(
      onAllReceiveMessageOptChanged: (V2TimReceiveMessageOptInfo info) =>
          calls += info.userID.length,
      onUIKitEventEmited: (UIKitEvent event) => calls += event.type.length,
      onPluginEventEmited: (PluginEvent event) =>
          calls += event.pluginName.length,
    );
    final friends = V2TimFriendshipListener(
      onFriendApplicationListAdded: (List<V2TimFriendApplication> list) =>
          calls += list.length,
      onOfficialAccountSubscribed: (V2TimOfficialAccountInfo account) =>
          calls++,
      onOfficialAccountInfoChanged: (V2TimOfficialAccountInfo account) =>
          calls++,
    );
    final conversations = V2TimConversationListener(
      onUnreadMessageCountChangedByFilter:
          (V2TimConversationFilter filter, int count) => calls += count,
    );
    final messages = V2TimAdvancedMsgListener(
      onRecvC2CReadReceipt: (List<V2TimMessageReceipt> list) =>
          calls += list.length,
      onRecvMessageReadReceipts: (List<V2TimMessageReceipt> list) =>
          calls += list.length,
      onRecvMessageExtensionsChanged:
          (String id, List<V2TimMessageExtension> list) => calls += list.length,
      onMessageDownloadProgressCallback:
          (V2TimMessageDownloadProgress progress) =>
              calls += progress.currentSize,
      onRecvMessageReactionsChanged:
          (List<V2TIMMessageReactionChangeInfo> list) => calls += list.length,
      onGroupMessagePinned: (
        String group,
        V2TimMessage message,
        bool isPinned,
        V2TimGroupMemberInfo by,
      ) =>
          calls++,
    );
    // A program may call them itself, such as to pass them on.
    sdk
      ..onAllReceiveMessageOptChanged(V2TimReceiveMessageOptInfo(userID: 'a'))
      ..onUIKitEventEmited(UIKitEvent(type: 'a', detail: {}))
      ..onPluginEventEmited(
        PluginEvent(type: 'a', detail: {}, pluginName: 'a'),
      );
    friends
      ..onFriendApplicationListAdded(
        [V2TimFriendApplication(userID: 'a', type: 1)],
      )
      ..onOfficialAccountSubscribed(V2TimOfficialAccountInfo())
      ..onOfficialAccountInfoChanged(V2TimOfficialAccountInfo());
    conversations.onUnreadMessageCountChangedByFilter(
      V2TimConversationFilter(),
      1,
    );
    final receipt = V2TimMessageReceipt(userID: 'a', timestamp: 1);
    messages
      ..onRecvC2CReadReceipt([receipt])
      ..onRecvMessageReadReceipts([receipt])
      ..onRecvMessageExtensionsChanged(
        'a',
        [V2TimMessageExtension(extensionKey: 'a', extensionValue: 'b')],
      )
      ..onMessageDownloadProgressCallback(
        V2TimMessageDownloadProgress(
          isFinish: true,
          isError: false,
          msgID: 'a',
          currentSize: 1,
          totalSize: 1,
          type: 0,
          isSnapshot: false,
          path: '',
          errorCode: 0,
          errorDesc: '',
        ),
      )
      ..onRecvMessageReactionsChanged(
        [V2TIMMessageReactionChangeInfo(messageID: 'a', reactionList: [])],
      )
      ..onGroupMessagePinned(
        'a',
        V2TimMessage(elemType: 1),
        true,
        V2TimGroupMemberInfo(),
      );
    equal(calls, 13);
  });

  test('a callback that is null does nothing', () {
    const void Function(V2TimMessage message)? none = null;
    V2TimAdvancedMsgListener(onRecvNewMessage: none)
        .onRecvNewMessage(V2TimMessage(elemType: 1));
  });
}
