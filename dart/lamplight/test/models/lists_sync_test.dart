/// Tests the reading of a list after failures, with a server in memory.
library;

import 'dart:async';

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/models.dart';

import '../support/memory_server.dart';
import '../support/node.dart' show codeOf;
import '../support/runner.dart';

/// Runs [body] with a client that is logged in, and its lists.
Future<void> _withLists(
  Future<void> Function(MemoryServer server, LamplightClient client, ListsSync lists)
      body,
) async {
  final server = MemoryServer();
  final client = LamplightClient(
    server: 'ws://127.0.0.1:1',
    appId: 1,
    connector: server.connect,
  );
  final lists = ListsSync(client, onChange: () {});
  await client.login('me', 'sig');
  await body(server, client, lists);
  lists.dispose();
  await client.close();
}

void main() {
  test('a list stays when reading it again fails, and is read after a reconnect',
      () async {
    await _withLists((server, client, lists) async {
      final friends = lists.friends;
      List<String> shown() => [for (final one in friends.visible) one.userId];
      await friends.whole;
      equal(shown(), ['ann', 'bob']);
      server
        ..friends = ['ann', 'bob', 'cid']
        ..refusal = LamplightCode.internal
        ..say({
          'listsChanged': {'listsVersion': '2', 'reload': true},
        });
      await until('it was requested', () => server.asked == 2);
      equal(await codeOf(() => friends.whole), LamplightCode.internal);
      equal((friends.state is ListReady, shown()), (true, ['ann', 'bob']));
      server.refusal = null;
      await friends.whole;
      equal(shown(), ['ann', 'bob', 'cid']);

      server
        ..friends = ['ann']
        ..refusal = LamplightCode.internal
        ..say({
          'listsChanged': {'listsVersion': '3', 'reload': true},
        });
      final asked = server.asked;
      await until('it was requested', () => server.asked > asked);
      await Future<void>.delayed(Duration.zero);
      equal(shown(), ['ann', 'bob', 'cid']);
      server
        ..refusal = null
        ..close();
      await until('the link has broken', () => !client.isConnected);
      client.networkChanged();
      await until('it was read again', () => shown().length == 1);
    });
  });

  test('a list that was never read has failed', () async {
    await _withLists((server, client, lists) async {
      server.refusal = LamplightCode.internal;
      equal(await codeOf(() => lists.friends.whole), LamplightCode.internal);
      equal(lists.friends.state is ListFailed, true);
    });
  });

  test('a page that the rate limit refuses is requested again after a second',
      () async {
    final pauses = <Duration>[];
    late final MemoryServer refusing;
    await runZoned(
      () => _withLists((server, client, lists) async {
        refusing = server..refusal = LamplightCode.calledTooOften;
        await lists.friends.whole;
        equal(server.asked, 3);
        // The end of the session ends the requests.
        server.refusal = LamplightCode.calledTooOften;
        lists.friends.retry();
        await until('it was refused', () => server.asked > 4);
      }),
      zoneSpecification: ZoneSpecification(
        createTimer: (self, parent, zone, duration, callback) {
          if (duration != const Duration(seconds: 1)) {
            return parent.createTimer(zone, duration, callback);
          }
          pauses.add(duration);
          return parent.createTimer(zone, Duration.zero, () {
            if (pauses.length == 2) {
              refusing.refusal = null;
            }
            callback();
          });
        },
      ),
    );
    check(pauses.length >= 3, '$pauses');
  });
}
