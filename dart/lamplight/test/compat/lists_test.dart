/// Tests the plugin's calls about friends, messages and conversations, with a
/// real server.
library;

import 'package:lamplight/compat.dart';
import 'package:lamplight/lamplight.dart' show DevicePlatform;

import '../support/gate.dart';
import '../support/node.dart';
import '../support/runner.dart';
import 'compat_test.dart' show logIn, withServer;

void main() {
  final manager = TencentImSDKPlugin.v2TIMManager;
  final friends = manager.getFriendshipManager();
  final conversations = manager.getConversationManager();
  final messages = manager.getMessageManager();

  Future<V2TimMessage> send(String to, String text) async {
    final made = await messages.createTextMessage(text: text);
    equal(made.data?.messageInfo?.status, 1);
    final sent = await messages.sendMessage(
      id: made.data?.id ?? '',
      receiver: to,
      groupID: '',
    );
    equal((sent.code, sent.data?.textElem?.text), (0, text));
    return sent.data!;
  }

  test('friends: add, list, rename, check, delete, and a listener', () async {
    await withServer((node) async {
      final notes = <String>[];
      await logIn(node, 'alice');
      await friends.addFriendListener(
        listener: V2TimFriendshipListener(
          onFriendListAdded: (users) =>
              notes.addAll([for (final one in users) '+${one.userID}']),
          onFriendListDeleted: (users) =>
              notes.addAll([for (final user in users) '-$user']),
          onFriendInfoChanged: (list) => notes.addAll(
            [for (final one in list) '~${one.userID} ${one.friendRemark}'],
          ),
        ),
      );
      final bob = await node.login('bob');
      await bob.client.setSelfInfo(nick: 'Bob');
      final carol = await node.login('carol');
      equal((await friends.getFriendList()).data, <V2TimFriendInfo>[]);
      final added = await friends.addFriend(
        userID: 'bob',
        remark: 'Bobby',
        addType: FriendTypeEnum.V2TIM_FRIEND_TYPE_BOTH,
      );
      equal((added.code, added.data?.resultCode), (0, 0));
      await carol.client.addFriend('alice');
      await until('carol is there', () => notes.contains('+carol'));
      final list = await friends.getFriendList();
      equal(
        [
          for (final one in list.data!)
            (one.userID, one.friendRemark, one.userProfile?.nickName),
        ],
        [('bob', 'Bobby', 'Bob'), ('carol', '', '')],
      );
      equal(
        (await friends.setFriendInfo(userID: 'bob', friendRemark: 'B')).code,
        0,
      );
      final checked = await friends.checkFriend(
        userIDList: ['bob', 'dan'],
        checkType: FriendTypeEnum.V2TIM_FRIEND_TYPE_BOTH,
      );
      equal([for (final one in checked.data!) one.resultType], [3, 0]);
      final infos = await friends.getFriendsInfo(userIDList: ['bob', 'dan']);
      equal(
        [for (final one in infos.data!) (one.resultCode, one.relation)],
        [(0, 3), (70107, 0)],
      );
      final deleted = await friends.deleteFromFriendList(
        userIDList: ['bob', 'dan'],
        deleteType: FriendTypeEnum.V2TIM_FRIEND_TYPE_BOTH,
      );
      equal([for (final one in deleted.data!) one.resultCode], [0, 31704]);
      equal(notes, ['+bob', '+carol', '~bob B', '-bob']);
      final unknown = await friends.addFriend(
        userID: 'nobody',
        addType: FriendTypeEnum.V2TIM_FRIEND_TYPE_BOTH,
      );
      equal(unknown.code, 70107);
      await friends.removeFriendListener();
      await bob.client.close();
      await carol.client.close();
    });
  });

  test('the block list: add, list, delete, and a listener', () async {
    await withServer((node) async {
      final notes = <String>[];
      await logIn(node, 'alice');
      await friends.addFriendListener(
        listener: V2TimFriendshipListener(
          onBlackListAdd: (users) =>
              notes.addAll([for (final one in users) '+${one.userID}']),
          onBlackListDeleted: (users) =>
              notes.addAll([for (final user in users) '-$user']),
        ),
      );
      final bob = await node.login('bob');
      await bob.client.setSelfInfo(nick: 'Bob');
      final other = await node.login('alice', platform: DevicePlatform.mac);
      equal((await friends.getBlackList()).data, <V2TimFriendInfo>[]);
      final added = await friends.addToBlackList(userIDList: ['bob', 'dan']);
      equal(
        [for (final one in added.data!) (one.userID, one.resultCode)],
        [('bob', 0), ('dan', 70107)],
      );
      final again = await friends.addToBlackList(userIDList: ['bob']);
      equal(again.data!.single.resultCode, 0);
      equal(notes, ['+bob']);
      final list = await friends.getBlackList();
      equal(
        [for (final one in list.data!) (one.userID, one.userProfile?.nickName)],
        [('bob', 'Bob')],
      );
      await other.client.unblockUsers(['bob']);
      await until('the listener is told', () => notes.contains('-bob'));
      await other.client.blockUsers(['bob']);
      await until('the listener is told again', () => notes.length == 3);
      final deleted =
          await friends.deleteFromBlackList(userIDList: ['bob', 'cid']);
      equal([for (final one in deleted.data!) one.resultCode], [0, 0]);
      equal(notes, ['+bob', '-bob', '+bob', '-bob']);
      equal(
        (await friends.addToBlackList(userIDList: ['alice'])).code,
        6017,
      );
      await friends.removeFriendListener();
      await bob.client.close();
      await other.client.close();
    });
  });

  test('messages and conversations, and their listeners', () async {
    await withServer((node) async {
      final notes = <String>[];
      String brief(V2TimConversation? one) =>
          '${one?.userID} ${one?.unreadCount} '
          '${one?.lastMessage?.textElem?.text}';
      await messages.addAdvancedMsgListener(
        listener: V2TimAdvancedMsgListener(
          onRecvNewMessage: (message) => notes.add(
            'message ${message.sender} ${message.textElem?.text}',
          ),
        ),
      );
      await conversations.addConversationListener(
        listener: V2TimConversationListener(
          onSyncServerStart: () => notes.add('start'),
          onSyncServerFinish: () => notes.add('finish'),
          onNewConversation: (list) =>
              notes.addAll([for (final one in list) 'new ${brief(one)}']),
          onConversationChanged: (list) =>
              notes.addAll([for (final one in list) 'changed ${brief(one)}']),
          onConversationDeleted: (ids) => notes.add('deleted $ids'),
          onTotalUnreadMessageCountChanged: (count) =>
              notes.add('unread $count'),
        ),
      );
      await logIn(node, 'alice');
      await until('the list is read', () => notes.contains('finish'));
      equal(notes, ['start', 'finish']);
      notes.clear();

      final bob = await node.login('bob');
      await bob.client.sendTextMessage('alice', 'one');
      await until('unread', () => notes.contains('unread 1'));
      equal(notes.toSet(), {'message bob one', 'new bob 1 one', 'unread 1'});
      notes.clear();

      final sent = await send('bob', 'two');
      equal((sent.isSelf, sent.sender, sent.userID), (true, 'alice', 'bob'));
      equal(notes, ['changed bob 1 two']);
      notes.clear();

      equal((await messages.markC2CMessageAsRead(userID: 'bob')).code, 0);
      equal(notes.toSet(), {'changed bob 0 two', 'unread 0'});
      notes.clear();

      for (final text in ['three', 'four', 'five']) {
        await send('bob', text);
      }
      final page = await messages.getHistoryMessageListV2(
        userID: 'bob',
        count: 3,
      );
      List<String?> texts(List<V2TimMessage>? list) =>
          [for (final one in list ?? <V2TimMessage>[]) one.textElem?.text];
      equal(page.data?.isFinished, false);
      equal(texts(page.data?.messageList), ['five', 'four', 'three']);
      final rest = await messages.getC2CHistoryMessageList(
        userID: 'bob',
        count: 10,
        lastMsg: page.data?.messageList.last,
      );
      equal(texts(rest.data), ['two', 'one']);
      final last = rest.data!.first;
      for (final older in [
        await messages.getHistoryMessageList(
          userID: 'bob',
          count: 10,
          lastMsg: last,
        ),
        await messages.getHistoryMessageList(
          userID: 'bob',
          count: 10,
          lastMsgID: last.msgID,
        ),
      ]) {
        equal(texts(older.data), ['one']);
      }
      final oldest = await messages.getHistoryMessageListV2(
        userID: 'bob',
        count: 10,
        lastMsg: last,
      );
      equal(texts(oldest.data?.messageList), ['one']);
      final unsent = V2TimMessage(elemType: 1);
      equal(
        (await messages.getC2CHistoryMessageList(
          userID: 'bob',
          count: 1,
          lastMsg: unsent,
        ))
            .code,
        6017,
      );
      equal([for (final one in rest.data!) one.isSelf], [true, false]);

      final carol = await node.login('carol');
      await send('carol', 'hi');
      Future<List<String?>> order() async {
        final list = await conversations.getConversationList(
          nextSeq: '0',
          count: 10,
        );
        equal(list.data?.isFinished, true);
        return [for (final one in list.data!.conversationList!) one?.userID];
      }

      equal(await order(), ['carol', 'bob']);
      final pinned = await conversations.pinConversation(
        conversationID: 'c2c_bob',
        isPinned: true,
      );
      equal(pinned.code, 0);
      equal(await order(), ['bob', 'carol']);
      final first = await conversations.getConversationList(
        nextSeq: '0',
        count: 1,
      );
      equal((first.data?.nextSeq, first.data?.isFinished), ('1', false));
      await conversations.setConversationDraft(
        conversationID: 'c2c_bob',
        draftText: 'half a',
      );
      final one = await conversations.getConversation(
        conversationID: 'c2c_bob',
      );
      equal(
        (one.data?.draftText, one.data?.isPinned, one.data?.showName),
        ('half a', true, 'bob'),
      );
      notes.clear();
      final deleted = await conversations.deleteConversation(
        conversationID: 'c2c_bob',
      );
      equal(deleted.code, 0);
      equal(notes, ['deleted [c2c_bob]']);
      equal(await order(), ['carol']);
      equal((await conversations.getTotalUnreadMessageCount()).data, 0);
      await bob.client.close();
      await carol.client.close();
    });
  });

  test('own messages of another device are told, and custom content arrives',
      () async {
    await withServer((node) async {
      final heard = <V2TimMessage>[];
      await messages.addAdvancedMsgListener(
        listener: V2TimAdvancedMsgListener(onRecvNewMessage: heard.add),
      );
      await logIn(node, 'alice');
      final bob = await node.login('bob');
      final desk = await node.login('alice');
      await desk.client.sendTextMessage('bob', 'from the desk');
      await until('told', () => heard.isNotEmpty);
      equal((heard.single.isSelf, heard.single.userID), (true, 'bob'));
      final made = await messages.createCustomMessage(
        data: '{}',
        desc: 'an order',
      );
      final sent = await messages.sendMessage(
        id: made.data!.id!,
        receiver: 'bob',
        groupID: '',
        localCustomData: 'mine',
      );
      equal(
        (sent.data?.elemType, sent.data?.customElem?.desc),
        (MessageElemType.V2TIM_ELEM_TYPE_CUSTOM, 'an order'),
        sent.toLogString(),
      );
      equal(sent.data?.localCustomData, 'mine');
      await bob.client.close();
      await desk.client.close();
    });
  });

  test('a message that was stored after its call had failed is told', () async {
    await withServer((node) async {
      final gate = Gate();
      Lamplight.configure(
        server: node.url,
        connector: gate.connect,
        callTimeout: const Duration(milliseconds: 300),
      );
      final modified = <V2TimMessage>[];
      await messages.addAdvancedMsgListener(
        listener: V2TimAdvancedMsgListener(
          onRecvMessageModified: modified.add,
          onRecvNewMessage: (_) => throw StateError('it is no new one'),
        ),
      );
      await logIn(node, 'alice');
      await node.login('bob').then((bob) => bob.client.close());
      Future<List<(String?, String?)>> listed() async {
        final list = await conversations.getConversationList(
          nextSeq: '0',
          count: 10,
        );
        return [
          for (final one in list.data!.conversationList!)
            (one?.userID, one?.lastMessage?.textElem?.text),
        ];
      }

      equal(await listed(), <Object>[]);
      final made = await messages.createTextMessage(text: 'late');
      gate.isShut = true;
      final sent = await messages.sendMessage(
        id: made.data!.id!,
        receiver: 'bob',
        groupID: '',
      );
      equal((sent.code, sent.data), (9520, null));
      gate.open();
      await until('it is told', () => modified.isNotEmpty);
      equal(
        (modified.single.id, modified.single.textElem?.text),
        (made.data?.id, 'late'),
      );
      equal(await listed(), [('bob', 'late')]);
    });
  });

  test('a message is sent as today\'s plugin has it, by itself', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      final bob = await node.login('bob');
      Future<V2TimMessage> make(String text) async {
        final made = await messages.createTextMessage(text: text);
        return made.data!.messageInfo!;
      }

      Future<V2TimValueCallback<V2TimMessage>> sendIt(
        V2TimMessage? message, {
        String to = 'bob',
        void Function(String id)? onSyncMsgID,
      }) =>
          messages.sendMessage(
            message: message,
            onSyncMsgID: onSyncMsgID,
            receiver: to,
            groupID: '',
            priority: MessagePriorityEnum.V2TIM_PRIORITY_HIGH,
            isExcludedFromUnreadCount: null,
            isExcludedFromLastMessage: null,
            needReadReceipt: null,
            isSupportMessageExtension: null,
            isDisableCloudMessagePreHook: true,
            isDisableCloudMessagePostHook: false,
            offlinePushInfo: OfflinePushInfo(title: 'new'),
          );

      final synced = <String>[];
      final made = await make('one')
        ..localCustomData = 'mine';
      final sent = await sendIt(made, onSyncMsgID: synced.add);
      equal((sent.code, sent.data?.textElem?.text), (0, 'one'));
      equal(synced, [sent.data?.msgID]);
      equal(
        (
          sent.data?.priority,
          sent.data?.offlinePushInfo?.title,
          sent.data?.localCustomData
        ),
        (1, 'new', 'mine'),
      );

      // A change of the message after its creation is sent.
      final changed = await make('two');
      changed.textElem!.text = 'two, changed';
      equal((await sendIt(changed)).data?.textElem?.text, 'two, changed');

      // A message whose sending failed can be sent again with its id.
      final retried = await make('three');
      equal((await sendIt(retried, to: 'nobody')).code, 70107);
      equal((await sendIt(retried)).code, 0);

      // A message that the program has constructed gets an id when it is sent.
      final own = V2TimMessage(
        elemType: MessageElemType.V2TIM_ELEM_TYPE_CUSTOM,
        customElem: V2TimCustomElem(data: '{}', desc: 'four'),
      );
      equal((await sendIt(own, to: 'nobody')).code, 70107);
      check((own.id ?? '').isNotEmpty, 'it has an id');
      equal((await sendIt(own)).data?.customElem?.desc, 'four');

      final again = await sendIt(made);
      equal(again.code, 6017);
      check(again.desc.contains('sent already'), again.desc);
      final none = await sendIt(null);
      equal(
        (none.code, none.desc),
        (6017, 'neither message nor id is set'),
      );
      final cloud = await make('five')
        ..cloudCustomData = '{}';
      equal((await sendIt(cloud)).code, CompatCode.notSupported);
      final picture = V2TimMessage(
        elemType: MessageElemType.V2TIM_ELEM_TYPE_IMAGE,
      );
      equal((await sendIt(picture)).code, CompatCode.notSupported);

      final page = await messages.getC2CHistoryMessageList(
        userID: 'bob',
        count: 10,
      );
      equal(
        [
          for (final one in page.data!)
            one.textElem?.text ?? one.customElem?.desc,
        ],
        ['four', 'three', 'two, changed', 'one'],
      );
      await bob.client.close();
    });
  });

  test('what cannot be done is refused, and nothing is sent', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      await node.login('bob').then((bob) => bob.client.close());
      final made = await messages.createTextMessage(text: 'x');
      final id = made.data!.id!;
      for (final answer in [
        await messages.sendMessage(id: id, receiver: '', groupID: 'g'),
        await messages.sendMessage(
          id: id,
          receiver: 'bob',
          groupID: '',
          onlineUserOnly: true,
        ),
        await messages.sendMessage(
          id: id,
          receiver: 'bob',
          groupID: '',
          cloudCustomData: '{}',
        ),
      ]) {
        equal(answer.code, CompatCode.notSupported);
      }
      equal(
        (await messages.sendMessage(id: 'none', receiver: 'bob', groupID: ''))
            .code,
        6017,
      );
      equal(
        (await messages.sendMessage(id: id, receiver: 'nobody', groupID: ''))
            .code,
        70107,
      );
      final list = await conversations.getConversationList(
        nextSeq: '0',
        count: 10,
      );
      equal(list.data?.conversationList?.length, 0);
      // The message is still stored, and can be sent to another user.
      equal(
        (await messages.sendMessage(id: id, receiver: 'bob', groupID: '')).code,
        0,
      );
      for (final answer in [
        await conversations.getConversationList(nextSeq: 'x', count: 10),
        await conversations.getConversationList(nextSeq: '0', count: 0),
        await conversations.getConversation(conversationID: 'bob'),
        await messages.getC2CHistoryMessageList(userID: 'bob', count: 0),
        await messages.getC2CHistoryMessageList(
          userID: 'bob',
          count: 1,
          lastMsgID: 'no id of ours',
        ),
      ]) {
        equal(answer.code, 6017, answer.desc);
      }
      equal(
        (await conversations.getConversation(conversationID: 'group_g')).code,
        CompatCode.notSupported,
      );
    });
  });
}
