/// Tests the types of the plugin: code that names them compiles, and their
/// values convert to JSON.
library;

import 'dart:convert';
import 'dart:io';

import 'package:lamplight/compat.dart';

import '../support/package.dart';
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
    // A program may call the callbacks itself, for example to forward an event.
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

  test('every value of the plugin becomes JSON', () {
    final message = V2TimMessage(
      msgID: '1@a@b',
      elemType: MessageElemType.V2TIM_ELEM_TYPE_CUSTOM,
      textElem: V2TimTextElem(text: 't'),
      customElem: V2TimCustomElem(data: 'd', desc: 'e', extension: 'f'),
      localCustomData: 'mine',
      priority: MessagePriorityEnum.V2TIM_PRIORITY_HIGH.index,
      offlinePushInfo: OfflinePushInfo(title: 'hello', disablePush: true),
      isPeerRead: false,
      random: 7,
    );
    final conversation = V2TimConversation(
      conversationID: 'c2c_b',
      lastMessage: message,
      draftTimestamp: 5,
      recvOpt: ReceiveMsgOptEnum.V2TIM_RECEIVE_MESSAGE.index,
      customData: 'x',
      c2cReadTimestamp: 9,
    );
    final friend = V2TimFriendInfo(
      userID: 'b',
      friendGroups: [],
      friendCustomInfo: {'a': 'b'},
      userProfile: V2TimUserFullInfo(
        userID: 'b',
        gender: 1,
        customInfo: {'c': 'd'},
      ),
    );
    final user = V2TimUserInfo(userID: 'a');
    for (final value in [
      V2TimCallback(code: 0, desc: ''),
      V2TimValueCallback(code: 0, desc: '', data: [friend, conversation]),
      V2TimUserStatus(userID: 'a'),
      friend,
      conversation,
      message,
      V2TimFriendInfoResult(resultCode: 0, friendInfo: friend),
      V2TimFriendOperationResult(userID: 'a'),
      V2TimFriendCheckResult(userID: 'a', resultCode: 0, resultType: 0),
      V2TimMsgCreateInfoResult(id: 'a', messageInfo: message),
      V2TimMessageListResult(isFinished: true, messageList: [message]),
      V2TimConversationResult(conversationList: [conversation, null]),
      V2TimConversationOperationResult(conversationID: 'c2c_b'),
      user,
      V2TimMessageReceipt(userID: 'a', timestamp: 1),
      V2TimFriendApplication(userID: 'a', type: 1),
      V2TimReceiveMessageOptInfo(userID: 'a'),
      V2TimMessageExtension(extensionKey: 'a', extensionValue: 'b'),
      V2TIMMessageReactionChangeInfo(
        messageID: 'a',
        reactionList: [
          V2TimMessageReaction(
            reactionID: 'a',
            totalUserCount: 1,
            partialUserList: [user],
            reactedByMyself: true,
          ),
        ],
      ),
      V2TimGroupMemberInfo(userID: 'a'),
      V2TimConversationFilter(),
      V2TimOfficialAccountInfo(),
    ]) {
      check(jsonEncode(value).length > 2, '${value.runtimeType} is written');
    }

    // Reading the JSON of a value gives an equal value.
    Object? again(
      Object value,
      Object Function(Map<String, dynamic> json) read,
    ) =>
        jsonEncode(read(jsonDecode(jsonEncode(value)) as Map<String, dynamic>));
    equal(again(message, V2TimMessage.fromJson), jsonEncode(message));
    equal(
      again(conversation, V2TimConversation.fromJson),
      jsonEncode(conversation),
    );
    equal(again(friend, V2TimFriendInfo.fromJson), jsonEncode(friend));
  });

  test('no type of values was left without toJson', () {
    final classes = RegExp(r'^class (\w+).*?^}', multiLine: true, dotAll: true);
    for (final file in [
      'absent_types',
      'message_types',
      'offline_push_info',
      'types',
    ]) {
      final path = '${packageFolder().path}/lib/src/compat/$file.dart';
      final found = classes.allMatches(File(path).readAsStringSync());
      check(found.isNotEmpty, '$file has classes');
      for (final match in found) {
        check(match[0]!.contains(' toJson() '), '${match[1]} has toJson');
      }
    }
  });
}
