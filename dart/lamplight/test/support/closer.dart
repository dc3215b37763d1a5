/// Logs in, loses the connection, and closes the client. The program must then
/// end by itself. `dart closer.dart SERVER`.
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
