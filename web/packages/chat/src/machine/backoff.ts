/**
 * The wait before the next attempt to connect, in milliseconds. The functions have no clock and no random numbers; the
 * jitter, a number from 0 to 1, is an argument.
 *
 * The server sends the time over which its clients should spread their reconnects, or 0. It computes this spread from
 * the number of its clients.
 *
 * After a broken link, a client makes its first attempt at a random time within the spread. Later attempts follow at
 * intervals of about the spread. After a restart, the server therefore gets about as many attempts per second as it can
 * accept.
 */

/** The maximum wait before the first attempt after a broken link, in milliseconds, if the server has sent no spread. */
const FIRST = 1_000;

/**
 * The mean wait between attempts, in milliseconds. If the server has sent a longer spread, the spread is the mean. A
 * wait is at most 1.5 times the mean.
 */
const BETWEEN = 1_500;

/**
 * The maximum to which the mean wait doubles, in milliseconds. If the server has sent a longer spread, the spread is
 * the mean.
 *
 * At this mean, a wait is at most 30 s. The default grace is also 30 s: the time for which a user still counts as
 * connected after the loss of a node.
 */
const BETWEEN_LONGEST = 20_000;

/**
 * With a spread from the server, the mean wait doubles only after this number of failed attempts. At the usual mean, 80
 * attempts take about two minutes, enough for a restart of the server. Without a spread, the mean wait doubles with
 * each failure after the first.
 */
const ATTEMPTS_BEFORE_DOUBLING = 80;

/** The longest spread, in milliseconds. A server cannot be configured to send a longer spread. */
const LONGEST_SPREAD = 600_000;

/**
 * While calls wait for the link, at most this number of failures counts in the computation of a wait. Waits then stay
 * short.
 */
export const MOST_FAILURES_WITH_CALLS = 1;

/**
 * A link that reaches this age, in milliseconds, counts as a success: the count of failures then begins again at 0.
 * With a lower age, clients would flood a server that accepts connections and soon closes them.
 */
export const STABLE_AFTER = 10_000;

/**
 * Returns the wait after `failures` failed attempts in a row. Waits are random, so that clients do not all return at
 * once. The first wait is from zero to the spread. A later wait is from 0.5 to 1.5 times the mean.
 */
export function delay(spread: number, failures: number, jitter: number): number {
  const first = Math.min(spread, LONGEST_SPREAD) || FIRST;
  if (failures === 0) {
    return Math.floor(jitter * first);
  }
  const doubled = BETWEEN * 2 ** Math.max(0, failures - (spread === 0 ? 1 : ATTEMPTS_BEFORE_DOUBLING));
  return Math.floor((0.5 + jitter) * Math.max(first, Math.min(BETWEEN_LONGEST, doubled)));
}
