/// Tests the tables that all SDKs share: `crates/client/tests/sdk`.
library;

import 'dart:io';

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/src/machine/backoff.dart';
import 'package:lamplight/src/machine/live_link.dart';
import 'package:lamplight/src/machine/network_path.dart';

import '../support/runner.dart';

/// Reads the rows of a table.
List<List<String>> rows(String name) {
  final shared = Platform.script.resolve('../../../crates/client/tests/sdk/');
  return [
    for (final line in File.fromUri(shared.resolve(name)).readAsLinesSync())
      if (line.isNotEmpty && !line.startsWith('#')) line.split(','),
  ];
}

void main() {
  test('waits before a reconnect are those of the table', () {
    final table = rows('reconnect.csv');
    check(table.length > 20, 'the table is there');
    for (final row in table) {
      final [spread, failures, jitter, wait] = row;
      final delay = reconnectDelay(
        int.parse(spread),
        int.parse(failures),
        double.parse(jitter),
      );
      equal(delay, int.parse(wait), '$row');
    }
  });

  test('heartbeats on a path are those of the table', () {
    final table = rows('heartbeat.csv');
    check(table.length > 20, 'the table is there');
    for (final row in table) {
      final [usual, silences, heartbeat] = row;
      final path = NetworkPath();
      for (final silence in silences.split(' ').where((one) => one != '')) {
        path.cut(int.parse(usual), int.parse(silence));
      }
      equal(path.heartbeat(int.parse(usual)), int.parse(heartbeat), '$row');
    }
  });

  test('a heartbeat comes within a third of the timeout', () {
    const cases = [
      (400000, DevicePlatform.android, 120000),
      (60000, DevicePlatform.web, 18000),
      (3600000, DevicePlatform.mac, 120000),
      (3600000, DevicePlatform.web, 20000),
      (1000, DevicePlatform.linux, 300),
      (10, DevicePlatform.linux, 100),
      (0, DevicePlatform.linux, 120000),
      (0, DevicePlatform.web, 20000),
    ];
    for (final (timeout, platform, expected) in cases) {
      equal(heartbeatInterval(timeout, platform), expected, '$timeout');
    }
  });
}
