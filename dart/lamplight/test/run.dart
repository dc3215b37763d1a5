/// Runs the tests of the package: `dart test/run.dart [PART OF A NAME]`.
library;

import 'dart:io';

import 'end_to_end/chats_test.dart' as chats;
import 'end_to_end/hostile_test.dart' as hostile;
import 'end_to_end/returns_test.dart' as returns;
import 'end_to_end/sessions_test.dart' as sessions;
import 'end_to_end/statuses_test.dart' as statuses;
import 'end_to_end/timers_test.dart' as timers;
import 'event_stream_test.dart' as event_stream;
import 'feed_test.dart' as feed;
import 'machine/cache_test.dart' as cache;
import 'machine/fixtures_test.dart' as fixtures;
import 'machine/lifecycle_test.dart' as lifecycle;
import 'machine/restore_test.dart' as restore;
import 'machine/scripts_test.dart' as scripts;
import 'support/runner.dart';
import 'wire_test.dart' as wire;

/// Every file of tests, by its path here.
const _files = <String, void Function()>{
  'end_to_end/chats_test.dart': chats.main,
  'end_to_end/hostile_test.dart': hostile.main,
  'end_to_end/returns_test.dart': returns.main,
  'end_to_end/sessions_test.dart': sessions.main,
  'end_to_end/statuses_test.dart': statuses.main,
  'end_to_end/timers_test.dart': timers.main,
  'event_stream_test.dart': event_stream.main,
  'feed_test.dart': feed.main,
  'machine/cache_test.dart': cache.main,
  'machine/fixtures_test.dart': fixtures.main,
  'machine/lifecycle_test.dart': lifecycle.main,
  'machine/restore_test.dart': restore.main,
  'machine/scripts_test.dart': scripts.main,
  'wire_test.dart': wire.main,
};

Future<void> main(List<String> arguments) async {
  inFile('run.dart', () {
    test('every file of tests is run', () {
      final here = Directory.fromUri(Platform.script.resolve('.'));
      final found = [
        for (final entry in here.listSync(recursive: true))
          if (entry.path.endsWith('_test.dart'))
            entry.path.substring(here.path.length),
      ];
      equal(found.toSet(), _files.keys.toSet());
    });
  });
  _files.forEach(inFile);
  await runTests(arguments.join(' '));
}
