/// Parts of the SDK for programs with `dart:io`: the connector by its
/// WebSocket, and a device id that is kept in a file.
library;

export 'src/platform/io.dart' show deviceIdIn, ioConnector;
