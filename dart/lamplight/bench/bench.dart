/// Measures two limits that the SDK promises: `dart bench/bench.dart`. Exits
/// with 1 if a limit is exceeded.
///
/// - The latency from a call of one client to the event at another client's
///   listener, through a real server on loopback.
/// - The memory of a client that watches 1,000 users, each with a full status
///   and a custom status.
///
/// The server's program is the one in `LAMPLIGHT_BIN`, or the one built in
/// `target/debug`.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:io';

import 'package:lamplight/lamplight.dart';

import '../test/support/node.dart';

/// The highest median latency that the SDK promises.
const _mostLatency = Duration(milliseconds: 5);
/// The largest memory of a client that watches 1,000 users, in bytes.
const _mostMemory = 1 << 20;

const _changes = 200;

/// The time between two changes. If it were shorter, the server would conflate
/// the changes.
const _pace = Duration(milliseconds: 60);

const _watched = 1000;
const _clients = 60;

Future<void> main() async {
  final memory = await _memoryOfAClient();
  stdout.writeln(
    'memory of a client with $_watched watched users: '
    '${(memory / 1024).round()} KiB',
  );
  final times = await _latencies();
  String at(double part) {
    final time = times[(part * (times.length - 1)).round()];
    return '${(time.inMicroseconds / 1000).toStringAsFixed(2)} ms';
  }

  stdout.writeln(
    'from a change to the listener of another client: median ${at(0.5)}, '
    '90% ${at(0.9)}, most ${at(1)}, of ${times.length}',
  );
  final isKept =
      memory <= _mostMemory && times[times.length ~/ 2] <= _mostLatency;
  exit(isKept ? 0 : 1);
}

/// Measures the latencies from calls to the events of another client. Returns
/// them in ascending order.
Future<List<Duration>> _latencies() async {
  final node = await Node.start();
  try {
    final alice = await node.login('alice');
    final bob = await node.login('bob');
    await alice.client.subscribeUserStatus(['bob']);
    final clock = Stopwatch()..start();
    final times = <Duration>[];
    for (var i = 0; i < _changes; i++) {
      final heard = alice.client.events.firstWhere(
        (event) =>
            event is StatusChangedEvent &&
            event.statuses.any((status) => status.customStatus == 'change $i'),
      );
      final begun = clock.elapsed;
      final called = bob.client.setSelfStatus('change $i');
      await heard;
      times.add(clock.elapsed - begun);
      await called;
      await Future<void>.delayed(_pace);
    }
    await alice.client.close();
    await bob.client.close();
    return times..sort();
  } finally {
    await node.end();
  }
}

/// Measures the memory in bytes that each further client takes. This includes
/// garbage of the login that was not collected yet.
Future<int> _memoryOfAClient() async {
  final clients = <LamplightClient>[];
  Future<void> add(int count) async {
    for (var i = 0; i < count; i++) {
      final client = LamplightClient(
        server: 'ws://localhost',
        appId: 1,
        connector: (_) => _FullLink(clients.length),
      );
      clients.add(client);
      await client.login('me', 'sig');
    }
  }

  await add(_clients);
  final before = ProcessInfo.currentRss;
  await add(_clients);
  final after = ProcessInfo.currentRss;
  for (final client in clients) {
    if (client.cachedStatuses.length != _watched) {
      throw StateError('a client watches ${client.cachedStatuses.length}');
    }
    await client.close();
  }
  return (after - before) ~/ _clients;
}

/// A link that answers the login with the statuses of all watched users.
final class _FullLink implements Link {
  _FullLink(this._number);

  final int _number;
  final StreamController<String> _messages = StreamController();

  @override
  Future<void> get ready async {}

  @override
  Stream<String> get messages => _messages.stream;

  @override
  void send(String text) {
    final {'id': id} = jsonDecode(text) as Map<String, Object?>;
    final statuses = [
      for (var i = 0; i < _watched; i++)
        {
          'userId': 'user_${_number}_with_a_long_name_$i',
          'statusType': i.isEven ? 'STATUS_TYPE_ONLINE' : 'STATUS_TYPE_OFFLINE',
          'customStatus': 'in a meeting until half past $i',
          'version': '${1700000000000000 + i}',
          'since': '${1700000000000 + i}',
          'reason': 'REASON_LOGIN',
          if (i.isOdd) 'lastSeen': '${1700000001000 + i}',
          if (i.isEven)
            'onlineDevices': ['PLATFORM_ANDROID', 'PLATFORM_WINDOWS'],
        },
    ];
    _messages.add(
      jsonEncode({
        'id': id,
        'login': {'statuses': statuses, 'snapshotComplete': true},
      }),
    );
  }

  @override
  void close() => _messages.close();
}
