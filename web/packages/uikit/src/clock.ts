/**
 * The present by the server's clock. The times of messages are the server's; a browser whose own clock is wrong would
 * tell wrongly how long ago they were.
 */

import type { ChatClient } from "./client.js";

/** Milliseconds that are fewer than this many lie in 1973 or before: seconds are meant. */
const FEWEST_MILLISECONDS = 1e11;

/**
 * UTC milliseconds: what the client takes the server's clock to be, in milliseconds as our SDK or in seconds as others;
 * where it tells none, what the browser's own clock says.
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
