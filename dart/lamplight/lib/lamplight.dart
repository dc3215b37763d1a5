/// The Dart SDK of Lamplight: online status, friends, profiles and messages.
///
/// ```dart
/// final client = LamplightClient(
///   server: 'ws://localhost:7400',
///   appId: 1400000001, // the app that a server makes at its first start
/// );
/// client.events.listen((event) {
///   if (event is StatusChangedEvent) print(event.statuses);
/// });
/// await client.login('alice', userSig);
/// await client.subscribeUserStatus(['bob']);
/// ```
library;

export 'src/client.dart' show LamplightClient;
export 'src/model/codes.dart' show LamplightCode;
export 'src/model/events.dart';
export 'src/model/exception.dart';
export 'src/model/lists.dart';
export 'src/model/results.dart';
export 'src/model/status.dart';
export 'src/transport.dart' show Connector, Link, subprotocol;
