/// A real server: the program with its own data folder, on loopback.
library;

import 'dart:convert';
import 'dart:io';

import 'package:lamplight/lamplight.dart';

import 'runner.dart';

/// The longest time until the program is ready, or answers.
const _patience = Duration(seconds: 30);

/// The path of the server's program. If the program does not exist, the tests
/// fail.
final String program = _program();

String _program() {
  final named = Platform.environment['LAMPLIGHT_BIN'];
  final built = Platform.script.resolve('../../../target/debug/lamplight');
  final path = named ?? built.toFilePath();
  if (!File(path).existsSync()) {
    throw StateError(
      '$path is missing: run `cargo build -p lamplight`, or name the program '
      'in LAMPLIGHT_BIN',
    );
  }
  return File(path).absolute.path;
}

/// A server with one app.
final class Node {
  Node._(this._folder, this._port, this._settings);

  /// Starts a server, and waits until clients can connect. [settings] are
  /// environment variables of docs/configuration.md.
  static Future<Node> start([Map<String, String> settings = const {}]) async {
    final probe = await ServerSocket.bind(InternetAddress.loopbackIPv4, 0);
    final port = probe.port;
    await probe.close();
    final folder = Directory.systemTemp.createTempSync('lamplight-dart-');
    final node = Node._(folder, port, settings);
    lastly.add(node.end);
    await node.restart();
    return node;
  }

  /// The first app, which every new server creates.
  static const app = 1400000001;

  final Directory _folder;
  final int _port;
  final Map<String, String> _settings;
  Process? _process;

  /// The address of the client port.
  String get url => 'ws://127.0.0.1:$_port';

  String get _data => '${_folder.path}/data';

  /// Starts the program again, with the same folder and port.
  Future<void> restart() async {
    final words = [
      'serve',
      ...['--client-listen', '127.0.0.1:$_port'],
      ...['--http-listen', '127.0.0.1:0'],
      ...['--workers', '1'],
      ...['--data-dir', _data],
      ...['--log', 'error'],
    ];
    final process = await Process.start(
      program,
      words,
      environment: {..._environment, ..._settings},
      includeParentEnvironment: false,
    );
    _process = process;
    process.stderr.listen(stderr.add);
    final lines =
        process.stdout.transform(utf8.decoder).transform(const LineSplitter());
    final seen = <String>[];
    final isReady = lines.any((line) {
      seen.add(line);
      return line.contains('in a third');
    });
    if (!await isReady.timeout(_patience)) {
      throw StateError('the server ended before it was ready: $seen');
    }
  }

  /// Kills the server as `kill -9` does.
  Future<void> kill() async {
    final process = _process;
    _process = null;
    process?.kill(ProcessSignal.sigkill);
    await process?.exitCode;
  }

  /// Ends the server in an orderly way, as a restart of the service does.
  Future<void> stop() async {
    final process = _process;
    _process = null;
    process?.kill();
    await process?.exitCode.timeout(_patience);
  }

  /// Ends the server, and deletes its folder.
  Future<void> end() async {
    lastly.remove(end);
    await kill();
    _folder.deleteSync(recursive: true);
  }

  /// Runs an operator's command.
  Future<String> command(List<String> words) async {
    final result = await Process.run(
      program,
      [...words, '--data-dir', _data],
      environment: _environment,
      includeParentEnvironment: false,
    );
    if (result.exitCode != 0) {
      throw StateError('$words: ${result.stderr}${result.stdout}');
    }
    return (result.stdout as String).trim();
  }

  /// Changes settings of the app.
  Future<void> set(List<String> words) =>
      command(['app', 'set', '$app', ...words]);

  /// Creates a UserSig, as a backend does.
  Future<String> sig(String user, [String expire = '1h']) =>
      command(['sig', user, '--expire', expire]);

  /// Creates a client that is not logged in.
  LamplightClient client({
    DevicePlatform platform = DevicePlatform.linux,
    String? deviceId,
    Duration callTimeout = const Duration(seconds: 10),
    Connector? connector,
  }) =>
      LamplightClient(
        server: url,
        appId: app,
        platform: platform,
        deviceId: deviceId,
        callTimeout: callTimeout,
        connector: connector,
      );

  /// Creates a logged-in client, and records its events.
  Future<Watcher> login(
    String user, {
    DevicePlatform platform = DevicePlatform.linux,
    String? deviceId,
    String expire = '1h',
  }) async {
    final watcher =
        Watcher(client(platform: platform, deviceId: deviceId), user);
    await watcher.client.login(user, await sig(user, expire));
    return watcher;
  }
}

/// Declares a test that has its own server.
void nodeTest(String name, Future<void> Function(Node node) body) =>
    test(name, () async {
      final node = await Node.start();
      try {
        await body(node);
      } finally {
        await node.end();
      }
    });

/// Returns the code with which a call fails. Fails if the call succeeds.
Future<int> codeOf(Future<Object?> Function() call) async =>
    (await throws<LamplightException>(call)).code;

/// Waits until the subscription list of an account equals [users]. Reads the
/// list often, so the rate limit of the app must be high.
Future<void> untilSubscribed(LamplightClient client, List<String> users) {
  final wanted = users.join(' ');
  return until('$wanted are subscribed to', () async {
    return (await client.getSubscriptions()).users.join(' ') == wanted;
  });
}

/// A client, and all events that it has emitted.
final class Watcher {
  /// Starts recording the events of a client.
  Watcher(this.client, this.user) {
    client.events.listen(events.add);
  }

  final LamplightClient client;

  /// The user that is logged in.
  final String user;

  /// The events in order.
  final List<LamplightEvent> events = [];

  /// Returns the recorded events of one type.
  List<E> told<E extends LamplightEvent>() => events.whereType<E>().toList();

  /// Returns the reported statuses of a user in order, in a short form.
  List<String> statusesOf(String user) => [
        for (final event in told<StatusChangedEvent>())
          for (final status in event.statuses)
            if (status.userId == user)
              [
                status.type.name,
                if (status.customStatus.isNotEmpty) status.customStatus,
              ].join(' '),
      ];

  /// Returns the last known status of a user, in a short form.
  String of(String user) => client.cachedStatus(user)?.type.name ?? 'nothing';
}

/// The environment of this process without the variables of Lamplight. They
/// would change the settings of the program.
final Map<String, String> _environment = {
  for (final MapEntry(:key, :value) in Platform.environment.entries)
    if (!key.startsWith('LAMPLIGHT_')) key: value,
};
