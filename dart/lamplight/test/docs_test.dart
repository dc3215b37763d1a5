/// Tests that the code in the pages about this package compiles, except code
/// that needs Flutter.
library;

import 'dart:io';

import 'support/package.dart';
import 'support/runner.dart';

/// The declarations that the code in the pages needs.
const _around = '''
late final String userId;
late final String userSig;
late final String folder;
late final dynamic sdkListener;
''';

/// The libraries that are imported into a block of code that has no imports.
const _imports = ['lamplight', 'io', 'models'];

void main() {
  test('the code of the pages compiles, but for the widgets', () async {
    final package = packageFolder();
    final folder = Directory.systemTemp.createTempSync('lamplight-docs-');
    final names = <String>[];
    final widgets = <String>[];
    for (final page in const [
      'README.md',
      'COMPAT.md',
      '../../README.md',
      '../../README.zh-CN.md',
      '../../docs/how-to/flutter.md',
    ]) {
      final text = File('${package.path}/$page').readAsStringSync();
      final blocks =
          RegExp(r'^```dart\n(.*?)^```$', multiLine: true, dotAll: true)
              .allMatches(text);
      for (final (at, block) in blocks.indexed) {
        final code = block[1]!;
        final name = '$page $at';
        if (code.contains('package:flutter/') || code.contains('State<')) {
          widgets.add(name);
          continue;
        }
        final lines = code.split('\n');
        bool isImport(String line) => line.startsWith('import ');
        final own = lines.where(isImport).toList();
        File('${folder.path}/block_${names.length}.dart').writeAsStringSync(
          [
            if (own.isEmpty)
              for (final one in _imports) "import 'package:lamplight/$one.dart';",
            ...own,
            _around,
            'Future<void> block() async {',
            ...lines.where((line) => !isImport(line)),
            '}',
          ].join('\n'),
        );
        names.add(name);
      }
    }
    equal(names.toSet(), {
      'README.md 0',
      'README.md 1',
      'COMPAT.md 0',
      '../../README.md 0',
      '../../README.md 1',
      '../../README.zh-CN.md 0',
      '../../README.zh-CN.md 1',
      '../../docs/how-to/flutter.md 0',
      '../../docs/how-to/flutter.md 3',
    });
    equal(
      widgets.toSet(),
      {'../../docs/how-to/flutter.md 1', '../../docs/how-to/flutter.md 2'},
    );

    // The program only compiles the blocks; none of them runs.
    final program = File('${folder.path}/main.dart');
    final count = names.length;
    program.writeAsStringSync([
      for (var i = 0; i < count; i++) "import 'block_$i.dart' as block_$i;",
      'void main() => print([',
      for (var i = 0; i < count; i++) 'block_$i.block,',
      '].length);',
    ].join('\n'));
    final result = await Process.run(
      Platform.resolvedExecutable,
      ['--packages=${Platform.packageConfig}', program.path],
    );
    equal(
      (result.exitCode, result.stdout, result.stderr),
      (0, '$count\n', ''),
      'as $names',
    );
    folder.deleteSync(recursive: true);
    // The time limit is long, because the test runs a second compiler and the
    // machine may be busy.
  }, most: const Duration(minutes: 5));
}
