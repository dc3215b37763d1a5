/**
 * The current time by the server's clock. The times of messages are the server's; with a wrong browser clock, their
 * ages would be wrong.
 */

import type { ChatClient } from "./client.js";

/** Smaller numbers are times in seconds, because as milliseconds they would be in 1973 or earlier. */
const FEWEST_MILLISECONDS = 1e11;

/**
 * The current time in UTC milliseconds: the client's server time, in milliseconds as in our SDK or in seconds as in
 * others; if the client has none, the browser's time.
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
