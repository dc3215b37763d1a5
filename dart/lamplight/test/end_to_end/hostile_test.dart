/// Tests servers that do not speak the protocol, or that break it.
library;

import 'dart:async';
import 'dart:convert';
import 'dart:io';

import 'package:lamplight/lamplight.dart';

import '../support/node.dart' show Watcher, codeOf;
import '../support/package.dart';
import '../support/runner.dart';

/// A server that answers logins, and then sends messages that the test chooses.
final class _Fake {
  _Fake._(this._server);

  static Future<_Fake> start({String? protocol = subprotocol}) async {
    final server = await HttpServer.bind(InternetAddress.loopbackIPv4, 0);
    final fake = _Fake._(server);
    server.listen((request) async {
      if (fake.status != HttpStatus.switchingProtocols) {
        request.response.statusCode = fake.status;
        return request.response.close().ignore();
      }
      final socket = await WebSocketTransformer.upgrade(
        request,
        protocolSelector: protocol == null ? null : (_) => protocol,
      );
      fake.sockets.add(socket);
      late final StreamSubscription<Object?> listening;
      listening = socket.listen((message) {
        fake.hear(socket, message as String);
        // A WebSocket whose messages are not read does not notice its end.
        if (fake.isDeafAfterLogin) listening.pause();
      });
    });
    return fake;
  }

  final HttpServer _server;
  final List<WebSocket> sockets = [];

  /// The HTTP status of the answer to the request that opens the WebSocket.
  int status = HttpStatus.switchingProtocols;

  /// The answer to a login; null if the server sends none.
  Map<String, Object?>? login = const {'snapshotComplete': true};

  /// Whether the server reads nothing after the login. If so, it does not
  /// notice the end of the connection.
  bool isDeafAfterLogin = false;

  /// The requests that were received.
  final List<Map<String, Object?>> requests = [];

  String get url => 'ws://127.0.0.1:${_server.port}';

  void hear(WebSocket socket, String text) {
    final message = jsonDecode(text) as Map<String, Object?>;
    requests.add(message);
    if (message.containsKey('login') && login != null) {
      socket.add(jsonEncode({'id': message['id'], 'login': login}));
    }
  }

  Future<void> end() async {
    for (final socket in sockets) {
      socket.close().ignore();
    }
    await _server.close(force: true);
  }

  Watcher watcher({Duration callTimeout = const Duration(seconds: 10)}) =>
      Watcher(
        LamplightClient(server: url, appId: 1, callTimeout: callTimeout),
        'me',
      );
}

/// A link that opens when the test completes [isReady], and that cannot send
/// anything.
final class _OddLink implements Link {
  final Completer<void> isReady = Completer();
  bool isHeard = false;
  bool isClosed = false;

  @override
  Future<void> get ready => isReady.future;

  @override
  Stream<String> get messages {
    isHeard = true;
    return const Stream.empty();
  }

  @override
  void send(String text) => throw StateError('it cannot send');

  @override
  void close() => isClosed = true;
}

