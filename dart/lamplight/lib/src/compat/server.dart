/// Sets the address of the server for programs that were written for the
/// cloud's plugin. Such a program contains no address.
library;

import '../client.dart';
import '../device_id.dart';
import '../model/status.dart';
import '../transport.dart';
import 'session.dart';

/// The settings that a program must add if it was written for the cloud's
/// plugin: the address of the server, and options.
abstract final class Lamplight {
  static final String _ofThisProcess = newDeviceId();

  /// Sets the address of the server: `ws://host[:port]` or `wss://host[:port]`.
  /// Call this before `initSDK`. A call after `initSDK` takes effect only after
  /// `unInitSDK`, at the next `initSDK`.
  ///
  /// [deviceId] identifies this device, and should be the same at every start.
  /// Store one with `deviceIdIn` of `package:lamplight/io.dart`, or in the
  /// application's own settings. The default is a random id for this process,
  /// so every start counts as another device.
  ///
  /// The default [platform] is that of this machine. The default [connector]
  /// uses the WebSocket of `dart:io`. [callTimeout] is the longest time from a
  /// call to its answer. [language] is the language of the lists: `en` or `zh`
  /// (the default).
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

  /// The client that the calls of the plugin use; null before `initSDK`. It has
  /// features that the plugin does not have: `networkChanged`, `appPaused`,
  /// `appResumed`, and the reason and the time of statuses.
  static LamplightClient? get client => session.running?.client;
}
