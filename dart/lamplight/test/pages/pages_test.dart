/// Runs the samples of two pages of the cloud's documentation, with a real
/// server.
library;

import 'package:lamplight/compat.dart';
import 'package:lamplight/lamplight.dart' show DevicePlatform;
import 'package:lamplight/models.dart' show CutTrouble, Dot, FriendRow;

import '../support/node.dart';
import '../support/runner.dart';
import 'get_user_status.dart' as get_user_status;
import 'log_in.dart';
import 'on_user_status_changed.dart' as on_user_status_changed;
import 'online_status.dart' as online_status;
import 'set_self_status.dart' as set_self_status;
import 'subscribe_user_status.dart' as subscribe_user_status;
import 'unsubscribe_user_status.dart' as unsubscribe_user_status;

final V2TIMManager _manager = TencentImSDKPlugin.v2TIMManager;

void main() {
  /// Runs [body] with a server, and with the arguments of a sample that logs
  /// alice in.
  Future<void> withNode(
    Future<void> Function(Node node, List<String> alice) body,
  ) async {
    final node = await Node.start();
    succeeded.clear();
    try {
      final sig = await node.sig('alice');
      Lamplight.configure(server: node.url);
      await body(node, [node.url, '${Node.app}', 'alice', sig]);
    } finally {
      await _manager.unInitSDK();
      await node.end();
    }
  }

  test('setSelfStatus clears the custom status', () async {
    await withNode((node, alice) async {
      equal(await logIn(alice), 0);
      equal((await _manager.setSelfStatus(status: 'away')).code, 0);
      equal(await set_self_status.sample(), 0);
      equal(succeeded, ['setSelfStatus']);
      final own = await _manager.getUserStatus(userIDList: ['alice']);
      equal(own.data?.single.customStatus, '');
    });
  });

  test('getUserStatus tells the three types', () async {
    await withNode((node, alice) async {
      final bob = await node.login('bob');
      await bob.client.setSelfStatus('listening');
      final carol = await node.login('carol');
      await carol.client.close();
      final dan = await node.login('dan');
      await dan.client.logout();
      equal(await logIn(alice), 0);
      // The server may notice the end of carol's connection with a delay.
      for (var type = 1; type == 1;) {
        final answer = await _manager.getUserStatus(userIDList: ['carol']);
        type = answer.data?.single.statusType ?? 0;
      }
      // The sample of the page has no users, which is refused.
      equal(await get_user_status.sample(), 6017);
      get_user_status.users = ['bob', 'carol', 'dan', 'nobody'];
      equal(await get_user_status.sample(), 0);
      equal(get_user_status.read, [
        (UserStatusType.V2TIM_USER_STATUS_ONLINE, 'listening', 'bob'),
        (UserStatusType.V2TIM_USER_STATUS_OFFLINE, '', 'carol'),
        (UserStatusType.V2TIM_USER_STATUS_UNLOGINED, '', 'dan'),
      ]);
      await bob.client.close();
    });
  });

  test('subscribe, be told, unsubscribe', () async {
    await withNode((node, alice) async {
      on_user_status_changed.told.clear();
      // The sample of the page has the app 0, which is refused.
      equal(await on_user_status_changed.sample(), 6017);
      on_user_status_changed.app = Node.app;
      equal(await on_user_status_changed.sample(), 0);
      equal(await logIn(alice), 0);
      final bob = await node.login('bob');
      subscribe_user_status.users = ['bob'];
      equal(await subscribe_user_status.sample(), 0);
      await bob.client.setSelfStatus('in a call');
      const changed = ('bob', 1, 'in a call');
      await until(
        'the change was told',
        () => on_user_status_changed.told.contains(changed),
      );
      equal((await _manager.setSelfStatus(status: 'own')).code, 0);
      await until(
        'the own change was told',
        () => on_user_status_changed.told.contains(('alice', 1, 'own')),
      );
      equal(await unsubscribe_user_status.sample(), 0);
      await bob.client.setSelfStatus('unseen');
      // The next change comes after the change that must not be reported.
      equal((await _manager.setSelfStatus(status: 'later')).code, 0);
      await until(
        'the later change was told',
        () => on_user_status_changed.told.contains(('alice', 1, 'later')),
      );
      check(
        !on_user_status_changed.told.any((one) => one.$3 == 'unseen'),
        'nothing is told after unsubscribing',
      );
      equal(
        succeeded,
        ['initSDK', 'subscribeUserStatus', 'unsubscribeUserStatus'],
      );
      await bob.client.close();
    });
  });

  test('friends are told of by a switch, other devices of oneself always',
      () async {
    await withNode((node, alice) async {
      on_user_status_changed.told.clear();
      on_user_status_changed.app = Node.app;
      equal(await on_user_status_changed.sample(), 0);
      equal(await logIn(alice), 0);
      final bob = await node.login('bob');
      await bob.client.addFriend('alice');
      // Without the switch and a subscription, changes of a friend are not
      // reported. A change by the user's other device comes after them.
      final desk = await node.login('alice', platform: DevicePlatform.windows);
      await bob.client.setSelfStatus('unseen');
      await desk.client.setSelfStatus('from the desk');
      await until(
        'the change on the other device is told',
        () => on_user_status_changed.told
            .contains(('alice', 1, 'from the desk')),
      );
      check(
        !on_user_status_changed.told.any((one) => one.$1 == 'bob'),
        'nothing is told of a friend without the switch',
      );
      await node.set(['--friend-notification', 'on']);
      await bob.client.setSelfStatus('seen');
      await until(
        'the friend is told of',
        () => on_user_status_changed.told.contains(('bob', 1, 'seen')),
      );
      // The connection has ended: OFFLINE, and the custom status is cleared.
      await bob.client.close();
      await until(
        'the friend is offline',
        () => on_user_status_changed.told.contains(('bob', 2, '')),
      );
      await desk.client.close();
    });
  });

  test('beyond 200 the earliest subscribed is let go', () async {
    await withNode((node, alice) async {
      on_user_status_changed.told.clear();
      on_user_status_changed.app = Node.app;
      equal(await on_user_status_changed.sample(), 0);
      equal(await logIn(alice), 0);
      final first = await node.login('first');
      final last = await node.login('last');
      final crowd = [for (var i = 0; i < 199; i++) 'u$i'];
      await node.command(['account', 'create', ...crowd]);
      for (final users in [
        ['first'],
        crowd.sublist(0, 100),
        [...crowd.sublist(100), 'last'],
      ]) {
        subscribe_user_status.users = users;
        equal(await subscribe_user_status.sample(), 0);
      }
      await first.client.setSelfStatus('unseen');
      await last.client.setSelfStatus('seen');
      await until(
        'the last one is told of',
        () => on_user_status_changed.told.contains(('last', 1, 'seen')),
      );
      check(
        !on_user_status_changed.told.any((one) => one.$3 == 'unseen'),
        'nothing is told of who was let go',
      );
      await first.client.close();
      await last.client.close();
    });
  });

  test('switched off: 72001 for subscribing, the own status works', () async {
    await withNode((node, alice) async {
      await node.set(['--user-status', 'off']);
      equal(await logIn(alice), 0);
      subscribe_user_status.users = ['bob'];
      equal(await subscribe_user_status.sample(), 72001);
      equal(await unsubscribe_user_status.sample(), 72001);
      equal(await set_self_status.sample(), 0);
    });
  });

  test('the switches of the lists', () async {
    await withNode((node, alice) async {
      await online_status.initialize();
      equal(await logIn(alice), 0);
      final bob = await node.login('bob');
      await bob.client.setSelfStatus('here');
      await bob.client.sendTextMessage('alice', 'hello');
      await bob.client.addFriend('alice');
      final conversations = online_status.conversations();
      final without = online_status.conversationsOff();
      final contacts = online_status.contacts();
      for (final list in [conversations, without, contacts]) {
        list.addListener(() {});
      }
      await until(
        'the lists show bob online',
        () =>
            conversations.rows.firstOrNull?.status?.dot == Dot.online &&
            contacts.rows
                .whereType<FriendRow>()
                .any((row) => row.status?.dot == Dot.online),
      );
      final row = conversations.rows.single;
      equal(
        (row.name, row.summary, row.badge, row.status?.customStatus),
        ('bob', 'hello', '1', 'here'),
      );
      equal(row.status?.label, '在线');
      equal(without.rows.single.status, null);
      // The switch of all lists overrides the switch of each list.
      await online_status.initializeOff();
      equal(conversations.rows.single.status, null);
      equal(contacts.rows.whereType<FriendRow>().single.status, null);
      await online_status.initialize();
      await until(
        'the dot is back',
        () => conversations.rows.single.status?.dot == Dot.online,
      );
      // Without a connection, the dot shows the last known status.
      await node.kill();
      await until(
        'the list tells the trouble',
        () => conversations.trouble is CutTrouble,
      );
      equal(conversations.rows.single.status?.dot, Dot.stale);
      await node.restart();
      await until('the trouble is over', () => conversations.trouble == null);
      for (final list in [conversations, without, contacts]) {
        list.dispose();
      }
      await bob.client.close();
    });
  });
}
