/**
 * The wait before the next attempt to connect, in milliseconds. Knows no clock and no randomness: the jitter, from 0
 * to 1, is an argument.
 *
 * The server says over how long its clients spread their reconnects; 0 means that the server does not say. The first
 * attempt after a broken link comes at a random moment in that time, and further attempts follow at the same
 * distance. A server that is down therefore gets no more attempts than it accepts logins, and clients find it soon
 * after it is back.
 */

/** The spread of the first attempt if the server does not say one. */
const FIRST = 1_000;

/** The mean wait between attempts, for a spread that is not longer. The longest wait is half as much again. */
const BETWEEN = 1_500;

/**
 * The mean wait after many attempts. The longest wait then does not exceed the grace (30 s) in which a client can
 * return without being seen to leave.
 */
const BETWEEN_LONGEST = 20_000;

/**
 * The number of attempts, about two minutes, before the wait between them begins to double. It covers a restart of
 * the server, and is small enough for a device that has no network for hours.
 */
const ATTEMPTS_BEFORE_DOUBLING = 80;

/**
 * While calls wait for the link, the wait is no longer than after this many failures. A call waits for ten seconds at
 * most, so a server that is down for long gets no more attempts than the application makes calls.
 */
export const MOST_FAILURES_WITH_CALLS = 1;

/**
 * A link that lived this long counts as a success, and the next wait is a first one again. With a shorter time,
 * clients would flood a server that accepts and closes connections in a loop.
 */
export const STABLE_AFTER = 10_000;

/**
 * The wait after `failures` failed attempts in a row. The first wait is completely random; a later wait is half
 * random. Thousands of clients that lost a server together must not return together.
 */
export function delay(spread: number, failures: number, jitter: number): number {
  const first = spread || FIRST;
  if (failures === 0) {
    return Math.floor(jitter * first);
  }
  const doubled = BETWEEN * 2 ** Math.max(0, failures - (spread === 0 ? 1 : ATTEMPTS_BEFORE_DOUBLING));
  return Math.floor((0.5 + jitter) * Math.max(first, Math.min(BETWEEN_LONGEST, doubled)));
}
