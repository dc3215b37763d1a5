/// Tests the reading of the block list after failures, with a server in memory.
library;

import 'dart:async';

import 'package:lamplight/compat.dart';
import 'package:lamplight/lamplight.dart';
import 'package:lamplight/models.dart';
import 'package:lamplight/src/compat/black_list.dart';

import '../support/memory_server.dart';
import '../support/runner.dart';

/// Runs [body] with a block list that was read, and the notes of a listener.
Future<void> _withList(
  Future<void> Function(
    MemoryServer server,
    LamplightClient client,
    BlackList list,
    List<String> notes,
  ) body,
) async {
  final server = MemoryServer()..friends = [];
  final client = LamplightClient(
    server: 'ws://127.0.0.1:1',
    appId: 1,
    connector: server.connect,
  );
  final kit = ListKit(client);
  final notes = <String>[];
  final listener = V2TimFriendshipListener(
    onBlackListAdd: (users) =>
        notes.addAll([for (final one in users) '+${one.userID}']),
    onBlackListDeleted: (users) =>
        notes.addAll([for (final user in users) '-$user']),
  );
  final list = BlackList(client, kit, (what) => what(listener));
  await client.login('me', 'sig');
  await list.read();
  await body(server, client, list, notes);
  list.forget();
  await kit.dispose();
  await client.close();
}

void main() {
  test('a block list that could not be read again is read after a reconnect',
      () async {
    final server = MemoryServer()..friends = [];
    final notes = <String>[];
    Lamplight.configure(
      server: 'ws://127.0.0.1:1',
      connector: server.connect,
    );
    final manager = TencentImSDKPlugin.v2TIMManager;
    final friends = manager.getFriendshipManager();
    await manager.initSDK(sdkAppID: 1);
    await friends.addFriendListener(
      listener: V2TimFriendshipListener(
        onBlackListAdd: (users) =>
            notes.addAll([for (final one in users) '+${one.userID}']),
      ),
    );
    equal((await manager.login(userID: 'me', userSig: 'sig')).code, 0);
    equal((await friends.getBlackList()).data, <V2TimFriendInfo>[]);
    server
      ..blocked = ['bob']
      ..listsVersion = '2'
      ..refusal = LamplightCode.internal
      ..askedForBlocked = 0
      ..say({
        'listsChanged': {'listsVersion': '2', 'reload': true},
      });
    await until('it was requested', () => server.askedForBlocked == 1);
    await Future<void>.delayed(Duration.zero);
    equal(notes, <String>[]);
    server
      ..refusal = null
      ..close();
    await until('the difference is told', () => notes.isNotEmpty);
    equal((server.askedForBlocked, notes), (2, ['+bob']));
    await friends.removeFriendListener();
    await manager.unInitSDK();
  });

  test('a block list that the rate limit refuses is read again after a second',
      () async {
    var pauses = 0;
    late final MemoryServer refusing;
    await runZoned(
      () => _withList((server, client, list, notes) async {
        refusing = server
          ..blocked = ['bob']
          ..refusal = LamplightCode.calledTooOften;
        await list.outdated();
        equal((pauses, notes), (2, ['+bob']));
        // The end of the session ends the requests.
        server.refusal = LamplightCode.calledTooOften;
        final asked = server.askedForBlocked;
        final reading = list.outdated();
        await until('it was refused', () => server.askedForBlocked > asked);
        list.forget();
        await reading;
        equal(notes, ['+bob']);
      }),
      zoneSpecification: ZoneSpecification(
        createTimer: (self, parent, zone, duration, callback) {
          if (duration != const Duration(seconds: 1)) {
            return parent.createTimer(zone, duration, callback);
          }
          pauses += 1;
          return parent.createTimer(zone, Duration.zero, () {
            if (pauses == 2) {
              refusing.refusal = null;
            }
            callback();
          });
        },
      ),
    );
  });

  test('of two attempts to read the block list the later one counts',
      () async {
    await _withList((server, client, list, notes) async {
      server.blocked = ['bob'];
      final first = list.outdated();
      final later = list.outdated();
      await Future.wait([first, later]);
      equal(notes, ['+bob']);
    });
  });
}
