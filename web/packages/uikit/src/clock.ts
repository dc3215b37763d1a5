/**
 * The current time by the server's clock. The times of messages are by the server's clock, so a browser with a wrong
 * clock would show wrong ages.
 */

import type { ChatClient } from "./client.js";

/**
 * The lowest number that is a time in milliseconds. In milliseconds, a lower one would be before 1974; it is in
 * seconds.
 */
const FEWEST_MILLISECONDS = 1e11;

/**
 * Returns the current time in milliseconds since 1970 (UTC). `told` is the server's time that the client has
 * returned, in milliseconds or seconds. If it is not a time, returns `own`, the browser's time.
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
