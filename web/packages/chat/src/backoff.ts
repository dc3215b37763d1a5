/**
 * How long to wait before the next attempt to connect, in milliseconds. Knows no clock and no randomness: the
 * jitter, from 0 to 1, is an argument.
 */

/** The longest wait before the first attempt after a link broke. */
export const FIRST = 1_000;

/** The longest wait before any attempt. Not above the grace (30 s) in which a client that returns never left. */
export const LONGEST = 30_000;

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
 * The wait when `failures` attempts in a row have failed. The whole span is random, not only its end: thousands of
 * clients that lost one server together must not return together.
 */
export function delay(failures: number, jitter: number): number {
  return Math.floor(jitter * Math.min(LONGEST, FIRST * 2 ** failures));
}
