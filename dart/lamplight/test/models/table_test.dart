/// Tests how pages, answers and changes are combined into a list.
library;

import 'package:lamplight/src/models/table.dart';

import '../support/runner.dart';

void main() {
  String shown(ListTable<String> table) =>
      (table.visible.toList()..sort()).join(' ');

  test('pages of the first reading are shown as they come', () {
    final table = ListTable<String>()..beginReading();
    table.put({'a': 'a1'}, 1, isPage: true);
    equal(shown(table), 'a1');
    equal(table.isComplete, false);
    table
      ..put({'b': 'b1'}, 1, isPage: true)
      ..endReading();
    equal((shown(table), table.isComplete), ('a1 b1', true));
  });

  test('an older page undoes nothing that was told since', () {
    final table = ListTable<String>()..beginReading();
    table
      ..put({'a': 'a3'}, 3)
      ..drop(['b'], 3)
      ..put({'a': 'a1', 'b': 'b1', 'c': 'c1'}, 1, isPage: true)
      ..endReading();
    equal(shown(table), 'a3 c1');
  });

  test('a second reading shows what was known until it is complete', () {
    final table = ListTable<String>()
      ..beginReading()
      ..put({'a': 'a1', 'b': 'b1'}, 1, isPage: true)
      ..endReading()
      ..beginReading()
      ..put({'b': 'b2'}, 2, isPage: true);
    equal(shown(table), 'a1 b1');
    table.put({'c': 'c3'}, 3);
    equal(shown(table), 'a1 b1 c3');
    table.endReading();
    equal(shown(table), 'b2 c3');
  });

  test('a change of a row without a version keeps the version', () {
    final table = ListTable<String>()
      ..beginReading()
      ..put({'a': 'a5'}, 5, isPage: true)
      ..endReading()
      ..revise('a', (row) => '$row!')
      ..revise('b', (row) => '$row!');
    equal(shown(table), 'a5!');
    table.put({'a': 'a4'}, 4);
    equal(shown(table), 'a5!');
    table.put({'a': 'a5'}, 5);
    equal(shown(table), 'a5');
  });

  test('a row that went comes back with what is newer', () {
    final table = ListTable<String>()
      ..beginReading()
      ..drop(['a'], 2)
      ..put({'a': 'a3'}, 3)
      ..endReading();
    equal(shown(table), 'a3');
    table.clear();
    equal((shown(table), table.isComplete), ('', false));
  });
}
