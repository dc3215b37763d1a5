/// Tests the cache of statuses.
library;

import 'package:lamplight/src/machine/cache.dart';

import '../support/runner.dart';
import '../support/words.dart';

/// Adds the statuses [told] to a cache that has the statuses [held]. Checks the
/// returned differences, and the cache after that.
void fold(String held, String told, String differs, String after) {
  final cache = Cache()..fold(statuses(held));
  equal(brief(cache.fold(statuses(told))), differs, '$held + $told');
  equal(brief(cache.statuses), after, '$held + $told');
}

void main() {
  test('the newer version stays and only what differs is handed back', () {
    fold('', '', '', '');
    fold('', 'bob:1 ann:2', 'bob:1 ann:2', 'ann:2 bob:1');
    fold('ann:2', 'ann:1', '', 'ann:2');
    fold('ann:2', 'ann:2', '', 'ann:2');
    fold('ann:2', 'ann:3', 'ann:3', 'ann:3');
    fold('ann:2 bob:7', 'ann:3 bob:6', 'ann:3', 'ann:3 bob:7');
    fold('ann:2', 'ann:3 ann:5 ann:4', 'ann:5', 'ann:5');
    fold('', 'ann:0', 'ann:0', 'ann:0');
    fold(
      'ann:18446744073709551614',
      'ann:18446744073709551615',
      'ann:18446744073709551615',
      'ann:18446744073709551615',
    );
  });

  test('a query refreshes the watched and keeps nothing of others', () {
    final cache = Cache()..fold(statuses('ann:2'));
    final told = cache.watched(statuses('ann:3 bob:9'));
    equal(brief(cache.fold(told)), 'ann:3');
    equal(brief(cache.statuses), 'ann:3');
  });

  test('what replaces holds even where it is older', () {
    final cache = Cache()..fold(statuses('ann:5 bob:5 cid:5'));
    final changed = cache.fold(
      statuses('ann:3 bob:4 cid:5'),
      (status) => status.userId != 'bob',
    );
    equal(brief(changed), 'ann:3');
    equal(brief(cache.statuses), 'ann:3 bob:5 cid:5');
  });

  test('a user that is removed is handed back once', () {
    final cache = Cache()..fold(statuses('ann:2 bob:1'));
    equal(cache.remove(['ann', 'ann', 'zoe']), ['ann']);
    equal(brief(cache.statuses), 'bob:1');
  });

  test('the newest versions are known as far as the budget goes', () {
    final cache = Cache()..fold(statuses('ann:2 bob:9 cid:5'));
    const one = '{"userId":"bob","version":"9"},'.length;
    final cases = {
      0: '',
      one - 1: '',
      one: 'bob',
      2 * one - 1: 'bob',
      2 * one: 'bob cid',
      3 * one: 'bob cid ann',
      9999: 'bob cid ann',
    };
    cases.forEach((budget, expected) {
      final users = cache.known(budget).map((one) => one['userId']);
      equal(users.join(' '), expected, '$budget');
    });
  });
}
