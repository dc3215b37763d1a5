/// Runs the tests of the package: `dart test/run.dart [PART OF A NAME]`.
library;

import 'dart:io';

import 'arrows_test.dart' as arrows;
import 'compat/absent_test.dart' as absent;
import 'compat/black_list_test.dart' as black_list;
import 'compat/compat_test.dart' as compat;
import 'compat/lists_test.dart' as compat_lists;
import 'compat/overlap_test.dart' as compat_overlap;
import 'compat/presence_program_test.dart' as presence_program;
import 'compat/types_test.dart' as compat_types;
import 'docs_test.dart' as docs;
import 'end_to_end/chats_test.dart' as chats;
import 'end_to_end/example_test.dart' as example;
import 'end_to_end/hostile_test.dart' as hostile;
import 'end_to_end/returns_test.dart' as returns;
import 'end_to_end/sessions_test.dart' as sessions;
import 'end_to_end/statuses_test.dart' as statuses;
import 'end_to_end/timers_test.dart' as timers;
import 'event_stream_test.dart' as event_stream;
import 'event_queue_test.dart' as event_queue;
import 'machine/cache_test.dart' as cache;
import 'machine/fixtures_test.dart' as fixtures;
import 'machine/full_link_test.dart' as full_link;
import 'machine/lifecycle_test.dart' as lifecycle;
import 'machine/restore_test.dart' as restore;
import 'machine/scripts_test.dart' as scripts;
import 'models/kit_test.dart' as kit;
import 'models/ledger_test.dart' as ledger;
import 'models/lists_sync_test.dart' as lists_sync;
import 'models/listeners_test.dart' as listeners;
import 'models/rows_test.dart' as rows;
import 'models/table_test.dart' as table;
import 'pages/pages_test.dart' as pages;
import 'support/runner.dart';
import 'text_test.dart' as text;
import 'wire_test.dart' as wire;

/// The main functions of all test files, by path.
const _files = <String, void Function()>{
  'arrows_test.dart': arrows.main,
  'compat/absent_test.dart': absent.main,
  'compat/black_list_test.dart': black_list.main,
  'compat/compat_test.dart': compat.main,
  'compat/lists_test.dart': compat_lists.main,
  'compat/overlap_test.dart': compat_overlap.main,
  'compat/presence_program_test.dart': presence_program.main,
  'compat/types_test.dart': compat_types.main,
  'docs_test.dart': docs.main,
  'end_to_end/chats_test.dart': chats.main,
  'end_to_end/example_test.dart': example.main,
  'end_to_end/hostile_test.dart': hostile.main,
  'end_to_end/returns_test.dart': returns.main,
  'end_to_end/sessions_test.dart': sessions.main,
  'end_to_end/statuses_test.dart': statuses.main,
  'end_to_end/timers_test.dart': timers.main,
  'event_stream_test.dart': event_stream.main,
  'event_queue_test.dart': event_queue.main,
  'machine/cache_test.dart': cache.main,
  'machine/fixtures_test.dart': fixtures.main,
  'machine/full_link_test.dart': full_link.main,
  'machine/lifecycle_test.dart': lifecycle.main,
  'machine/restore_test.dart': restore.main,
  'machine/scripts_test.dart': scripts.main,
  'models/kit_test.dart': kit.main,
  'models/ledger_test.dart': ledger.main,
  'models/lists_sync_test.dart': lists_sync.main,
  'models/listeners_test.dart': listeners.main,
  'models/rows_test.dart': rows.main,
  'models/table_test.dart': table.main,
  'pages/pages_test.dart': pages.main,
  'text_test.dart': text.main,
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
