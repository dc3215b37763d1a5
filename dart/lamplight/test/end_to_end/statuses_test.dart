/// Tests statuses and subscriptions, with a real server.
library;

import 'package:lamplight/lamplight.dart';

import '../support/node.dart';
import '../support/runner.dart';

void main() {
  nodeTest('two clients see each other come, change and go', (node) async {
    final alice = await node.login('alice');
    final bob = await node.login('bob', platform: DevicePlatform.mac);
    equal(alice.client.userId, 'alice');
    final subscribed = await alice.client.subscribeUserStatus(['bob']);
    equal(subscribed.statuses.single.isOnline, true);
    equal(subscribed.statuses.single.onlineDevices, [DevicePlatform.mac]);
    equal(alice.of('bob'), 'online');
    equal(bob.of('alice'), 'nothing');

    final own = await bob.client.setSelfStatus('在路上 🚲');
    equal(own.customStatus, '在路上 🚲');
    await until(
      'alice is told',
      () => alice.client.cachedStatus('bob')?.customStatus == '在路上 🚲',
    );
    equal(bob.client.cachedStatus('bob')?.customStatus, '在路上 🚲');
    await bob.client.logout();
    await until('bob is gone', () => alice.of('bob') == 'unlogined');
    equal(bob.client.userId, null);
    equal(bob.client.cachedStatuses, <UserStatus>[]);
    equal(
      alice.statusesOf('bob'),
      ['online', 'online 在路上 🚲', 'unlogined'],
    );

    await bob.client.login('bob', await node.sig('bob'));
    await until('bob is back', () => alice.of('bob') == 'online');
    await bob.client.close();
    await until('the link of bob is gone', () => alice.of('bob') == 'offline');
    equal(
      alice.client.cachedStatus('bob')?.reason,
      StatusReason.linkClosed,
    );

    await alice.client.unsubscribeUserStatus(['bob']);
    equal(alice.of('bob'), 'nothing');
    equal(alice.told<NotWatchedEvent>().single.userIds, ['bob']);
    await alice.client.close();
  });

  nodeTest('a query answers for everyone, and keeps the watched only',
      (node) async {
    await node.command(['account', 'create', 'bob']);
    final alice = await node.login('alice');
    final asked = await alice.client.getUserStatus(['bob', 'nobody', 'alice']);
    equal(
      {for (final one in asked.statuses) one.userId: one.type.number},
      {'alice': 1, 'bob': 3},
    );
    final [failure] = asked.failures;
    equal((failure.userId, failure.code), ('nobody', 70107));
    equal(failure.message, 'no such account');
    equal(alice.client.cachedStatuses.map((one) => one.userId), ['alice']);
    equal(
      await codeOf(() => alice.client.getUserStatus(['nobody', 'none'])),
      70107,
    );
    await alice.client.close();
  });

  nodeTest('the 201st subscription evicts the first, by name', (node) async {
    final users = [for (var i = 0; i < 201; i++) 'user_$i'];
    await node.command(['account', 'create', ...users]);
    final alice = await node.login('alice');
    final client = alice.client;
    equal(await codeOf(() => client.subscribeUserStatus(users)), 70206);
    for (final batch in [users.sublist(0, 100), users.sublist(100, 200)]) {
      final result = await client.subscribeUserStatus(batch);
      equal((result.statuses.length, result.evicted), (100, <String>[]));
    }
    equal(client.cachedStatuses.length, 201, '200 users and oneself');
    final last = await client.subscribeUserStatus(['user_200', 'user_200']);
    equal((last.evicted, last.notWatched), (['user_0'], ['user_0']));
    equal(client.cachedStatus('user_0'), null);
    final list = await client.getSubscriptions();
    equal((list.users, list.limit), (users.sublist(1), 200));
    equal(await codeOf(() => client.subscribeUserStatus(['alice'])), 6017);
    await client.unsubscribeUserStatus([]);
    equal((await client.getSubscriptions()).users, <String>[]);
    equal(client.cachedStatuses.map((one) => one.userId), ['alice']);
    await client.close();
  });

  nodeTest('refusals have the codes of the contract', (node) async {
    final alice = await node.login('alice');
    final client = alice.client;
    await node.command(['account', 'create', 'bob']);

    await node.set(['--user-status', 'off']);
    await until(
      'the client is told',
      () => client.abilities?.refusalCode == 72001,
    );
    equal(await codeOf(() => client.getUserStatus(['bob'])), 72001);
    equal(await codeOf(() => client.subscribeUserStatus(['bob'])), 72001);
    equal((await client.getUserStatus(['alice'])).statuses.length, 1);
    await node.set(['--user-status', 'on', '--edition', 'standard']);
    await until(
      'the client is told',
      () => client.abilities?.refusalCode == 7013,
    );
    final refusal = await throws<LamplightException>(
      () => client.subscribeUserStatus(['bob']),
    );
    equal(refusal.code, 7013);
    check(refusal.message.contains('upgrade to flagship'), refusal.message);
    await node.set(['--edition', 'flagship']);
    await until('it may', () => client.abilities?.statusesOfOthers ?? false);
    equal(alice.told<AbilitiesChangedEvent>().length, 3);

    final codes = <int>[];
    for (var i = 0; i < 21; i++) {
      try {
        await client.getUserStatus(['bob']);
      } on LamplightException catch (error) {
        codes.add(error.code);
      }
    }
    check(codes.isNotEmpty && codes.every((code) => code == 7008), '$codes');

    equal(await codeOf(() => client.setSelfStatus('x' * 101)), 6017);
    equal(await codeOf(() => client.subscribeUserStatus(['ünï'])), 6017);
    await client.logout();
    equal(await codeOf(() => client.getUserStatus(['bob'])), 6014);
    equal(await codeOf(() => client.setSelfStatus('x')), 6014);
    equal(await codeOf(client.logout), 6014);
    await client.close();
    equal(await codeOf(() => client.login('alice', 'sig')), 6014);
  });

  nodeTest('a custom status with an end is cleared by the server', (node) async {
    final alice = await node.login('alice');
    final bob = await node.login('bob');
    await alice.client.subscribeUserStatus(['bob']);
    final before = DateTime.now();
    final own = await bob.client.setSelfStatus(
      'tea',
      expiresIn: const Duration(hours: 1),
    );
    final left = own.customExpires?.difference(before) ?? Duration.zero;
    check((left - const Duration(hours: 1)).abs().inSeconds < 10, '$left');
    await until(
      'alice is told the end',
      () => alice.client.cachedStatus('bob')?.customExpires == own.customExpires,
    );
    equal((await bob.client.setSelfStatus('no end')).customExpires, null);
    await bob.client.setSelfStatus(
      'short',
      expiresIn: const Duration(seconds: 1),
    );
    await until(
      'it ends',
      () =>
          alice.client.cachedStatus('bob')?.reason ==
          StatusReason.customExpired,
    );
    final last = alice.client.cachedStatus('bob');
    equal(
      (last?.type, last?.customStatus, last?.customExpires),
      (StatusType.online, '', null),
    );
    await alice.client.close();
    await bob.client.close();
  });

  nodeTest('mutual friends are told where the app has it so', (node) async {
    await node.set(['--friend-notification', 'on']);
    final alice = await node.login('alice');
    final bob = await node.login('bob');
    await alice.client.addFriend('bob', remark: 'Bobby');
    await until('they watch', () => alice.of('bob') == 'online');
    await bob.client.setSelfStatus('busy');
    await until(
      'alice is told',
      () => alice.statusesOf('bob').contains('online busy'),
    );
    await alice.client.close();
    await bob.client.close();
  });
}
