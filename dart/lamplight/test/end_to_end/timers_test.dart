/// Timers: none while nobody is logged in.
library;

import 'dart:async';
import 'dart:io';

import 'package:lamplight/io.dart';
import 'package:lamplight/lamplight.dart';

import '../support/node.dart';
import '../support/runner.dart';

/// A zone that counts the timers that wait.
final class _Timers {
  final Set<Timer> _waiting = {};

  int get waiting => _waiting.where((timer) => timer.isActive).length;

  R run<R>(R Function() body) => runZoned(
        body,
        zoneSpecification: ZoneSpecification(
          createTimer: (self, parent, zone, duration, callback) {
            final timer = parent.createTimer(zone, duration, callback);
            _waiting.add(timer);
            return timer;
          },
          createPeriodicTimer: (self, parent, zone, duration, callback) {
            final timer =
                parent.createPeriodicTimer(zone, duration, callback);
            _waiting.add(timer);
            return timer;
          },
        ),
      );
}

void main() {
  nodeTest('no timer waits while nobody is logged in', (node) async {
    final timers = _Timers();
    final client = timers.run(() => node.client(deviceId: 'phone-1'));
    final sig = await node.sig('ann');
    equal(timers.waiting, 0, 'before the login');

    Future<void> none(String when) async {
      const soon = Duration(seconds: 1);
      await until('no timer waits $when', () => timers.waiting == 0, soon);
    }

    await timers.run(() => client.login('ann', sig));
    check(timers.waiting > 0, 'there is a heartbeat');
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
    check(timers.waiting > 0, 'there is a heartbeat');

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
