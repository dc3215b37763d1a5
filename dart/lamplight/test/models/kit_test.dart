/// Tests the list models with a real server.
library;

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/models.dart';

import '../support/node.dart';
import '../support/runner.dart';
import '../support/timers.dart';

/// Runs [body] with a server, a client of alice, and a kit for that client.
Future<void> withKit(
  Future<void> Function(Node node, Watcher alice, ListKit kit) body,
) async {
  final node = await Node.start();
  try {
    final alice = await node.login('alice');
    final kit = ListKit(alice.client);
    await body(node, alice, kit);
    await kit.dispose();
    await alice.client.close();
  } finally {
    await node.end();
  }
}

/// Logs a user in, sets the nick, and makes the user a friend of alice.
Future<Watcher> friendOfAlice(
  Node node,
  String user, [
  String nick = '',
]) async {
  final friend = await node.login(user);
  if (nick.isNotEmpty) {
    await friend.client.setSelfInfo(nick: nick);
  }
  await friend.client.addFriend('alice');
  return friend;
}

void main() {
  test('contacts stand under their letters with their dots', () async {
    await withKit((node, alice, kit) async {
      final bob = await friendOfAlice(node, 'bob', 'Bob');
      final wang = await friendOfAlice(node, 'wang', '王芳');
      await wang.client.setSelfStatus('忙碌');
      final zoe = await friendOfAlice(node, 'zoe', 'Zoë');
      await zoe.client.logout();
      final list = ContactListModel(kit, language: 'zh');
      var changes = 0;
      list.addListener(() => changes += 1);
      String drawn() => [
            for (final row in list.rows)
              switch (row) {
                LetterRow(:final letter) => '$letter:',
                FriendRow(:final name, :final status) =>
                  '$name ${status?.label} ${status?.customStatus}',
              },
          ].join(', ');
      const expected =
          'B:, Bob 在线 , W:, 王芳 在线 忙碌, Z:, Zoë 未登录 ';
      await until('the list is drawn', () => drawn() == expected);
      check(changes > 0, 'the listener is called');
      equal(list.letters, {'B': 0, 'W': 2, 'Z': 4});

      // A new status, a new remark and the end of a friendship change the rows.
      await bob.client.logout();
      await until('bob is out', () => drawn().contains('Bob 未登录'));
      await kit.lists.setFriendRemark('bob', 'Alex');
      check(drawn().startsWith('A:, Alex'), 'the remark counts');
      await kit.lists.deleteFriends(['wang']);
      check(!drawn().contains('王芳'), 'a friend is gone');
      list.dispose();
      await wang.client.close();
    });
  });

  test('conversations: order, unread, drafts, pins, deletion', () async {
    await withKit((node, alice, kit) async {
      final list = ConversationListModel(kit)..addListener(() {});
      await until('the list is read', () => list.state is ListReady);
      equal(list.rows.length, 0);
      final bob = await node.login('bob');
      final carol = await node.login('carol');
      await bob.client.sendTextMessage('alice', 'one');
      await bob.client.sendTextMessage('alice', 'two');
      await carol.client.sendTextMessage('alice', 'hi');
      String drawn() => [
            for (final row in list.rows)
              '${row.name} ${row.summary} [${row.badge}] '
                  '${row.status?.dot.name}',
          ].join(', ');
      await until(
        'both are drawn',
        () => drawn() == 'carol hi [1] online, bob two [2] online',
      );
      equal(list.totalUnread, 3);
      await list.markRead('carol');
      equal(drawn(), 'carol hi [] online, bob two [2] online');
      await list.pin('bob', pinned: true);
      equal(list.rows.map((row) => row.userId).toList(), ['bob', 'carol']);
      kit.setDraft('carol', 'half\na thought');
      equal(
        (list.rows.last.isDraft, list.rows.last.summary),
        (true, 'half a thought'),
      );
      kit.setDraft('carol', '');
      await kit.lists.sendTextMessage('carol', 'hello');
      equal(list.rows.last.summary, 'hello');
      equal(list.rows.last.time, 'now');
      // Another device of the account gets the same list and changes it.
      final desk =
          await node.login('alice', platform: DevicePlatform.windows);
      await desk.client.markRead('bob');
      await until('read there', () => list.rows.first.badge == '');
      await list.delete('bob');
      equal(list.rows.map((row) => row.userId).toList(), ['carol']);
      final filtered = ConversationListModel(
        kit,
        filter: (conversation) => conversation.peer == 'bob',
      );
      equal(filtered.rows.length, 0);
      list.dispose();
      for (final one in [bob, carol, desk]) {
        await one.client.close();
      }
    });
  });

  test('the plan: subscriptions are made, and given back', () async {
    await withKit((node, alice, kit) async {
      final bob = await friendOfAlice(node, 'bob');
      final carol = await friendOfAlice(node, 'carol');
      await node.set(['--rate-calls', '1000']);
      // The list must not end the application's own subscription.
      await alice.client.subscribeUserStatus(['carol']);
      kit.statuses.applicationSubscribed(['carol']);
      Future<List<String>> subscribed() async =>
          (await alice.client.getSubscriptions()).users;
      final list = ContactListModel(kit);
      equal(await subscribed(), ['carol']);
      list.addListener(() {});
      await untilSubscribed(alice.client, ['carol', 'bob']);
      // The switch of the list, and the switch of all lists.
      kit.isShowOnlineStatus = false;
      await untilSubscribed(alice.client, ['carol']);
      equal(
        list.rows.whereType<FriendRow>().map((row) => row.status).toList(),
        [null, null],
      );
      kit.isShowOnlineStatus = true;
      await untilSubscribed(alice.client, ['carol', 'bob']);
      list.dispose();
      await kit.dispose();
      equal(await subscribed(), ['carol']);
      await bob.client.close();
      await carol.client.close();
    });
  });

  test('where the app shows no statuses, a list says why', () async {
    await withKit((node, alice, kit) async {
      final bob = await friendOfAlice(node, 'bob');
      final list = ContactListModel(kit)..addListener(() {});
      FriendRow? row() => list.rows.whereType<FriendRow>().firstOrNull;
      await until('bob is online', () => row()?.status?.dot == Dot.online);
      await node.set(['--user-status', 'off']);
      await until('withheld', () => list.trouble is WithheldTrouble);
      equal(row()?.status, null);
      equal(list.trouble?.notice(list.words), list.words.switchedOff);
      await node.set(['--user-status', 'on', '--edition', 'trial']);
      await until(
        'of another reason',
        () => list.trouble?.notice(list.words) == list.words.notInEdition,
      );
      await node.set(['--edition', 'flagship']);
      await until('shown again', () => row()?.status?.dot == Dot.online);
      equal(list.trouble, null);
      list.dispose();
      await bob.client.close();
    });
  });

  test('no timer is left while nobody is logged in', () async {
    final node = await Node.start();
    final sig = await node.sig('alice');
    final timers = Timers();
    await timers.run(() async {
      final client = node.client();
      final kit = ListKit(client);
      final list = ContactListModel(kit)..addListener(() {});
      equal(timers.waiting, <String>[], 'before the login');
      await client.login('alice', sig);
      await until('the list is read', () => list.state is ListReady);
      check(timers.waiting.isNotEmpty, 'there are timers to count');
      // A paused application makes no calls, and neither do its lists.
      client.appPaused();
      await until('the cut is told', () => list.trouble is CutTrouble);
      kit.statuses.refresh();
      equal(
        timers.waiting,
        ['every 0:00:30.000000'],
        'of a paused application',
      );
      client.appResumed();
      await until('the cut is over', () => list.trouble == null);
      await client.logout();
      await until('no timer is left', () => timers.waiting.isEmpty);
      list.dispose();
      await kit.dispose();
      await client.close();
    });
    await node.end();
  });

  test('the next user begins anew', () async {
    await withKit((node, alice, kit) async {
      final bob = await friendOfAlice(node, 'bob');
      final list = ContactListModel(kit)..addListener(() {});
      await until('bob is there', () => list.rows.isNotEmpty);
      await alice.client.logout();
      await until('empty', () => list.rows.isEmpty);
      equal(list.state is ListLoading, true);
      final seen = <String>{};
      list.addListener(
        () => seen.addAll(
          list.rows.whereType<FriendRow>().map((row) => row.userId),
        ),
      );
      await alice.client.login('bob', await node.sig('bob'));
      await until(
        'the friends of bob',
        () => list.rows
            .whereType<FriendRow>()
            .any((row) => row.userId == 'alice' && row.status != null),
      );
      equal(seen, {'alice'}, 'nothing of the user before was shown');
      list.dispose();
      await bob.client.close();
    });
  });

  test('a list of many pages is shown as it comes, and whole', () async {
    await withKit((node, alice, kit) async {
      final bob = await node.login('bob');
      final crowd = [for (var i = 0; i < 250; i++) 'u$i'];
      await node.command(['account', 'create', ...crowd]);
      await node.set(
        ['--rate-calls', '1000', '--message-rate-calls', '1000'],
      );
      await Future.wait([
        for (final user in crowd) alice.client.addFriend(user, single: true),
      ]);
      final list = ContactListModel(kit)..addListener(() {});
      await kit.lists.friends.whole;
      equal(list.rows.whereType<FriendRow>().length, 250);
      for (final user in crowd.take(120)) {
        await alice.client.sendTextMessage(user, 'hello');
      }
      final conversations = ConversationListModel(kit);
      await kit.lists.conversations.whole;
      final shown = conversations.rows;
      equal(
        {for (final row in shown) row.userId},
        crowd.take(120).toSet(),
      );
      equal(shown.length, 120);
      // Messages of one millisecond have no order among themselves.
      for (var i = 1; i < shown.length; i++) {
        final newer = shown[i - 1].conversation.activeAt!;
        final older = shown[i].conversation.activeAt!;
        equal(newer.isBefore(older), false, shown[i].userId);
      }
      // Beyond the limit, only the statuses of visible users are requested.
      list.rowsOnScreen(0, 9);
      await until(
        'the first have their status',
        () => list.rows.skip(1).take(9).every(
              (row) => (row as FriendRow).status != null,
            ),
      );
      list.dispose();
      await bob.client.close();
    });
  });
}
