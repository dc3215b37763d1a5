/// Logs in, loses its connection, and closes its client. The program must then
/// exit by itself. `dart closer.dart SERVER`.
library;

import 'dart:io';

import 'package:lamplight/lamplight.dart';

Future<void> main(List<String> arguments) async {
  final client = LamplightClient(server: arguments.single, appId: 1);
  final lost = client.events.firstWhere((event) => event is DisconnectedEvent);
  await client.login('me', 'sig');
  stdout.writeln(await lost);
  await client.close();
  stdout.writeln('closed');
}
