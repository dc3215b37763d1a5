/**
 * How long to wait before the next attempt to connect, in milliseconds. Knows no clock and no randomness: the
 * jitter, from 0 to 1, is an argument.
 *
 * The server tells over how long its clients spread their return; 0 is a server that does not say. The first attempt
 * after a broken link comes at a random moment of this spread, and the attempts after that as far apart, so that a
 * server that is away is asked no more often than it takes logins, and is seen soon after it is back.
 */

/** The spread of the first attempt where the server does not tell one. */
const FIRST = 1_000;

/** The mean wait between attempts, for a spread that is not longer. The longest is half as much again. */
const BETWEEN = 1_500;

/**
 * The same after many attempts. The longest wait is then not above the grace (30 s) in which a client that returns never
 * left.
 */
const BETWEEN_LONGEST = 20_000;

/**
 * So many attempts are made before the wait between them doubles: two minutes of them. Enough for a restart
 * of the server, and few enough for a device that is out of reach for hours.
 */
const ATTEMPTS_BEFORE_DOUBLING = 80;

/**
 * While calls wait for the link, no wait is longer than after so many failures. A call waits ten seconds at most, so a
 * server that is gone for long is not tried more often than the application calls it.
 */
export const MOST_FAILURES_WITH_CALLS = 1;

/**
 * A link that lived this long was a success: the next wait is a first one again. Shorter, and a server that
 * accepts and drops in a loop would be hammered.
 */
export const STABLE_AFTER = 10_000;

/**
 * The wait when `failures` attempts in a row have failed. The first wait is random as a whole, and half of a later one
 * at least: thousands of clients that lost one server together must not return together.
 */
export function delay(spread: number, failures: number, jitter: number): number {
  const first = spread || FIRST;
  if (failures === 0) {
    return Math.floor(jitter * first);
  }
  const doubled = BETWEEN * 2 ** Math.max(0, failures - (spread === 0 ? 1 : ATTEMPTS_BEFORE_DOUBLING));
  return Math.floor((0.5 + jitter) * Math.max(first, Math.min(BETWEEN_LONGEST, doubled)));
}
