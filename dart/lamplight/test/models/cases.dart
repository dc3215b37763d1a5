/// Reads the test cases that the Dart SDK shares with the web kit.
library;

import 'dart:convert';
import 'dart:io';

const String _cases = 'web/packages/uikit/test/cases';

/// Reads a file of cases.
String readCases(String name) {
  for (final start in [Platform.script.resolve('.'), Directory.current.uri]) {
    var folder = Directory.fromUri(start).absolute;
    while (folder.path != folder.parent.path) {
      final file = File('${folder.path}/$_cases/$name');
      if (file.existsSync()) {
        return file.readAsStringSync();
      }
      folder = folder.parent;
    }
  }
  throw StateError('$_cases/$name is in no folder above this program');
}

/// Reads a file of cases as a JSON object.
Map<String, Object?> readJsonCases(String name) =>
    jsonDecode(readCases(name)) as Map<String, Object?>;

List<Map<String, Object?>> casesOf(Map<String, Object?> file, String name) =>
    (file[name]! as List<Object?>).cast<Map<String, Object?>>();