void main() {
  test('a frame that is no message costs the link, and nothing else', () async {
    final fake = await _Fake.start();
    final me = fake.watcher();
    await me.client.login('me', 'sig');
    final frames = <Object>[
      '',
      'nonsense',
      'null',
      '[1]',
      '{"statusChanged": {"statuses": [{"userId": 7}]}}',
      '{"listsChanged": {"messages": [[]]}}',
      '{"connectionEnded": {"retryAfterMs": "soon"}}',
      '{"connectionEnded": {"retryAfterMs": 1e999}}',
      '{"id": 1e999, "refusal": {"code": 1}}',
      '{"statusChanged": ${'{"a":' * 50000}1${'}' * 50000}',
      '"${'x' * (9 << 20)}"',
      [0, 1, 2],
    ];
    for (final frame in frames) {
      me.events.clear();
      fake.sockets.last.add(frame);
      await until(
        'the link is given up',
        () => me.told<DisconnectedEvent>().isNotEmpty,
      );
      equal(
        me.told<DisconnectedEvent>().single.why.kind,
        LinkEndKind.protocol,
      );
      me.client.networkChanged();
      await until('it is back', () => me.client.isConnected);
    }
    equal(me.client.userId, 'me');
    await me.client.close();
    await fake.end();
  });

  test('messages that mean nothing change nothing', () async {
    final fake = await _Fake.start();
    final me = fake.watcher();
    await me.client.login('me', 'sig');
    for (final message in [
      '{}',
      '{"id": "99", "getUserStatus": {}}',
      '{"id": "0", "refusal": {"code": 1}}',
      '{"id": "18446744073709551615", "logout": {}}',
      '{"aNewerContract": {"hasThis": true}}',
      '{"statusChanged": {"statuses": [{"userId": "", "version": "1"}]}}',
      '{"statusChanged": {}}',
      '{"listsChanged": {}}',
      '{"appChanged": {}}',
    ]) {
      fake.sockets.last.add(message);
    }
    fake.sockets.last.add('{"statusChanged": '
        '{"statuses": [{"userId": "ann", "version": "1"}]}}');
    await until('the last one is heard', () => me.of('ann') == 'unknown');
    check(me.client.isConnected, 'the link stands');
    equal(me.told<DisconnectedEvent>(), <DisconnectedEvent>[]);
    equal(me.told<SessionEndedEvent>(), <SessionEndedEvent>[]);
    await me.client.close();
    await fake.end();
  });

  test('an answer of another kind costs the link, and its call', () async {
    final fake = await _Fake.start();
    final me = fake.watcher();
    await me.client.login('me', 'sig');
    final asked = codeOf(() => me.client.getUserStatus(['ann']));
    await until('it is asked', () => fake.requests.length == 2);
    final id = fake.requests.last['id'];
    fake.sockets.last.add('{"id": "$id", "getSubscriptions": {}}');
    equal(await asked, 9520);
    await me.client.close();
    await fake.end();
  });

  test('an older version never replaces a newer one', () async {
    final fake = await _Fake.start();
    final me = fake.watcher();
    await me.client.login('me', 'sig');
    for (final version in [5, 3, 5, 4, 6]) {
      final status = {'userId': 'ann', 'version': '$version'};
      fake.sockets.last.add(
        jsonEncode({
          'statusChanged': {
            'statuses': [status],
          },
        }),
      );
    }
    await until(
      'the newest is there',
      () => me.client.cachedStatus('ann')?.version == BigInt.from(6),
    );
    final told = [
      for (final event in me.told<StatusChangedEvent>())
        for (final status in event.statuses) status.version.toInt(),
    ];
    equal(told, [...{...told}]..sort(), 'each version once, and rising');
    await me.client.close();
    await fake.end();
  });

  test('a login fails with a code, whatever the server does', () async {
    final fake = await _Fake.start();
    fake.login = const {'heartbeatTimeoutMs': 'never'};
    final me = fake.watcher(callTimeout: const Duration(milliseconds: 700));
    equal(await codeOf(() => me.client.login('me', 'sig')), 9508);
    fake.login = null;
    equal(await codeOf(() => me.client.login('me', 'sig')), 9520);
    fake.status = HttpStatus.notFound;
    equal(await codeOf(() => me.client.login('me', 'sig')), 9508);
    await until(
      'the application is told',
      () => me.told<LoginFailedEvent>().length == 3,
    );
    equal(me.client.loginUserId, null);
    await me.client.close();
    await fake.end();

    final other = await _Fake.start(protocol: null);
    final you = other.watcher();
    equal(await codeOf(() => you.client.login('me', 'sig')), 9508);
    equal(other.requests, <Map<String, Object?>>[]);
    await you.client.close();
    await other.end();
  });

  test('a server that never answers the upgrade is given up', () async {
    final server = await ServerSocket.bind(InternetAddress.loopbackIPv4, 0);
    final ended = Completer<void>();
    server.listen((socket) {
      socket.listen((_) {}, onError: (_) {}, onDone: ended.complete);
    });
    final client = LamplightClient(
      server: 'ws://127.0.0.1:${server.port}',
      appId: 1,
      callTimeout: const Duration(milliseconds: 300),
    );
    equal(await codeOf(() => client.login('me', 'sig')), 9508);
    await ended.future.timeout(const Duration(seconds: 5));
    await client.close();
    await server.close();
  });

  test('a link that is there after its client was closed is closed', () async {
    final links = <_OddLink>[];
    late LamplightClient client;
    LamplightClient make(Link Function() connect) =>
        client = LamplightClient(
          server: 'ws://127.0.0.1:1',
          appId: 1,
          connector: (_) => connect(),
        );

    make(() {
      links.add(_OddLink());
      return links.last;
    });
    final asked = codeOf(() => client.login('me', 'sig'));
    await client.close();
    links.single.isReady.complete();
    equal(await asked, 6014);
    await until('it is closed', () => links.single.isClosed);
    equal(links.single.isHeard, false);

    // A connector that closes the client while the client calls it.
    make(() {
      unawaited(client.close());
      links.add(_OddLink());
      return links.last;
    });
    equal(await codeOf(() => client.login('me', 'sig')), 6014);
    equal((links.length, links.last.isClosed), (2, true));
  });

  test('a link that cannot send is given up', () async {
    final link = _OddLink()..isReady.complete();
    final client = LamplightClient(
      server: 'ws://127.0.0.1:1',
      appId: 1,
      connector: (_) => link,
    );
    final error =
        await throws<LamplightException>(() => client.login('me', 'sig'));
    equal(error.code, 9508);
    check(error.message.contains('cannot send'), error.message);
    check(link.isClosed, 'it is closed');
    equal(client.loginUserId, null);
    await client.close();
  });

  test('a client that was closed says so, to calls before and after', () async {
    final fake = await _Fake.start();
    final me = fake.watcher();
    await me.client.login('me', 'sig');
    Future<(int, String)> failure(Future<Object?> Function() call) async {
      final error = await throws<LamplightException>(call);
      return (error.code, error.message);
    }

    final asked = failure(() => me.client.getUserStatus(['ann']));
    await me.client.close();
    const closed = (6014, 'not logged in: the client is closed');
    equal(await asked, closed);
    equal(await failure(() => me.client.setSelfStatus('x')), closed);
    equal(await failure(() => me.client.login('me', 'sig')), closed);
    equal(await failure(me.client.logout), closed);
    await fake.end();
  });

  test('a program ends after close, whatever the server says and leaves open',
      () async {
    final fake = await _Fake.start();
    fake.isDeafAfterLogin = true;
    final program = await Process.start(Platform.resolvedExecutable, [
      '--packages=${Platform.packageConfig}',
      '${packageFolder().path}/test/support/closer.dart',
      fake.url,
    ]);
    lastly.add(() async => program.kill(ProcessSignal.sigkill));
    final lines = program.stdout.transform(utf8.decoder).join();
    final errors = program.stderr.transform(utf8.decoder).join();
    await until('it is logged in', () => fake.requests.isNotEmpty);
    // Sends invalid messages until the client has closed the connection.
    final garbage = Timer.periodic(const Duration(milliseconds: 20), (_) {
      for (final socket in fake.sockets) {
        socket.add('nonsense');
      }
    });
    // The WebSocket of dart:io waits 5 s for its peer to close the connection.
    final code =
        await program.exitCode.timeout(const Duration(seconds: 30));
    garbage.cancel();
    final said = await lines;
    equal((code, await errors), (0, ''));
    check(said.contains('DisconnectedEvent(LinkEnd(protocol'), said);
    check(said.endsWith('closed\n'), said);
    for (final socket in fake.sockets) {
      equal(socket.closeCode, null, 'this side has left it open');
    }
    await fake.end();
  });

  test('the await of a call goes on before what the server says after it',
      () async {
    final fake = await _Fake.start();
    final me = fake.watcher();
    await me.client.login('me', 'sig');
    final order = <String>[];
    me.client.events.listen((event) {
      if (event is StatusChangedEvent) order.add('event');
    });
    final asked = () async {
      final page = await me.client.getFriendList();
      await null;
      order.add('page of ${page.length}');
    }();
    await until('it is asked', () => fake.requests.length == 2);
    final id = fake.requests.last['id'];
    // Both messages are sent in one write, so that they arrive together.
    fake.sockets.last
      ..add('{"id": "$id", "getFriendList": {"finished": true}}')
      ..add('{"statusChanged": {"statuses": [{"userId": "a"}]}}');
    await asked;
    await until('both are there', () => order.length == 2);
    equal(order, ['page of 0', 'event']);
    await me.client.close();
    await fake.end();
  });

  test('half of a surrogate pair is refused before it is sent', () async {
    final fake = await _Fake.start();
    final me = fake.watcher();
    const high = '\ud83d';
    const low = '\ude00';
    equal(await codeOf(() => me.client.login('me', 'sig$high')), 70003);
    await me.client.login('me', 'sig');
    equal(await codeOf(() => me.client.updateToken(low)), 70003);
    for (final (name, call) in <(String, Future<Object?> Function())>[
      ('customStatus', () => me.client.setSelfStatus('a$high')),
      ('customStatus', () => me.client.setSelfStatus('${high}a')),
      ('customStatus', () => me.client.setSelfStatus(low)),
      ('customStatus', () => me.client.setSelfStatus('$low$high')),
      ('customStatus', () => me.client.setSelfStatus('$high$high$low')),
      ('nick', () => me.client.setSelfInfo(nick: high)),
      ('text', () => me.client.sendTextMessage('ann', high)),
      (
        'extension',
        () => me.client
            .sendCustomMessage('ann', const CustomContent(extension: low))
      ),
      ('remark', () => me.client.setFriendRemark('ann', low)),
      ('addWording', () => me.client.addFriend('ann', addWording: low)),
      ('cursor', () => me.client.getConversationPage(next: low)),
    ]) {
      final error = await throws<LamplightException>(call);
      equal(error.code, 6017);
      check(
        error.message.contains('$name has half of a surrogate pair'),
        'the text says which: ${error.message}',
      );
    }
    equal(fake.requests.length, 1, 'only the login was sent');
    me.client.setSelfStatus('$high$low and \u{1f600}').ignore();
    await until('a whole pair is sent', () => fake.requests.length == 2);
    equal(
      fake.requests.last['setSelfStatus'],
      {'customStatus': '\u{1f600} and \u{1f600}'},
    );
    await me.client.close();
    await fake.end();
  });

  test('a duration that is none is refused before it is sent', () async {
    final fake = await _Fake.start();
    final me = fake.watcher();
    await me.client.login('me', 'sig');
    for (final (text, expiresIn) in [
      ('x', Duration.zero),
      ('x', const Duration(seconds: -1)),
      ('x', const Duration(days: 30, microseconds: 1)),
      ('', const Duration(seconds: 1)),
    ]) {
      final error = await throws<LamplightException>(
        () => me.client.setSelfStatus(text, expiresIn: expiresIn),
      );
      equal(error.code, 6017);
      check(error.message.contains('expiresIn'), error.message);
    }
    for (final (expiresIn, sent) in [
      (null, {'customStatus': 'x'}),
      (
        const Duration(microseconds: 1),
        {'customStatus': 'x', 'expiresIn': 1},
      ),
      (
        const Duration(seconds: 90),
        {'customStatus': 'x', 'expiresIn': 90},
      ),
      (
        const Duration(days: 30),
        {'customStatus': 'x', 'expiresIn': 2592000},
      ),
    ]) {
      final before = fake.requests.length;
      me.client.setSelfStatus('x', expiresIn: expiresIn).ignore();
      await until('it is sent', () => fake.requests.length == before + 1);
      equal(fake.requests.last['setSelfStatus'], sent);
    }
    await me.client.close();
    await fake.end();
  });

  test('arguments that are none are named', () async {
    LamplightClient client({
      String server = 'ws://localhost:1',
      int appId = 1,
      String? deviceId,
      Duration callTimeout = const Duration(seconds: 1),
    }) =>
        LamplightClient(
          server: server,
          appId: appId,
          deviceId: deviceId,
          callTimeout: callTimeout,
        );
    for (final server in [
      '',
      'localhost',
      'tcp://localhost:1',
      'ws://',
      'ws://a@b',
      'ws://a#b',
      'ws://a:99999',
      'ws://[',
    ]) {
      await throws<ArgumentError>(() => client(server: server));
    }
    await throws<ArgumentError>(() => client(appId: 0));
    await throws<ArgumentError>(() => client(deviceId: ''));
    await throws<ArgumentError>(() => client(deviceId: 'ü'));
    await throws<ArgumentError>(() => client(callTimeout: Duration.zero));
    equal(client(deviceId: 'phone-1').deviceId, 'phone-1');
    check(client().deviceId != client().deviceId, 'random ones differ');
  });
}
