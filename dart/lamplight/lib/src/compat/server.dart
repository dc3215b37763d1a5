/// The place of the server, which programs of the cloud do not name.
library;

import '../client.dart';
import '../device_id.dart';
import '../model/status.dart';
import '../transport.dart';
import 'session.dart';

/// The part of Lamplight that a program of the cloud names: its server.
abstract final class Lamplight {
  static final String _ofThisProcess = newDeviceId();

  /// Says where the server is: `ws://host[:port]` or `wss://host[:port]`. To
  /// be called before `initSDK`; holds from the next one on.
  ///
  /// [deviceId] names this device, and is to be the same at every start: keep
  /// one with `deviceIdIn` of `package:lamplight/io.dart`, or in the
  /// application's own settings. Default: a random one for the life of this
  /// process, which makes every start another device. [platform] defaults to
  /// that of this machine, [connector] to the WebSocket of `dart:io`.
  /// [language] is that of the lists: `en` or `zh`.
  static void configure({
    required String server,
    String? deviceId,
    DevicePlatform? platform,
    Connector? connector,
    Duration callTimeout = const Duration(seconds: 10),
    String language = 'zh',
  }) {
    session.configuration = Configuration(
      server: server,
      deviceId: deviceId ?? _ofThisProcess,
      platform: platform,
      connector: connector,
      callTimeout: callTimeout,
      language: language,
    );
  }

  /// The client behind the plugin's calls; null before `initSDK`. For what the
  /// plugin has no call for: `networkChanged`, `appPaused`, `appResumed`, the
  /// evidence of statuses.
  static LamplightClient? get client => session.running?.client;
}
