/// Tests logins, kicks and expiry, with a real server.
library;

import 'package:lamplight/lamplight.dart';

import '../support/node.dart';
import '../support/runner.dart';

void main() {
  nodeTest('a login tells what is wrong with it', (node) async {
    final client = node.client();
    final sig = await node.sig('alice');
    equal(await codeOf(() => client.login('', sig)), 7003);
    equal(await codeOf(() => client.login('alice', '')), 70002);
    equal(await codeOf(() => client.login('alice', 'x')), 70003);
    equal(await codeOf(() => client.login('bob', sig)), 70013);
    equal(await codeOf(() => client.login('alice', 'x' * 70000)), 70003);
    equal(client.loginUserId, null);
    final result = await client.login('alice', sig);
    check(result.registered, 'the login has made the account');
    check(result.abilities!.statusesOfOthers, 'the app is flagship');
    final apart = result.serverTime.difference(DateTime.timestamp()).abs();
    check(apart < const Duration(minutes: 1), 'the clock of the server');
    equal(await codeOf(() => client.login('bob', sig)), 6017);
    final again = await client.login('alice', sig);
    equal(again.registered, false);
    await client.close();
    final elsewhere = LamplightClient(server: node.url, appId: 7);
    equal(await codeOf(() => elsewhere.login('alice', sig)), 70020);
    await elsewhere.close();
  });

  nodeTest('a JWT logs in as a UserSig does', (node) async {
    const secret = '0123456789abcdef0123456789abcdef';
    await node.set(['--jwt-secret', secret]);
    final client = node.client();
    // {"alg":"HS256"} {"sub":"jane","exp":4102444800,"iat":1700000000,
    // "aud":"1400000001"}, signed with the secret.
    await client.login('jane', _jwt);
    equal(client.userId, 'jane');
    await client.updateToken(_jwt);
    equal(await codeOf(() => client.updateToken('x')), 70003);
    check(client.isConnected, 'the present token stays');
    await client.close();
  });

  nodeTest('a login that does not wait for the logout before it counts',
      (node) async {
    final ann = await node.login('ann');
    final client = ann.client;
    final [anns, bobs] = [await node.sig('ann'), await node.sig('bob')];
    await Future.wait([client.logout(), client.login('ann', anns)]);
    equal(client.userId, 'ann');
    await Future.wait([client.logout(), client.login('bob', bobs)]);
    equal(client.userId, 'bob');
    await client.setSelfStatus('here');
    // Also while the login of the first user is under way.
    await client.logout();
    final first = codeOf(() => client.login('ann', anns));
    final last = [client.logout(), client.login('bob', bobs)];
    await Future.wait(last);
    equal((await first, client.userId), (6014, 'bob'));
    await client.close();
  });

  nodeTest('the newest of two devices of a platform stays, without a flicker',
      (node) async {
    final watcher = await node.login('watcher');
    final first = await node.login('ann', deviceId: 'phone-1');
    await watcher.client.subscribeUserStatus(['ann']);
    final second = await node.login('ann', deviceId: 'phone-2');
    await until(
      'the first is told',
      () => first.told<KickedOfflineEvent>().isNotEmpty,
    );
    equal(
      first.told<KickedOfflineEvent>().single.byPlatform,
      DevicePlatform.linux,
    );
    equal(first.client.userId, null);
    equal(await codeOf(() => first.client.setSelfStatus('x')), 6014);
    await second.client.setSelfStatus('here');
    await until(
      'the watcher is told',
      () => watcher.statusesOf('ann').contains('online here'),
    );
    equal(watcher.statusesOf('ann'), ['online', 'online here']);
    // The first device may log in again, and the second one is then kicked.
    await first.client.login('ann', await node.sig('ann'));
    await until(
      'the second is told',
      () => second.told<KickedOfflineEvent>().isNotEmpty,
    );
    for (final one in [watcher, first, second]) {
      await one.client.close();
    }
  });

  nodeTest('a device that was kicked while it was away is told when it is back',
      (node) async {
    final first = await node.login('ann', deviceId: 'phone-1');
    first.client.appPaused();
    await until('away', () => first.told<DisconnectedEvent>().isNotEmpty);
    final second = await node.login('ann', deviceId: 'phone-2');
    first.client.appResumed();
    await until(
      'it is told',
      () => first.told<KickedOfflineEvent>().isNotEmpty,
    );
    check(second.client.isConnected, 'a resume kicks nobody back');
    await first.client.login('ann', await node.sig('ann'));
    await until(
      'the second is told',
      () => second.told<KickedOfflineEvent>().isNotEmpty,
    );

    await first.client.close();
    await second.client.login('ann', await node.sig('ann'));
    final restarted = node.client(deviceId: 'phone-1');
    final sig = await node.sig('ann');
    equal(await codeOf(() => restarted.login('ann', sig)), 6208);
    await restarted.login('ann', sig);
    equal(restarted.userId, 'ann');
    await restarted.close();
    await second.client.close();
  });

  nodeTest('devices of two platforms stand side by side', (node) async {
    final phone = await node.login('ann', platform: DevicePlatform.iPhone);
    final tab = await node.login('ann', platform: DevicePlatform.web);
    await phone.client.setSelfStatus('on two devices');
    await until(
      'the other device is told',
      () => tab.statusesOf('ann').last == 'online on two devices',
    );
    await node.command(['account', 'create', 'bob']);
    await phone.client.subscribeUserStatus(['bob']);
    await until(
      'the list is that of the account',
      () => tab.told<SubscriptionsChangedEvent>().isNotEmpty,
    );
    equal(tab.told<SubscriptionsChangedEvent>().single.subscribed, ['bob']);
    await until('its status too', () => tab.of('bob') == 'unlogined');
    await tab.client.logout();
    equal(phone.of('ann'), 'online');
    await phone.client.close();
  });

  nodeTest('a kick by the operator ends the session and revokes the UserSig',
      (node) async {
    final ann = Watcher(node.client(), 'ann');
    final old = await node.sig('ann');
    await ann.client.login('ann', old);
    await node.command(['account', 'kick', 'ann']);
    await until(
      'it is told',
      () => ann.told<KickedByOperatorEvent>().isNotEmpty,
    );
    equal(ann.events.whereType<SessionEndedEvent>().length, 1);
    equal(await codeOf(() => ann.client.login('ann', old)), 70052);
    await ann.client.login('ann', await node.sig('ann'));
    await node.command(['account', 'delete', 'ann']);
    await until(
      'it is told',
      () => ann.told<AccountDeletedEvent>().isNotEmpty,
    );
    await ann.client.close();
  });

  nodeTest('a UserSig that expires ends the session; a new one prevents it',
      (node) async {
    final ann = await node.login('ann', expire: '2s');
    final bob = await node.login('bob', expire: '2s');
    await bob.client.updateToken(await node.sig('bob'));
    await until(
      'it is told',
      () => ann.told<UserSigExpiredEvent>().isNotEmpty,
    );
    equal(ann.client.userId, null);
    equal(await codeOf(() => ann.client.setSelfStatus('x')), 6014);
    await bob.client.setSelfStatus('still here');
    equal(bob.told<SessionEndedEvent>(), <SessionEndedEvent>[]);
    final short = await node.sig('cid', '1s');
    final cid = node.client();
    await until('its time is over', () async {
      try {
        await cid.login('cid', short);
        await cid.logout();
        return false;
      } on LamplightException catch (error) {
        // 6014: the session ended before the call.
        check([70001, 6014].contains(error.code), 'not $error');
        return error.code == 70001;
      }
    });
    for (final client in [ann.client, bob.client, cid]) {
      await client.close();
    }
  });

  nodeTest('a client that is closed has no user, no statuses and no connection',
      (node) async {
    final alice = await node.login('alice');
    final client = alice.client;
    equal((client.userId, client.isConnected), ('alice', true));
    await client.close();
    equal((client.userId, client.loginUserId), (null, null));
    equal((client.isConnected, client.abilities), (false, null));
    equal(client.cachedStatuses, <UserStatus>[]);
  });

  nodeTest('the same device in another process takes the session over',
      (node) async {
    final first = await node.login('ann', deviceId: 'phone-1');
    final second = await node.login('ann', deviceId: 'phone-1');
    await until(
      'the first is told',
      () => first.told<SupersededEvent>().isNotEmpty,
    );
    check(second.client.isConnected, 'the second goes on');
    await first.client.close();
    await second.client.close();
  });
}

const _jwt = 'eyJhbGciOiJIUzI1NiJ9.'
    'eyJzdWIiOiJqYW5lIiwiZXhwIjo0MTAyNDQ0ODAwLCJpYXQiOjE3MDAwMDAwMDAsImF1ZC'
    'I6IjE0MDAwMDAwMDEifQ.'
    'DXpizGhye9Q_i8KZZHFhtFnr0aA17H6ZsApmzO3ecc4';
