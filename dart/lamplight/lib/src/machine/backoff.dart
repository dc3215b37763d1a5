/// The wait before the next attempt to connect. Knows no clock and no
/// randomness.
///
/// The server says over how long its clients spread their reconnects. The first
/// attempt after a broken link comes at a random moment in that time, and
/// further attempts follow at the same distance. A server that is down
/// therefore gets no more attempts than it accepts logins, and clients find it
/// soon after it is back.
library;

import 'dart:math';

/// The longest wait before the first attempt after a link broke, if the server
/// does not say a spread; in milliseconds, like all times below.
const _first = 1000;

/// The mean wait between attempts, for a spread that is not longer. The longest
/// wait is half as much again.
const _between = 1500;

/// The mean wait between attempts after many of them, for a spread that is not
/// longer. The longest wait is half as much again, which does not exceed the
/// grace (30 s) in which a client can return without being seen to leave.
const _betweenLongest = 20000;

/// The number of attempts, about two minutes, before the wait between them
/// begins to double. It covers a restart of the server, and is small enough for
/// a device that has no network for hours.
const _attemptsBeforeDoubling = 80;

/// While calls wait for the link, the wait is no longer than after this many
/// failures.
const mostFailuresWithCalls = 1;

/// A link that lived this long counts as a success, and the next wait is a
/// first one again. With a shorter time, clients would flood a server that
/// accepts and closes connections in a loop.
const stableAfter = 10000;

/// A fraction of a span, in whole milliseconds. [jitter] is a random number
/// from 0 to 1.
int jitterOf(int span, double jitter) => (span * jitter).floor();

/// The wait before the next attempt when [failures] attempts in a row have
/// failed. [spread] is the time that the server has said; 0 if it has not.
///
/// The first wait is completely random; a later wait is half random. Thousands
/// of clients that lost a server together must not return together.
int reconnectDelay(int spread, int failures, double jitter) {
  final first = spread == 0 ? _first : spread;
  if (failures == 0) return jitterOf(first, jitter);
  final steady = spread == 0 ? 1 : _attemptsBeforeDoubling;
  // 2^5 times the wait exceeds the longest wait.
  final doublings = (failures - steady).clamp(0, 5);
  final wait = max(min(_between << doublings, _betweenLongest), first);
  return wait ~/ 2 + jitterOf(wait, jitter);
}
