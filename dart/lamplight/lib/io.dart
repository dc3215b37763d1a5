/// The parts of the SDK for programs with `dart:io`: a connector that uses its
/// WebSocket, and a device id that is stored in a file.
library;

export 'src/platform/io.dart' show deviceIdIn, ioConnector;
