/// Tests subscribing again after the server has dropped the subscription list.
library;

import 'package:lamplight/src/machine/restore.dart';

import '../support/runner.dart';

List<String> users(int count) => [for (var i = 1; i <= count; i++) 'u$i'];

void main() {
  test('batches are asked for one at a time, at a pace', () {
    final restore = Restore()..begin(users(250));
    equal(restore.due, 0);
    equal(restore.nextBatch(1000)?.length, 100);
    equal(restore.nextBatch(9999), null, 'one is under way');
    equal(restore.answered({}).kept.length, 100);
    equal(restore.nextBatch(1000 + restorePace - 1), null);
    equal(restore.nextBatch(1000 + restorePace)?.first, 'u101');
    restore.answered({});
    equal(restore.nextBatch(5000)?.length, 50);
    check(!restore.isIdle, 'the last is under way');
    restore.answered({});
    check(restore.isIdle, 'nothing is left');
    equal(restore.due, null);
  });

  test('what was not answered is asked again after the link broke', () {
    final restore = Restore()..begin(users(150));
    restore.nextBatch(0);
    restore.putBack();
    equal(restore.nextBatch(restorePace), users(100));
    restore.refusedForNow(700);
    equal(restore.due, 700 + restoreAfterRefusal);
    equal(restore.giveUp().users, users(150));
  });

  test('a smaller limit of the app is found', () {
    final restore = Restore()..begin(users(130));
    var now = 0;
    for (final size in [100, 50, 25, 12, 6, 3, 1]) {
      now += restorePace;
      equal(restore.nextBatch(now)?.length, size);
      equal(restore.batchTooLarge(), size > 1);
    }
  });

  test('a user that is unsubscribed meanwhile is not subscribed again', () {
    final restore = Restore()..begin(users(3));
    equal(restore.forget({'u1', 'u2'}).users, ['u1', 'u2']);
    equal(restore.notWatched(['u1']), ['u1']);
    equal(restore.nextBatch(0), ['u3']);
  });

  test('a user that was not watched and is lost is named', () {
    final restore = Restore()..begin(users(4));
    equal(restore.notWatched(['u1', 'u2', 'u3', 'zoe']), ['zoe']);
    restore.nextBatch(0);
    final (:kept, :lost) = restore.answered({'u2', 'u4'});
    equal(kept, ['u1', 'u3']);
    equal(lost.users, ['u2', 'u4']);
    equal(lost.notWatched, ['u2']);
  });
}
