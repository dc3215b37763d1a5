/// Tests the broadcast stream of events.
library;

import 'dart:async';

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/src/event_stream.dart';
import 'package:lamplight/src/event_queue.dart';

import 'event_queue_test.dart' show note;
import 'support/runner.dart';
import 'support/words.dart';

Future<void> turn() => Future<void>.delayed(Duration.zero);

void main() {
  test('each listener hears every event from when it listens', () async {
    final source = EventSource(() => const []);
    check(source.stream.isBroadcast, 'it is a broadcast stream');
    final (first, second) = (<String>[], <String>[]);
    source.add(const ConnectingEvent());
    source.stream.map(note).listen(first.add);
    source.add(StatusChangedEvent(statuses('ann:1')));
    await turn();
    source.stream.map(note).listen(second.add);
    source.add(const LoggedOutEvent());
    await turn();
    equal(first, ['+ann:1', 'L']);
    equal(second, ['L']);
  });

  test('a listener that pauses is bounded and never without the final state',
      () async {
    final source = EventSource(() => const []);
    final heard = <String>[];
    final listener = source.stream.map(note).listen(heard.add)..pause();
    for (var version = 1; version <= 10000; version++) {
      source.add(StatusChangedEvent(statuses('ann:$version')));
      source.add(const ConnectingEvent());
      if (version % 100 == 0) await turn();
    }
    equal(heard, <String>[]);
    listener.resume();
    await turn();
    equal(heard.first, 'missed ${10000 - maxPendingEvents}');
    equal(heard.length, maxPendingEvents + 2);
    equal(heard.where((one) => one.startsWith('+')), ['+ann:10000']);
  });

  test('a listener that takes one event at a time gets the newest', () async {
    final source = EventSource(() => const []);
    final heard = <String>[];
    final gate = StreamController<void>();
    final ticks = StreamIterator(gate.stream);
    unawaited(() async {
      await for (final event in source.stream) {
        heard.add(note(event));
        await ticks.moveNext();
      }
      heard.add('end');
    }());
    for (var version = 1; version <= 5; version++) {
      source.add(StatusChangedEvent(statuses('ann:$version')));
      await turn();
    }
    gate.add(null);
    await turn();
    equal(heard, ['+ann:1', '+ann:5']);
    source.close();
    gate.add(null);
    await turn();
    await turn();
    equal(heard.last, 'end');
  });

  test('a listener that cancels, or throws, disturbs no other', () async {
    final source = EventSource(() => const []);
    final heard = <String>[];
    final errors = <Object>[];
    final cancelled = source.stream.listen((_) => heard.add('cancelled'));
    runZonedGuarded(
      () => source.stream.listen((_) => throw StateError('a listener')),
      (error, _) => errors.add(error),
    );
    source.stream.map(note).listen(heard.add);
    source.add(const ConnectingEvent());
    await cancelled.cancel();
    source.add(const LoggedOutEvent());
    await turn();
    equal(heard, ['C', 'L']);
    equal(errors.length, 2);
  });
}
