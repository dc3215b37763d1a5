/// The address of the client port.
library;

/// Parses the address of a server: `ws://` or `wss://`, a host, and an optional
/// port and path. `http://` and `https://` are accepted for `ws://` and
/// `wss://`.
Uri serverAddress(String server) {
  Never wrong(String why) => throw ArgumentError.value(
        server,
        'server',
        '$why; expected ws://host[:port] or wss://host[:port]',
      );
  final uri = Uri.tryParse(server.trim());
  if (uri == null) wrong('is not a URI');
  final scheme = switch (uri.scheme) {
    'ws' || 'http' => 'ws',
    'wss' || 'https' => 'wss',
    _ => wrong('has a wrong scheme'),
  };
  if (uri.host.isEmpty) wrong('has no host');
  if (uri.userInfo.isNotEmpty) wrong('must not contain a user');
  if (uri.hasFragment) wrong('must not have a fragment');
  if (uri.hasPort && (uri.port < 1 || uri.port > 65535)) {
    wrong('must have a port from 1 to 65535');
  }
  return uri.replace(scheme: scheme, path: uri.path.isEmpty ? '/' : uri.path);
}
