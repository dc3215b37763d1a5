/**
 * The wait before the next attempt to connect, in milliseconds. The functions have no clock and no random numbers:
 * the jitter, from 0 to 1, is an argument.
 *
 * The server sends the time over which its clients spread their reconnects, or 0 for none. The first attempt after a
 * broken link comes at a random moment within that time. The intervals between further attempts are about as long.
 * While the server is down, its clients therefore make no more attempts per second than it can accept logins. They
 * still reconnect soon after it is back.
 */

/** The spread of the first attempt if the server has not sent one. */
const FIRST = 1_000;

/**
 * The mean wait between attempts. A longer spread that the server sends replaces it. The longest wait is 1.5 times the
 * mean.
 */
const BETWEEN = 1_500;

/**
 * The mean wait after many failures. The longest wait is then 30 s, 1.5 times the mean. Within this grace, watchers do
 * not see a client leave. A longer spread that the server sends replaces the mean.
 */
const BETWEEN_LONGEST = 20_000;

/**
 * The number of failed attempts before the wait begins to double, if the server has sent a spread. Without a spread,
 * the wait doubles after the first attempt. At the usual mean wait, 80 attempts take about two minutes, enough for a
 * restart of the server.
 */
const ATTEMPTS_BEFORE_DOUBLING = 80;

/** The longest spread that a server can be configured to announce. A longer spread is shortened to this. */
const LONGEST_SPREAD = 600_000;

/** The maximum number of failures that the back-off takes into account while calls wait for the link. */
export const MOST_FAILURES_WITH_CALLS = 1;

/**
 * A link of this age counts as a success: the number of failures starts again at 0. A lower age would let clients
 * flood a server that accepts and closes connections in a loop.
 */
export const STABLE_AFTER = 10_000;

/**
 * Returns the wait after `failures` failed attempts in a row. The first wait is completely random. A later wait is
 * between half of the mean and 1.5 times the mean. Clients that lost a server together thus do not return together.
 */
export function delay(spread: number, failures: number, jitter: number): number {
  const first = Math.min(spread, LONGEST_SPREAD) || FIRST;
  if (failures === 0) {
    return Math.floor(jitter * first);
  }
  const doubled = BETWEEN * 2 ** Math.max(0, failures - (spread === 0 ? 1 : ATTEMPTS_BEFORE_DOUBLING));
  return Math.floor((0.5 + jitter) * Math.max(first, Math.min(BETWEEN_LONGEST, doubled)));
}
