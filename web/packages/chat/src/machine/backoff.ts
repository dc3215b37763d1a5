/**
 * The wait before the next attempt to connect, in milliseconds. The functions have no clock and no random numbers;
 * the jitter, a number from 0 to 1, is an argument.
 *
 * The server sends the time over which its clients should spread their reconnects, or 0. The first attempt after a
 * broken link is made at a random time within this spread. The intervals between the attempts after it are about as
 * long as the spread. The server computes the spread from the number of its clients. After a restart, it therefore
 * gets about as many attempts per second as it can accept logins.
 */

/** The spread of the first attempt, in milliseconds, if the server has not sent one. */
const FIRST = 1_000;

/**
 * The mean wait between attempts, in milliseconds. If the server has sent a longer spread, the spread is the mean. The
 * longest wait is 1.5 times the mean.
 */
const BETWEEN = 1_500;

/**
 * The longest mean wait after many failures, in milliseconds. If the server has sent a longer spread, the spread is the
 * mean.
 *
 * A wait is at most 1.5 times the mean: 30 s. This is the default grace, the time for which a user still counts as
 * connected after the loss of a node.
 */
const BETWEEN_LONGEST = 20_000;

/**
 * If the server has sent a spread, the mean wait doubles only after this number of failed attempts. Without a spread,
 * it doubles with each failure after the first. At the usual mean, 80 attempts take about two minutes, enough for a
 * restart of the server.
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
 * A link that reaches this age, in milliseconds, counts as a success: failures are then counted from 0 again. If the
 * age were lower, clients would flood a server that accepts and closes connections in a loop.
 */
export const STABLE_AFTER = 10_000;

/**
 * Returns the wait after `failures` failed attempts in a row. The first wait is random within the spread. A later
 * wait is from half of the mean to 1.5 times the mean. Clients that have lost a server together therefore do not
 * return together.
 */
export function delay(spread: number, failures: number, jitter: number): number {
  const first = Math.min(spread, LONGEST_SPREAD) || FIRST;
  if (failures === 0) {
    return Math.floor(jitter * first);
  }
  const doubled = BETWEEN * 2 ** Math.max(0, failures - (spread === 0 ? 1 : ATTEMPTS_BEFORE_DOUBLING));
  return Math.floor((0.5 + jitter) * Math.max(first, Math.min(BETWEEN_LONGEST, doubled)));
}
