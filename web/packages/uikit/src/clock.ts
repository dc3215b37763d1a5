/**
 * The current time by the server's clock. Messages have the server's times: with a wrong browser clock, their ages
 * would be wrong.
 */

import type { ChatClient } from "./client.js";

/**
 * The lowest number that is a time in milliseconds. A smaller one is in seconds: in milliseconds, it would be before
 * 1974.
 */
const FEWEST_MILLISECONDS = 1e11;

/**
 * Returns the current time in milliseconds since 1970 (UTC). `told` is the client's server time, in milliseconds or
 * seconds. Without it, the result is `own`, the browser's time.
 */
export function presentOf(told: unknown, own: number): number {
  const time = Number(told ?? 0);
  if (!(Number.isFinite(time) && time > 0)) {
    return own;
  }
  return time < FEWEST_MILLISECONDS ? time * 1000 : time;
}

export function presentAt(client: ChatClient | undefined): number {
  return presentOf(client?.getServerTime?.(), Date.now());
}
