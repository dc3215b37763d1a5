/// Tests that a client without a login has no timers.
library;

import 'dart:io';

import 'package:lamplight/io.dart';
import 'package:lamplight/lamplight.dart';

import '../support/node.dart';
import '../support/runner.dart';
import '../support/timers.dart';

void main() {
  nodeTest('no timer waits while nobody is logged in', (node) async {
    final timers = Timers();
    final client = timers.run(() => node.client(deviceId: 'phone-1'));
    final sig = await node.sig('ann');
    equal(timers.waiting, <String>[], 'before the login');

    Future<void> none(String when) async {
      const soon = Duration(seconds: 1);
      await until('no timer waits $when', () => timers.waiting.isEmpty, soon);
    }

    await timers.run(() => client.login('ann', sig));
    check(timers.waiting.isNotEmpty, 'there is a heartbeat');
    await timers.run(client.logout);
    await none('after a logout');

    final refused = timers.run(() => codeOf(() => client.login('bob', sig)));
    equal(await refused, 70013);
    await none('after a login that failed');

    await timers.run(() => client.login('ann', sig));
    timers.run(client.appPaused);
    await none('in a pause');
    timers.run(client.appResumed);
    await until('it is back', () => client.isConnected);
    check(timers.waiting.isNotEmpty, 'there is a heartbeat');

    await node.command(['account', 'kick', 'ann']);
    await until('it is told', () => client.userId == null);
    await none('after a kick');
    await client.close();
    await none('after the end');
  });

  test('a device id is made once and kept', () async {
    final folder = Directory.systemTemp.createTempSync('lamplight-dart-');
    final path = '${folder.path}/device';
    final id = deviceIdIn(path);
    equal(deviceIdIn(path), id);
    equal(File(path).readAsStringSync(), '$id\n');
    File(path).writeAsStringSync('ü');
    await throws<FormatException>(() => deviceIdIn(path));
    await throws<FileSystemException>(() => deviceIdIn('${folder.path}/a/b'));
    folder.deleteSync(recursive: true);
  });
}
