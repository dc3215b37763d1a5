/**
 * The current time by the server's clock, and the timer that all components of a page share. Messages and statuses have
 * times of the server's clock. Ages that are computed with a wrong clock of the browser would be wrong.
 */

import type { ChatClient } from "./client.js";

/**
 * The lowest number that counts as a time in milliseconds. As milliseconds, a lower number would be a time before 1974,
 * so it counts as seconds.
 */
const FEWEST_MILLISECONDS = 1e11;

/**
 * Returns the current time in milliseconds since 1970 (UTC). `told` is the server's time as the client has returned it,
 * in milliseconds or seconds. If it is not a time, returns `own`, the browser's time.
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

/** The shortest delay of the shared timer, in milliseconds. It limits the work for times that have passed. */
const SHORTEST_DELAY = 50;

/** The times at which functions are due, in milliseconds of `performance.now()`. */
const due = new Map<() => void, number>();
let timer: ReturnType<typeof setTimeout> | undefined;
let firesAt = Infinity;

/**
 * Calls `wake` once after `delay` milliseconds. Replaces an earlier time that was set for this function. All functions
 * share one timer, so a page with many components and rows has only one.
 */
export function wakeAfter(delay: number, wake: () => void): void {
  const now = performance.now();
  const at = now + Math.max(SHORTEST_DELAY, delay);
  due.set(wake, at);
  // A timer in the past was lost, for example while the machine was asleep.
  if (at < firesAt || firesAt < now - SHORTEST_DELAY) {
    arm(at, now);
  }
}

/** Cancels the call of a function. */
export function cancelWake(wake: () => void): void {
  due.delete(wake);
  if (due.size === 0) {
    clearTimeout(timer);
    firesAt = Infinity;
  }
}

function arm(at: number, now: number): void {
  clearTimeout(timer);
  firesAt = at;
  timer = setTimeout(ring, at - now);
}

function ring(): void {
  const now = performance.now();
  firesAt = Infinity;
  const ready = [...due].filter(([, at]) => at <= now).map(([wake]) => wake);
  ready.forEach((wake) => due.delete(wake));
  // The functions may set their next times, and with them the timer.
  ready.forEach((wake) => {
    wake();
  });
  const next = Math.min(...due.values());
  if (next < firesAt) {
    arm(next, now);
  }
}
