/// Tests the event queue of a listener.
library;

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/src/event_queue.dart';

import 'support/runner.dart';
import 'support/words.dart';

/// Runs a script with an event queue. `+ann:1 bob:2` pushes changed statuses,
/// and `-ann` pushes a user who is not watched any more. `C`, `L` and `K` push
/// Connecting, LoggedOut and UserSigExpired. `?` takes all events, and notes
/// them in the same notation.
void run(List<String> script, String expected) {
  final queue = EventQueue(const []);
  final heard = <String>[];
  for (final line in script) {
    final rest = line.substring(1);
    switch (line[0]) {
      case '+':
        queue.push(StatusChangedEvent(statuses(rest)));
      case '-':
        queue.push(NotWatchedEvent(rest.split(' ')));
      case 'C':
        queue.push(const ConnectingEvent());
      case 'L':
        queue.push(const LoggedOutEvent());
      case 'K':
        queue.push(const UserSigExpiredEvent());
      case '?':
        while (true) {
          final event = queue.pop();
          if (event == null) break;
          heard.add(note(event));
        }
        check(queue.isEmpty, 'a queue that was heard is empty');
        heard.add('?');
    }
  }
  equal(heard.join(' | '), expected, '$script');
}

String note(LamplightEvent event) => switch (event) {
      StatusChangedEvent(:final statuses) => '+${brief(statuses)}',
      NotWatchedEvent(:final userIds) => '-${userIds.join(' ')}',
      ConnectingEvent() => 'C',
      LoggedOutEvent() => 'L',
      UserSigExpiredEvent() => 'K',
      EventsMissedEvent(:final count) => 'missed $count',
      _ => throw CheckFailure('$event'),
    };

void main() {
  test('a slow listener gets the newest status of each user in one event', () {
    run(
      ['+ann:1', '+bob:1', '+ann:2 cid:1', '?'],
      '+ann:2 bob:1 cid:1 | ?',
    );
    run(['+ann:1', '?', '+ann:2', '?'], '+ann:1 | ? | +ann:2 | ?');
  });

  test('statuses keep their place among other events until conflated', () {
    run(['+ann:1', 'C', '?'], '+ann:1 | C | ?');
    run(['C', '+ann:1', 'C', '?'], 'C | +ann:1 | C | ?');
    run(['+ann:1', 'C', '+ann:2', 'C', '?'], 'C | +ann:2 | C | ?');
  });

  test('only a user that the listener was told of is said to leave', () {
    run(['+ann:1 bob:1', '?', '-ann', '?'], '+ann:1 bob:1 | ? | -ann | ?');
    run(['+ann:1 bob:1', '-ann', '?'], '+bob:1 | ?');
    run(
      ['+ann:1', '?', '+ann:2 bob:1', '-ann', '?'],
      '+ann:1 | ? | +bob:1 | -ann | ?',
    );
    run(['+ann:1', '?', '-ann', '+ann:2', '?'], '+ann:1 | ? | +ann:2 | ?');
    run(['+ann:1', '?', '-ann', '?', '-ann', '?'], '+ann:1 | ? | -ann | ? | ?');
    final queue = EventQueue(const ['ann'])..push(const NotWatchedEvent(['ann']));
    equal(note(queue.pop()!), '-ann', 'it was cached when listening began');
  });

  test('the statuses of two sessions are never mixed', () {
    run(
      ['+ann:9', 'L', 'C', '+ann:1', '?'],
      '+ann:9 | L | C | +ann:1 | ?',
    );
    run(
      ['C', '+ann:1', 'C', 'K', '+bob:1', 'L', '?'],
      'C | +ann:1 | C | K | +bob:1 | L | ?',
    );
    run(['+ann:1', '?', 'L', '-ann', '?'], '+ann:1 | ? | L | ?');
  });

  test('at the limit nothing is missed, and past it the oldest is', () {
    const all = maxPendingEvents - 1;
    final script = ['L', for (var i = 0; i < all; i++) 'C', '+ann:1'];
    String cs(int count) => List.filled(count, 'C').join(' | ');
    run([...script, '?'], 'L | ${cs(all)} | +ann:1 | ?');
    run(
      [...script, 'K', '?'],
      'missed 2 | ${cs(all - 1)} | +ann:1 | K | ?',
    );
  });
}
