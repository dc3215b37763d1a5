/// A small test runner, because the SDK and its tests have no dependencies.
library;

import 'dart:async';
import 'dart:io';

/// The default time limit of a test. It is long, because the machine may be
/// busy.
const _patience = Duration(seconds: 60);

final List<({String name, FutureOr<void> Function() body, Duration most})>
    _tests = [];
String _file = '';

/// Declares the tests of a file.
void inFile(String name, void Function() declare) {
  _file = name;
  declare();
}

/// Declares a test. Its name states the rule that it checks.
void test(
  String name,
  FutureOr<void> Function() body, {
  Duration most = _patience,
}) =>
    _tests.add((name: '$_file: $name', body: body, most: most));

/// The clean-ups that run after all tests, whether the tests have passed or
/// failed.
final List<Future<void> Function()> lastly = [];

/// Runs the tests whose names contain [filter], and prints the results. Exits
/// with 0 if all of them have passed, otherwise with 1.
Future<void> runTests(String filter) async {
  var passed = 0;
  final failed = <String>[];
  final clock = Stopwatch()..start();
  final chosen = [
    for (final test in _tests)
      if (test.name.contains(filter)) test,
  ];
  for (final (:name, :body, :most) in chosen) {
    final took = Stopwatch()..start();
    final failure = await _run(body, most);
    final time = '${took.elapsedMilliseconds} ms';
    if (failure == null) {
      passed++;
      stdout.writeln('ok      $name ($time)');
    } else {
      failed.add(name);
      stdout.writeln('FAILED  $name ($time)\n$failure');
    }
  }
  // A run without any tests counts as failed.
  final isGood = failed.isEmpty && passed > 0;
  for (final name in failed) {
    stdout.writeln('failed: $name');
  }
  stdout.writeln(
    'test result: ${isGood ? 'ok' : 'FAILED'}. $passed passed; '
    '${failed.length} failed; ${_tests.length - chosen.length} filtered out; '
    'finished in ${clock.elapsedMilliseconds / 1000} s',
  );
  for (final end in [...lastly]) {
    await end();
  }
  await stdout.flush();
  // A task that a test has left running must not keep the program alive.
  exit(isGood ? 0 : 1);
}

/// Runs a test. Returns its failure; null if it has passed. An error that is
/// not handled fails the test.
Future<String?> _run(FutureOr<void> Function() body, Duration most) async {
  final done = Completer<String?>();
  void end(String? failure) {
    if (!done.isCompleted) done.complete(failure);
  }

  final late = Timer(most, () => end('took longer than $most'));
  runZonedGuarded(
    () async {
      await body();
      // Errors of tasks that the test did not await appear during this wait.
      await Future<void>.delayed(Duration.zero);
      end(null);
    },
    (error, trace) => end('$error\n$trace'),
  );
  final failure = await done.future;
  late.cancel();
  return failure;
}

/// A check that failed.
final class CheckFailure implements Exception {
  const CheckFailure(this.message);

  /// The difference between the actual and the expected value.
  final String message;

  @override
  String toString() => message;
}

/// Fails if the condition is false.
void check(bool condition, String what) {
  if (!condition) throw CheckFailure('check failed: $what');
}

/// Fails if the two values differ. Lists, maps, sets and pairs are compared by
/// their elements, other values by `==`.
void equal(Object? actual, Object? expected, [String of = '']) {
  if (!_isEqual(actual, expected)) {
    throw CheckFailure(
      '${of.isEmpty ? '' : '$of:\n'}    actual: $actual\n  expected: $expected',
    );
  }
}

bool _isEqual(Object? one, Object? other) => switch ((one, other)) {
      (final Map<Object?, Object?> one, final Map<Object?, Object?> other) =>
        one.length == other.length &&
            one.keys.every(
              (key) =>
                  other.containsKey(key) && _isEqual(one[key], other[key]),
            ),
      (final Set<Object?> one, final Set<Object?> other) =>
        one.length == other.length && other.containsAll(one),
      (final Iterable<Object?> one, final List<Object?> other) =>
        one.length == other.length &&
            one.indexed.every((item) => _isEqual(item.$2, other[item.$1])),
      (
        (final Object? one, final Object? two),
        (final Object? expectedOne, final Object? expectedTwo)
      ) =>
        _isEqual(one, expectedOne) && _isEqual(two, expectedTwo),
      _ => one == other,
    };

/// Returns the error of type [E] that [body] throws. Fails if it throws no such
/// error.
Future<E> throws<E extends Object>(FutureOr<Object?> Function() body) async {
  try {
    await body();
  } on E catch (error) {
    return error;
  }
  throw CheckFailure('no $E was thrown');
}

/// Waits until the condition is true.
Future<void> until(
  String what,
  FutureOr<bool> Function() holds, [
  Duration most = const Duration(seconds: 30),
]) async {
  final clock = Stopwatch()..start();
  while (!await holds()) {
    if (clock.elapsed > most) {
      throw CheckFailure('timed out waiting until: $what');
    }
    await Future<void>.delayed(const Duration(milliseconds: 2));
  }
}
