/// The wait before the next attempt to connect. The functions have no clock and
/// no random numbers of their own.
///
/// The server sends the time over which its clients should spread their
/// reconnects. It computes this spread from the number of its clients.
///
/// After a broken link, a client makes its first attempt at a random time
/// within the spread. Later attempts follow at intervals of about the spread.
/// After a restart, the server therefore gets about as many attempts per second
/// as it can accept.
library;

import 'dart:math';

/// The longest wait before the first attempt after a broken link, without a
/// spread from the server. All times in this file are in milliseconds.
const _first = 1000;

/// The mean wait between attempts. If the server has sent a longer spread, the
/// spread is the mean. A wait is at most 1.5 times the mean.
const _between = 1500;

/// The maximum to which the mean wait doubles. If the server has sent a longer
/// spread, the spread is the mean.
///
/// At this mean, a wait is at most 30 s. The default grace is also 30 s: the
/// time for which a user still counts as connected after the loss of a node.
const _betweenLongest = 20000;

/// With a spread from the server, the mean wait doubles only after this number
/// of failed attempts. At the usual mean, 80 attempts take about two minutes,
/// enough for a restart of the server. Without a spread, the mean wait doubles
/// with each failure after the first.
const _attemptsBeforeDoubling = 80;

/// The longest spread. A server cannot be configured to send a longer spread.
const _longestSpread = 600000;

/// While calls wait for the link, at most this number of failures counts in the
/// computation of a wait. Waits then stay short.
const mostFailuresWithCalls = 1;

/// A link that reaches this age, in milliseconds, counts as a success: the
/// count of failures then begins again at 0. With a lower age, clients would
/// flood a server that accepts connections and soon closes them.
const stableAfter = 10000;

/// Returns the product of [span] and [jitter], rounded down to whole
/// milliseconds. [jitter] is a random number from 0 to 1.
int jitterOf(int span, double jitter) => (span * jitter).floor();

/// Returns the wait before the next attempt after [failures] failed attempts in
/// a row. [spread] is the time that the server has sent; 0 if it has sent none.
///
/// Waits are random, so that clients do not all return at once. The first wait
/// is from zero to the spread. A later wait is from 0.5 to 1.5 times the mean.
int reconnectDelay(int spread, int failures, double jitter) {
  final first = spread == 0 ? _first : min(spread, _longestSpread);
  if (failures == 0) return jitterOf(first, jitter);
  final steady = spread == 0 ? 1 : _attemptsBeforeDoubling;
  // Five doublings already exceed the longest mean wait.
  final doublings = (failures - steady).clamp(0, 5);
  final wait = max(min(_between << doublings, _betweenLongest), first);
  return wait ~/ 2 + jitterOf(wait, jitter);
}
