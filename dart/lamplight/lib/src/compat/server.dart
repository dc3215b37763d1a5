/// The address of the server, which programs written for the cloud do not set.
library;

import '../client.dart';
import '../device_id.dart';
import '../model/status.dart';
import '../transport.dart';
import 'session.dart';

/// The settings that a program written for the cloud must add: the address of
/// the server, and options.
abstract final class Lamplight {
  static final String _ofThisProcess = newDeviceId();

  /// Sets the address of the server: `ws://host[:port]` or `wss://host[:port]`.
  /// Call this before `initSDK`; a later call takes effect with the next
  /// `initSDK`.
  ///
  /// [deviceId] identifies this device and should be the same at every start.
  /// Store one with `deviceIdIn` of `package:lamplight/io.dart`, or in the
  /// application's own settings. The default is a random id for the life of
  /// this process: every start then counts as another device.
  ///
  /// [platform] defaults to the platform of this machine, [connector] to the
  /// WebSocket of `dart:io`. [language] is the language of the lists: `en` or
  /// `zh`.
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

  /// The client behind the plugin's calls; null before `initSDK`. It has
  /// features that the plugin lacks: `networkChanged`, `appPaused`,
  /// `appResumed`, and the reason and time of statuses.
  static LamplightClient? get client => session.running?.client;
}
