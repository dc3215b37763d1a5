/// Tests the reading of a list after failures, with a server in memory.
library;

import 'dart:async';
import 'dart:convert';

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/models.dart';

import '../support/node.dart' show codeOf;
import '../support/runner.dart';

/// A server that answers logins and requests for the friend list.
final class _Server implements Link {
  List<String> friends = ['ann', 'bob'];

  /// The code with which the next requests for a list are refused; null if they
  /// are answered.
  int? refusal;

  /// The number of requests for a list.
  int asked = 0;
  StreamController<String> _texts = StreamController();

  Link connect(Uri server) {
    _texts = StreamController();
    return this;
  }

  @override
  Future<void> get ready => Future.value();

  @override
  Stream<String> get messages => _texts.stream;

  void say(Map<String, Object?> message) {
    if (!_texts.isClosed) {
      _texts.add(jsonEncode(message));
    }
  }

  @override
  void send(String text) {
    final message = jsonDecode(text) as Map<String, Object?>;
    final id = message['id'];
    if (message.containsKey('login')) {
      say({
        'id': id,
        'login': {'listsVersion': '1', 'snapshotComplete': true},
      });
    } else if (message.containsKey('getFriendList')) {
      asked += 1;
      say({
        'id': id,
        if (refusal != null)
          'refusal': {'code': refusal, 'message': 'no'}
        else
          'getFriendList': {
            'friends': [
              for (final user in friends)
                {
                  'userId': user,
                  'profile': {'userId': user},
                },
            ],
            'finished': true,
            'listsVersion': '1',
          },
      });
    }
  }

  @override
  void close() => _texts.close().ignore();
}

/// Runs [body] with a client that is logged in, and its lists.
Future<void> _withLists(
  Future<void> Function(_Server server, LamplightClient client, ListsSync lists)
      body,
) async {
  final server = _Server();
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
    late final _Server refusing;
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
