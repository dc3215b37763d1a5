/// Watches a user, says hello, and logs out after some seconds:
///
/// ```sh
/// lamplight serve &
/// dart example/lamplight_example.dart alice "$(lamplight sig alice)" bob
/// ```
library;

import 'dart:io';

import 'package:lamplight/lamplight.dart';

Future<void> main(List<String> arguments) async {
  if (arguments.length < 3) {
    stderr.writeln('usage: USER TOKEN PEER [SERVER [SECONDS]]');
    exitCode = 2;
    return;
  }
  final [user, token, peer, ...rest] = arguments;
  await watch(
    server: rest.isEmpty ? 'ws://localhost:7400' : rest.first,
    user: user,
    token: token,
    peer: peer,
    end: Future<void>.delayed(
      Duration(seconds: rest.length < 2 ? 60 : int.parse(rest[1])),
    ),
    say: stdout.writeln,
  );
}

/// Logs a user in, and reports the events about a peer until [end] completes.
Future<void> watch({
  required String server,
  required String user,
  required String token,
  required String peer,
  required Future<void> end,
  required void Function(String line) say,
}) async {
  final client = LamplightClient(server: server, appId: 1400000001);
  client.events.listen((event) {
    switch (event) {
      case StatusChangedEvent(:final statuses):
        for (final status in statuses) {
          say('${status.userId} is ${status.type.name} ${status.customStatus}');
        }
      case MessagesReceivedEvent(:final messages):
        for (final message in messages) {
          say('${message.from}: ${message.text}');
        }
      case DisconnectedEvent(:final why):
        say('disconnected: ${why.message}');
      case SessionEndedEvent():
        say('the session is over');
      default:
    }
  });
  try {
    await client.login(user, token);
    final subscribed = await client.subscribeUserStatus([peer]);
    for (final failure in subscribed.failures) {
      say('${failure.userId}: ${failure.message}');
    }
    await client.setSelfStatus('trying the Dart SDK');
    await client.sendTextMessage(peer, 'hello from Dart');
    await end;
    await client.logout();
  } on LamplightException catch (error) {
    say('$error');
  } finally {
    await client.close();
  }
}
