/// The wait before the next attempt to connect, computed without a clock and
/// without random numbers of its own.
///
/// The server sends the time over which its clients spread their reconnects.
/// After a broken link, a client makes its first attempt at a random moment
/// within that time. The intervals between further attempts are about as long.
/// While the server is down, its clients therefore make no more attempts per
/// second than it can accept logins. They still reconnect soon after it is
/// back.
library;

import 'dart:math';

/// The longest wait before the first attempt after a broken link, without a
/// spread from the server. Milliseconds, like the other times in this file.
const _first = 1000;

/// The mean wait between attempts. A longer spread that the server sends
/// replaces it.
/// The longest wait is 1.5 times the mean.
const _between = 1500;

/// The mean wait after many failures. The longest wait is then 30 s, 1.5 times
/// the mean. Within this grace, watchers do not see a client leave. A longer
/// spread of the server replaces the mean.
const _betweenLongest = 20000;

/// The number of failed attempts before the wait begins to double, if the
/// server has sent a spread. Without a spread, the wait doubles after the first
/// attempt. At the usual mean wait, 80 attempts take about two minutes, enough
/// for a restart of the server.
const _attemptsBeforeDoubling = 80;

/// The longest spread that a server can be configured to announce. A longer
/// spread is shortened to this.
const _longestSpread = 600000;

/// The maximum number of failures that the back-off takes into account while
/// calls wait for the link.
const mostFailuresWithCalls = 1;

/// A link of this age, in milliseconds, counts as a success: the number of
/// failures starts again at 0. A lower age would let clients flood a server
/// that accepts and closes connections in a loop.
const stableAfter = 10000;

/// Returns a part of [span], in whole milliseconds. [jitter] is a random number
/// from 0 to 1.
int jitterOf(int span, double jitter) => (span * jitter).floor();

/// Returns the wait before the next attempt after [failures] failed attempts in
/// a row. [spread] is the time that the server has sent; 0 if it has sent none.
///
/// The first wait is completely random. A later wait is between half of the
/// mean and 1.5 times the mean. Thousands of clients that lost a server
/// together thus do not return together.
int reconnectDelay(int spread, int failures, double jitter) {
  final first = spread == 0 ? _first : min(spread, _longestSpread);
  if (failures == 0) return jitterOf(first, jitter);
  final steady = spread == 0 ? 1 : _attemptsBeforeDoubling;
  // Five doublings already exceed the longest mean wait.
  final doublings = (failures - steady).clamp(0, 5);
  final wait = max(min(_between << doublings, _betweenLongest), first);
  return wait ~/ 2 + jitterOf(wait, jitter);
}
