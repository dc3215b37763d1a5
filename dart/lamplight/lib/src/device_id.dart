/// The id of a device.
library;

import 'dart:math';

import 'wire/checks.dart';

/// Whether a text is a valid device id: 1 to 64 bytes of printable ASCII.
bool isDeviceId(String text) => isPrintable(text, 64);

/// Returns a new random device id.
String newDeviceId() => 'dart-${randomHex(16)}';

/// Returns [bytes] random bytes as hexadecimal digits.
String randomHex(int bytes) {
  final random = Random.secure();
  final digits = StringBuffer();
  for (var i = 0; i < bytes; i++) {
    digits.write(random.nextInt(256).toRadixString(16).padLeft(2, '0'));
  }
  return '$digits';
}
