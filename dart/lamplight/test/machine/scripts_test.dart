/// Runs the scripts that all SDKs share: `crates/client/tests/sdk/*.txt`.
library;

import 'dart:io';

import '../support/runner.dart';
import '../support/script.dart';

void main() {
  final shared = Platform.script.resolve('../../../crates/client/tests/sdk/');
  for (final (name, least) in [
    ('connection.txt', 40),
    ('relogin.txt', 15),
    ('calls.txt', 10),
    ('heartbeats.txt', 8),
    ('restore.txt', 8),
    ('lists.txt', 10),
  ]) {
    test('the scenarios of $name', () {
      final text = File.fromUri(shared.resolve(name)).readAsStringSync();
      final played = playAll(text);
      check(played >= least, '$played scenarios were played');
    });
  }
}
