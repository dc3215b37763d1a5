/**
 * Subscribing again after the server has dropped the subscription list: which users, how many at once, and when.
 *
 * Knows no messages and no clock; each function returns the next state. It survives a broken link: a batch without an
 * answer is sent again.
 */

/** The most users in one call: the default limit of an app. */
export const BATCH = 100;

/** The least time between two calls: half of the default rate, which the application's own calls share. */
export const PACE = 500;

/** The wait after a temporary refusal: the window of the default rate limit. */
export const AFTER_REFUSAL = 5_000;

/** The users who are to be subscribed again. */
export interface Restore {
  readonly waiting: readonly string[];
  /** The batch that was sent and is not answered yet. */
  readonly sent: readonly string[] | null;
  /**
   * Those of these users who are not watched, according to the server. They leave the cache only if they are not
   * subscribed again.
   */
  readonly unwatched: ReadonlySet<string>;
  readonly batch: number;
  readonly notBefore: number;
}

/** Users who are not subscribed again. */
export interface Lost {
  readonly users: readonly string[];
  /** Those of them who are not watched, not even as friends. */
  readonly notWatched: readonly string[];
}

/** The state in which nothing is to be done. */
export const IDLE: Restore = { waiting: [], sent: null, unwatched: new Set(), batch: BATCH, notBefore: 0 };

/** Begins with these users, earliest subscribed first. Replaces the rest of an earlier restore. */
export function begin(restore: Restore, users: readonly string[]): Restore {
  return { ...restore, waiting: users, sent: null, unwatched: new Set() };
}

/**
 * Records users who are not watched according to the server. Those who are still to be subscribed again are kept; the
 * others are returned.
 */
export function notWatched(restore: Restore, users: readonly string[]): { restore: Restore; left: string[] } {
  const covered = new Set([...restore.waiting, ...(restore.sent ?? [])]);
  const kept = users.filter((user) => covered.has(user));
  return {
    restore: { ...restore, unwatched: new Set([...restore.unwatched, ...kept]) },
    left: users.filter((user) => !covered.has(user)),
  };
}

/** Whether nothing is left to do. */
export function isIdle(restore: Restore): boolean {
  return restore.waiting.length === 0 && restore.sent === null;
}

/** The time at which `nextBatch` returns the next batch; Infinity if there is none. */
export function due(restore: Restore): number {
  return restore.sent === null && restore.waiting.length > 0 ? restore.notBefore : Infinity;
}

/** Returns the next users to subscribe to; one call is under way at a time. */
export function nextBatch(restore: Restore, now: number): { restore: Restore; users: readonly string[] } | undefined {
  if (now < due(restore)) {
    return undefined;
  }
  const users = restore.waiting.slice(0, restore.batch);
  const waiting = restore.waiting.slice(restore.batch);
  return { restore: { ...restore, waiting, sent: users, notBefore: now + PACE }, users };
}

/** Handles the answer to the call, which failed for these users. */
export function answered(restore: Restore, failed: ReadonlySet<string>) {
  const sent = restore.sent ?? [];
  const kept = sent.filter((user) => !failed.has(user));
  const again = { ...restore, sent: null, unwatched: without(restore.unwatched, kept) };
  return {
    kept,
    ...lose(
      again,
      sent.filter((user) => failed.has(user)),
    ),
  };
}

/** Handles a temporary refusal of the call. */
export function refusedForNow(restore: Restore, now: number): Restore {
  return { ...putBack(restore), notBefore: now + AFTER_REFUSAL };
}

/**
 * Handles a refusal because the app allows fewer users in one call. Returns undefined if there is no smaller batch.
 */
export function batchTooLarge(restore: Restore): Restore | undefined {
  const smaller = Math.floor(restore.batch / 2);
  return smaller === 0 ? undefined : { ...putBack(restore), batch: smaller };
}

/** Puts the users of the call under way back, because the link broke; they are sent again on the next link. */
export function putBack(restore: Restore): Restore {
  return { ...restore, waiting: [...(restore.sent ?? []), ...restore.waiting], sent: null };
}

/** Removes users whom the application does not want any longer. */
export function forget(restore: Restore, users: ReadonlySet<string>): { restore: Restore; lost: Lost } {
  const waiting = restore.waiting.filter((user) => !users.has(user));
  return lose(
    { ...restore, waiting },
    restore.waiting.filter((user) => users.has(user)),
  );
}

/** Gives up all users. */
export function giveUp(restore: Restore): { restore: Restore; lost: Lost } {
  const { waiting, ...rest } = putBack(restore);
  return lose({ ...rest, waiting: [] }, waiting);
}

function lose(restore: Restore, users: readonly string[]): { restore: Restore; lost: Lost } {
  return {
    restore: { ...restore, unwatched: without(restore.unwatched, users) },
    lost: { users, notWatched: users.filter((user) => restore.unwatched.has(user)) },
  };
}

function without(set: ReadonlySet<string>, users: readonly string[]): ReadonlySet<string> {
  const left = new Set(set);
  users.forEach((user) => left.delete(user));
  return left;
}
