/// The wait before the next attempt to connect. Knows no clock and no
/// randomness.
///
/// The server tells over how long its clients spread their return. The first
/// attempt after a broken link comes at a random moment of it, and the
/// attempts after that as far apart, so that a server that is away is asked no
/// more often than it takes logins, and is seen soon after it is back.
library;

import 'dart:math';

/// The longest wait before the first attempt after a link broke, when the
/// server does not tell a spread; in milliseconds, as all below.
const _first = 1000;

/// The mean wait between attempts, for a spread that is not longer. The
/// longest is half as much again.
const _between = 1500;

/// The mean wait between attempts after many of them, for a spread that is not
/// longer. The longest is half as much again: not above the grace (30 s) in
/// which a client that returns is never seen to leave.
const _betweenLongest = 20000;

/// The number of attempts before the wait between them doubles: two minutes
/// of them. Enough for a restart of the server, and few enough for a device
/// that is out of reach for hours.
const _attemptsBeforeDoubling = 80;

/// While calls wait for the link, no wait is longer than after so many
/// failures.
const mostFailuresWithCalls = 1;

/// A link that lived this long was a success: the next wait is a first one
/// again. Shorter, and a server that accepts and drops in a loop would be
/// hammered.
const stableAfter = 10000;

/// A fraction of a span, in whole milliseconds. [jitter] is a random number
/// from 0 to 1.
int jitterOf(int span, double jitter) => (span * jitter).floor();

/// The wait before the next attempt when [failures] attempts in a row have
/// failed. [spread] is the time that the server told; 0: it did not.
///
/// The first wait is random as a whole, and half of a later one at least:
/// thousands of clients that lost one server together must not return
/// together.
int reconnectDelay(int spread, int failures, double jitter) {
  final first = spread == 0 ? _first : spread;
  if (failures == 0) return jitterOf(first, jitter);
  final steady = spread == 0 ? 1 : _attemptsBeforeDoubling;
  // 2^5 times the wait is past the longest.
  final doublings = (failures - steady).clamp(0, 5);
  final wait = max(min(_between << doublings, _betweenLongest), first);
  return wait ~/ 2 + jitterOf(wait, jitter);
}
