/// Tests that each file of the package uses only the files that it may use.
library;

import 'dart:io';

import 'support/runner.dart';

void main() {
  final lib = Directory.fromUri(Platform.script.resolve('../lib/'));
  final texts = {
    for (final entry in lib.listSync(recursive: true))
      if (entry.path.endsWith('.dart'))
        entry.path.substring(lib.path.length):
            File(entry.path).readAsStringSync(),
  };

  List<String> filesWith(Pattern pattern, [String below = '']) => [
        for (final MapEntry(key: path, value: text) in texts.entries)
          if (path.startsWith(below) && text.contains(pattern)) path,
      ]..sort();

  test('the package depends on nothing but the SDK of Dart', () {
    check(texts.length > 20, 'the files are there');
    final foreign = RegExp("(import|export) 'package:(?!lamplight/)");
    equal(filesWith(foreign), <String>[]);
  });

  test('one file knows dart:io, so that the rest compiles for a browser', () {
    equal(filesWith("import 'dart:io'"), ['src/platform/io.dart']);
    equal(
      filesWith(RegExp("^import '[^']*platform/io.dart'", multiLine: true)),
      <String>[],
      'it is only imported where there is one',
    );
  });

  test('the machine knows no clock, no randomness, no timer and no stream', () {
    final forbidden = RegExp(
      r"import 'dart:(io|async)|Stopwatch|Random\(|Timer|DateTime\.(now|time)",
    );
    equal(filesWith(forbidden, 'src/machine/'), <String>[]);
    equal(filesWith(forbidden, 'src/wire/'), <String>[]);
  });

  test('only what tells moments to people knows the time of day', () {
    // A component that measures time with the time of day would stop working
    // while that clock is set back.
    equal(
      filesWith(RegExp(r'DateTime\.(now|timestamp)')),
      [
        'src/client.dart',
        'src/compat/message_manager.dart',
        'src/models/list_models.dart',
      ],
    );
  });
}
