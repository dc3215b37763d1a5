/// Tests a program that was written for the cloud's plugin, with a real server.
/// In the program, only the import was changed, and the address of the server
/// was added.
library;

import 'package:lamplight/compat.dart';
import 'package:lamplight/lamplight.dart' show DevicePlatform;

import '../support/node.dart';
import '../support/runner.dart';
import 'presence_program.dart';

void main() {
  nodeTest('the user-status code of an application moves by its import',
      (node) async {
    final bob = await node.login('bob', platform: DevicePlatform.iPhone);
    final cid = await node.login('cid');
    await node.command(['account', 'create', 'alice']);
    for (final friend in [bob, cid]) {
      await friend.client.addFriend('alice');
    }
    final errors = <int>[];
    final messages = <String?>[];
    var expire = '1h';
    final service = PresenceService(
      sdkAppID: Node.app,
      fetchUserSig: (user) => node.sig(user, expire),
      onNewMessage: (message) => messages.add(message.textElem?.text),
      onError: (code, _) => errors.add(code),
    );
    await service.start(node.url);
    final seen = <String>[];
    service.changes.listen((one) => seen.add('${one.userID}: ${one.label}'));
    await service.login('alice');
    equal(service['bob']?.label, 'online');
    equal(service['bob']?.devices, ['iPhone']);
    await service.say('in a meeting');
    await until('it is told', () => seen.contains('alice: online, in a meeting'));

    // Friends change their statuses, log out and send messages.
    seen.clear();
    await bob.client.setSelfStatus('at lunch');
    await cid.client.logout();
    await bob.client.sendTextMessage('alice', 'hello');
    await until('bob is told', () => seen.contains('bob: online, at lunch'));
    await until('cid is told', () => seen.contains('cid: logged out'));
    await until('the message is told', () => messages.isNotEmpty);
    final dan = await node.login('dan');
    await dan.client.addFriend('alice');
    await until('dan is watched', () => service['dan']?.label == 'online');
    await dan.client.deleteFriends(['alice']);
    await until('dan is watched no longer', () => service['dan'] == null);

    // The server is killed and starts again.
    seen.clear();
    await node.kill();
    await until('it is told', () => service.connection.last != 'connected');
    await node.restart();
    await until('it is back', () => service.connection.last == 'connected');
    await bob.client.setSelfStatus('back');
    await until('bob is told', () => seen.contains('bob: online, back'));
    check(!seen.contains('bob: away'), 'nobody is seen to leave: $seen');

    // The app's switch, an expired UserSig, another device, and the end.
    errors.clear();
    await node.set(['--user-status', 'off']);
    await node.command(['account', 'create', 'eve']);
    await service.watch(['eve']);
    equal(errors, [72001, 72001]);
    await node.set(['--user-status', 'on']);
    await service.logout();
    expire = '2s';
    final connects = service.connection.length;
    // On a slow machine, the UserSig has expired before the login. Otherwise,
    // the listener is called, and the program logs in again.
    try {
      await service.login('alice');
      expire = '1h';
    } on ImFailure catch (failure) {
      equal(failure.code, 6206);
      expire = '1h';
      await service.login('alice');
    }
    await until(
      'it is in again',
      () => service['bob']?.label == 'online, back' &&
          service.connection.length > connects + 2,
    );
    final desk = await node.login('alice');
    await until('it is kicked', () => service.isKicked);
    equal((await TencentImSDKPlugin.v2TIMManager.getLoginStatus()).data, 3);
    await service.stop();
    for (final one in [bob, cid, dan, desk]) {
      await one.client.close();
    }
  });
}
