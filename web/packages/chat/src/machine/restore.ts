/**
 * Subscribes again after the server has dropped the subscription list. Decides which users are in a batch, and when the
 * batch is sent. Each function returns the next state.
 *
 * A restore continues after a broken link. A batch without an answer is sent again.
 */

/** The maximum number of users in one call: the default limit of an app. */
export const BATCH = 100;

/**
 * The shortest time between two calls, in milliseconds. A restore uses half of the default rate limit, and leaves the
 * other half to the application.
 */
export const PACE = 500;

/** The wait after a temporary refusal, in milliseconds. It is the window of the default rate limit. */
export const AFTER_REFUSAL = 5_000;

/** The users to whom the client subscribes again. */
export interface Restore {
  readonly waiting: readonly string[];
  /** The batch that was sent and has no answer yet. */
  readonly sent: readonly string[] | null;
  /**
   * The users of the restore who are not watched at the moment. They stay in the cache, unless the subscription
   * fails.
   */
  readonly unwatched: ReadonlySet<string>;
  readonly batch: number;
  readonly notBefore: number;
}

/** The users to whom the client will not subscribe again. */
export interface Lost {
  readonly users: readonly string[];
  /** The users in `users` who are not watched any more, because they are not mutual friends either. */
  readonly notWatched: readonly string[];
}

/** A restore without users. */
export const IDLE: Restore = { waiting: [], sent: null, unwatched: new Set(), batch: BATCH, notBefore: 0 };

/** Begins a restore of these users, the earliest subscribed first. It replaces the rest of an earlier restore. */
export function begin(restore: Restore, users: readonly string[]): Restore {
  return { ...restore, waiting: users, sent: null, unwatched: new Set() };
}

/**
 * Records that users are not watched, as the server has reported. In the result, `left` has those users to whom the
 * client will not subscribe again.
 */
export function notWatched(restore: Restore, users: readonly string[]): { restore: Restore; left: string[] } {
  const covered = new Set([...restore.waiting, ...(restore.sent ?? [])]);
  const kept = users.filter((user) => covered.has(user));
  return {
    restore: { ...restore, unwatched: new Set([...restore.unwatched, ...kept]) },
    left: users.filter((user) => !covered.has(user)),
  };
}

/** Whether there are no more users to subscribe to. */
export function isIdle(restore: Restore): boolean {
  return restore.waiting.length === 0 && restore.sent === null;
}

/** Returns the time at which `nextBatch` has a batch; Infinity if no user waits, or while a call is in progress. */
export function due(restore: Restore): number {
  return restore.sent === null && restore.waiting.length > 0 ? restore.notBefore : Infinity;
}

/** Returns the next users to subscribe to; undefined before the time `due`. At most one call is in progress. */
export function nextBatch(restore: Restore, now: number): { restore: Restore; users: readonly string[] } | undefined {
  if (now < due(restore)) {
    return undefined;
  }
  const users = restore.waiting.slice(0, restore.batch);
  const waiting = restore.waiting.slice(restore.batch);
  return { restore: { ...restore, waiting, sent: users, notBefore: now + PACE }, users };
}

/** Handles the answer to the call. `failed` has the users for whom the call failed. */
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
 * Handles the refusal of a batch that is too large: halves the size of batches. Returns undefined if batches already
 * have the smallest size.
 */
export function batchTooLarge(restore: Restore): Restore | undefined {
  const smaller = Math.floor(restore.batch / 2);
  return smaller === 0 ? undefined : { ...putBack(restore), batch: smaller };
}

/** Queues the users of the call in progress again, because the link broke. */
export function putBack(restore: Restore): Restore {
  return { ...restore, waiting: [...(restore.sent ?? []), ...restore.waiting], sent: null };
}

/** Removes users to whom the client must not subscribe again. */
export function forget(restore: Restore, users: ReadonlySet<string>): { restore: Restore; lost: Lost } {
  const waiting = restore.waiting.filter((user) => !users.has(user));
  return lose(
    { ...restore, waiting },
    restore.waiting.filter((user) => users.has(user)),
  );
}

/** Ends the restore, and returns all of its users. */
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
