/// Tests profiles, friends, conversations and messages, with a real server.
library;

import 'package:lamplight/lamplight.dart';

import '../support/node.dart';
import '../support/runner.dart';

void main() {
  nodeTest('a message arrives, is counted, is read, and is in the history',
      (node) async {
    final amy = await node.login('amy');
    final bob = await node.login('bob');
    final sent = await amy.client.sendTextMessage('bob', '你好 bob');
    equal((sent.message.sequence, sent.isRepeated), (1, false));
    await until(
      'bob has it',
      () => bob.told<MessagesReceivedEvent>().isNotEmpty,
    );
    equal(bob.told<MessagesReceivedEvent>().single.messages, [sent.message]);
    final changed = bob.told<ConversationsChangedEvent>().single;
    final [row] = changed.changed;
    equal((row.peer, row.unread, changed.totalUnread), ('amy', 1, 1));
    equal(amy.told<MessagesReceivedEvent>(), <MessagesReceivedEvent>[]);

    const content = CustomContent(data: '{"order":7}', description: 'an order');
    await bob.client.sendCustomMessage('amy', content);
    await until(
      'amy has it',
      () => amy.told<MessagesReceivedEvent>().isNotEmpty,
    );
    equal(
      amy.told<MessagesReceivedEvent>().single.messages.single.custom,
      content,
    );

    equal(await codeOf(() => bob.client.markRead('amy', sequence: 0)), 6017);
    final read = await bob.client.markRead('amy', sequence: 1);
    equal((read.conversation.unread, read.conversation.readSequence), (0, 1));
    final history = await bob.client.getHistory('amy');
    equal(history.messages.map((one) => one.sequence), [2, 1]);
    equal(history.isLast, true);
    final older = await bob.client.getHistory('amy', before: 2, limit: 1);
    equal(older.messages.single.text, '你好 bob');
    for (final one in [amy, bob]) {
      await one.client.close();
    }
  });

  nodeTest('a message that is sent again under its id is stored once',
      (node) async {
    final amy = await node.login('amy');
    await node.command(['account', 'create', 'bob']);
    final client = amy.client;
    final first =
        await client.sendTextMessage('bob', 'once', clientMessageId: 'm1');
    final again =
        await client.sendTextMessage('bob', 'once', clientMessageId: 'm1');
    equal((again.isRepeated, again.message), (true, first.message));
    equal((await client.getHistory('bob')).messages.length, 1);
    equal(await codeOf(() => client.sendTextMessage('bob', '')), 6017);
    equal(await codeOf(() => client.sendTextMessage('nobody', 'x')), 70107);
    equal(await codeOf(() => client.sendTextMessage('ünï', 'x')), 6017);
    equal(
      await codeOf(() => client.sendTextMessage('bob', 'x' * 12289)),
      80002,
    );
    equal(
      await codeOf(() => client.sendTextMessage('bob', 'x' * 600000)),
      6017,
    );
    equal(
      await codeOf(
        () => client.sendTextMessage('bob', 'x', clientMessageId: ''),
      ),
      6017,
    );
    check(client.isConnected, 'none of them costs the link');
    await client.close();
  });

  nodeTest('own devices are told what another one did', (node) async {
    final phone = await node.login('amy', platform: DevicePlatform.android);
    final desk = await node.login('amy', platform: DevicePlatform.mac);
    await node.command(['account', 'create', 'bob', 'cid']);
    await phone.client.sendTextMessage('bob', 'hi');
    await until(
      'the other device has it',
      () => desk.told<MessagesReceivedEvent>().isNotEmpty,
    );
    await phone.client.pinConversation('bob', pinned: true);
    await until(
      'it is pinned',
      () => desk.told<ConversationsChangedEvent>().last.changed.last.isPinned,
    );
    await phone.client.setSelfInfo(nick: 'Amy', avatarUrl: 'https://a.b/c.png');
    await until(
      'it is told',
      () => desk.told<SelfInfoChangedEvent>().isNotEmpty,
    );
    equal(desk.told<SelfInfoChangedEvent>().single.profile.nick, 'Amy');
    await phone.client.deleteConversation('bob');
    await until(
      'it is gone',
      () => desk.told<ConversationsChangedEvent>().last.deleted.isNotEmpty,
    );
    equal(await desk.client.getConversationList(), <Conversation>[]);
    equal(await codeOf(() => desk.client.markRead('bob')), 6017);
    await phone.client.close();
    await desk.client.close();
  });

  nodeTest('friends are added, named, told of and deleted', (node) async {
    final amy = await node.login('amy');
    final bob = await node.login('bob');
    final added = await amy.client.addFriend('bob', addWording: 'it is me');
    equal((added.friend.userId, added.friend.isMutual), ('bob', true));
    await until(
      'bob is told',
      () => bob.told<FriendListChangedEvent>().isNotEmpty,
    );
    await amy.client.setFriendRemark('bob', 'Bobby');
    final [friend] = await amy.client.getFriendList();
    equal((friend.displayName, friend.addWording), ('Bobby', 'it is me'));

    await bob.client.setSelfInfo(nick: 'Robert');
    await until(
      'amy is told',
      () => amy.told<UsersInfoChangedEvent>().isNotEmpty,
    );
    equal(amy.told<UsersInfoChangedEvent>().single.profiles.single.nick,
        'Robert');
    final info = await amy.client.getUsersInfo(['bob', 'nobody']);
    equal(info.profiles.single.displayName, 'Robert');
    equal(info.failures.single.code, 70107);

    final deleted = await amy.client.deleteFriends(['bob', 'nobody']);
    equal(deleted.failures.single.code, 31704);
    await until(
      'bob is told',
      () => bob.told<FriendListChangedEvent>().last.deleted.isNotEmpty,
    );
    equal(await codeOf(() => amy.client.setFriendRemark('bob', 'x')), 31704);
    await bob.client.setSelfInfo(allowType: AllowType.denyAny);
    equal(await codeOf(() => amy.client.addFriend('bob')), 30516);
    equal(await codeOf(() => amy.client.addFriend('amy')), 6017);
    await amy.client.close();
    await bob.client.close();
  });

  nodeTest('who is blocked or not meant sees the user go, and writes in vain',
      (node) async {
    final amy = await node.login('amy', platform: DevicePlatform.android);
    final desk = await node.login('amy', platform: DevicePlatform.mac);
    final bob = await node.login('bob');
    await bob.client.subscribeUserStatus(['amy']);
    StatusType seen() => bob.client.cachedStatus('amy')!.type;
    equal(seen(), StatusType.online);

    final blocked = await amy.client.blockUsers(['bob', 'nobody']);
    equal(blocked.blocked.single.userId, 'bob');
    check(blocked.blocked.single.blockedAt != null, 'the time is told');
    equal(blocked.failures.single.code, LamplightCode.noSuchAccount);
    await until('bob sees amy go', () => seen() == StatusType.offline);
    equal(
      await codeOf(() => bob.client.sendTextMessage('amy', 'hi')),
      LamplightCode.blocked,
    );
    await until(
      'the other device is told',
      () => desk.told<BlockListChangedEvent>().isNotEmpty,
    );
    final told = desk.told<BlockListChangedEvent>().single;
    equal((told.blocked.single.userId, told.unblocked), ('bob', <String>[]));
    final again = await amy.client.blockUsers(['bob']);
    equal(again.failures.single.code, LamplightCode.alreadyBlocked);
    final list = await desk.client.getBlockList();
    equal(
      (list.visibility, [for (final one in list.blocked) one.userId]),
      (Visibility.everyone, ['bob']),
    );
    final unblocked = await amy.client.unblockUsers(['bob', 'cid']);
    equal(unblocked.failures.single.code, LamplightCode.notBlocked);
    await until('bob sees amy again', () => seen() == StatusType.online);

    await amy.client.setVisibility(Visibility.friends);
    await until('amy is away for bob', () => seen() == StatusType.offline);
    await until(
      'the other device is told of it',
      () => desk.told<VisibilityChangedEvent>().isNotEmpty,
    );
    equal(
      desk.told<VisibilityChangedEvent>().single.visibility,
      Visibility.friends,
    );
    await amy.client.addFriend('bob');
    await until('bob is a friend', () => seen() == StatusType.online);
    equal((await amy.client.getBlockList()).visibility, Visibility.friends);
    for (final one in [amy, desk, bob]) {
      await one.client.close();
    }
  });

  nodeTest('long lists are read page by page', (node) async {
    await node.set([
      ...['--message-rate-calls', '1000', '--rate-calls', '1000'],
      ...['--message-bytes', '65000'],
    ]);
    final users = [for (var i = 0; i < 30; i++) 'user_${100 + i}'];
    await node.command(['account', 'create', ...users]);
    final amy = await node.login('amy');
    // These texts together do not fit into one page of the server.
    final text = 'x' * 60000;
    for (final user in users) {
      await amy.client.sendTextMessage(user, text);
      await amy.client.addFriend(user);
    }
    final latest = users.reversed.toList();
    final pages = <ConversationPage>[];
    String? next;
    do {
      pages.add(await amy.client.getConversationPage(next: next, limit: 12));
      next = pages.last.next;
    } while (next != null);
    equal(
      [
        for (final page in pages)
          [for (final row in page.conversations) row.peer],
      ],
      [latest.sublist(0, 12), latest.sublist(12, 24), latest.sublist(24)],
    );
    final longest = await amy.client.getConversationPage();
    check(longest.next != null, 'one page does not hold all');
    final all = await amy.client.getConversationList();
    equal([for (final row in all) row.peer], latest);
    final first = await amy.client.getFriendPage(limit: 20);
    equal((first.friends.length, first.isLast), (20, false));
    equal((await amy.client.getFriendList()).map((one) => one.userId), users);
    await amy.client.close();
  });
}
