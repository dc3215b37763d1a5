/// The parts of the SDK that use `dart:io`: the connector with its WebSocket,
/// the platform of this machine, and a device id in a file.
library;

import 'dart:async';
import 'dart:io';

import '../device_id.dart';
import '../model/status.dart';
import '../transport.dart';

/// The platform of this machine. On a platform that Lamplight does not have, it
/// is Linux.
DevicePlatform thisPlatform() => switch (Platform.operatingSystem) {
      'android' => DevicePlatform.android,
      'ios' => DevicePlatform.iPhone,
      'macos' => DevicePlatform.mac,
      'windows' => DevicePlatform.windows,
      _ => DevicePlatform.linux,
    };

/// The default connector of this platform.
Connector defaultConnector() => ioConnector();

/// Returns a connector that uses the WebSocket of `dart:io`. [context] has the
/// trusted certificates. By default, the certificates of the system are
/// trusted.
Connector ioConnector({SecurityContext? context}) =>
    (server) => _IoLink(server, HttpClient(context: context));

/// Returns the device id in the file [path]. If the file does not exist,
/// creates it with a new id. The folder must exist.
///
/// Throws a [FileSystemException] if the file cannot be read or created. Throws
/// a [FormatException] if its content is not a device id.
String deviceIdIn(String path) {
  final file = File(path);
  if (file.existsSync()) {
    final kept = file.readAsStringSync().trim();
    if (isDeviceId(kept)) return kept;
    throw FormatException('$path does not contain a device id', kept);
  }
  final made = newDeviceId();
  // The file is written under another name and then renamed, so that no reader
  // ever sees a partly written file.
  File('$path.new')
    ..writeAsStringSync('$made\n', flush: true)
    ..renameSync(path);
  return made;
}

final class _IoLink implements Link {
  _IoLink(Uri server, this._http) {
    ready = _open(server);
  }

  final HttpClient _http;
  WebSocket? _socket;
  bool _isClosed = false;

  @override
  late final Future<void> ready;

  Future<void> _open(Uri server) async {
    try {
      final socket = await WebSocket.connect(
        '$server',
        protocols: const [subprotocol],
        compression: CompressionOptions.compressionOff,
        customClient: _http,
      );
      // The WebSocket has taken over the only connection of this HTTP client.
      _http.close();
      if (_isClosed) {
        socket.close().ignore();
        throw const WebSocketException('the attempt to connect was aborted');
      }
      _socket = socket;
      if (socket.protocol != subprotocol) {
        throw const WebSocketException(
          'the server did not accept the subprotocol $subprotocol',
        );
      }
    } on Object {
      close();
      rethrow;
    }
  }

  @override
  Stream<String> get messages => _socket!.map(
        (message) => message is String
            ? message
            : throw const FormatException(
                'the server sent a message that is not text',
              ),
      );

  @override
  void send(String text) {
    final socket = _socket;
    if (!_isClosed && socket?.readyState == WebSocket.open) socket!.add(text);
  }

  @override
  void close() {
    if (_isClosed) return;
    _isClosed = true;
    _http.close(force: true);
    _socket?.close().ignore();
  }
}
