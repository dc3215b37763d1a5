/// Parts of the SDK for programs with `dart:io`: a connector with its
/// WebSocket, and a device id stored in a file.
library;

export 'src/platform/io.dart' show deviceIdIn, ioConnector;
