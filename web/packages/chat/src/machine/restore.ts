/**
 * Subscribes again after the server has dropped the subscription list. Decides which users are in a batch, and when
 * the batch is sent. Each function returns the next state.
 *
 * A restore continues after a broken link. A batch without an answer is sent again.
 */

/** The maximum number of users in one call: the default limit of an app. */
export const BATCH = 100;

/**
 * The shortest time between two calls, in milliseconds. A restore uses half of the default rate limit; the
 * application has the other half.
 */
export const PACE = 500;

/** The wait after a temporary refusal, in milliseconds: the window of the default rate limit. */
export const AFTER_REFUSAL = 5_000;

/** The users to whom the client subscribes again. */
export interface Restore {
  readonly waiting: readonly string[];
  /** The batch that was sent and is not answered yet. */
  readonly sent: readonly string[] | null;
  /**
   * The waiting users whom the server does not watch for this client. They leave the cache only if subscribing fails.
   */
  readonly unwatched: ReadonlySet<string>;
  readonly batch: number;
  readonly notBefore: number;
}

/** The users to whom the client does not subscribe again. */
export interface Lost {
  readonly users: readonly string[];
  /** The users among them who are not watched any longer, not even as friends. */
  readonly notWatched: readonly string[];
}

/** A restore without users. */
export const IDLE: Restore = { waiting: [], sent: null, unwatched: new Set(), batch: BATCH, notBefore: 0 };

/** Begins with these users, earliest subscribed first. Replaces the rest of an earlier restore. */
export function begin(restore: Restore, users: readonly string[]): Restore {
  return { ...restore, waiting: users, sent: null, unwatched: new Set() };
}

/**
 * Records users who are not watched, as the server has reported. `left` are those to whom the client will not
 * subscribe again.
 */
export function notWatched(restore: Restore, users: readonly string[]): { restore: Restore; left: string[] } {
  const covered = new Set([...restore.waiting, ...(restore.sent ?? [])]);
  const kept = users.filter((user) => covered.has(user));
  return {
    restore: { ...restore, unwatched: new Set([...restore.unwatched, ...kept]) },
    left: users.filter((user) => !covered.has(user)),
  };
}

/** Whether no user is left to subscribe to. */
export function isIdle(restore: Restore): boolean {
  return restore.waiting.length === 0 && restore.sent === null;
}

/** Returns the time when `nextBatch` has a batch. Infinity if no user waits, or while a call is under way. */
export function due(restore: Restore): number {
  return restore.sent === null && restore.waiting.length > 0 ? restore.notBefore : Infinity;
}

/** Returns the next users to subscribe to; undefined before `due`. One call is under way at a time. */
export function nextBatch(restore: Restore, now: number): { restore: Restore; users: readonly string[] } | undefined {
  if (now < due(restore)) {
    return undefined;
  }
  const users = restore.waiting.slice(0, restore.batch);
  const waiting = restore.waiting.slice(restore.batch);
  return { restore: { ...restore, waiting, sent: users, notBefore: now + PACE }, users };
}

/** Handles the answer to the call; `failed` has the users for whom it failed. */
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
 * Handles a refusal because of too many users in one call: halves the size of batches. Returns undefined at the
 * smallest size.
 */
export function batchTooLarge(restore: Restore): Restore | undefined {
  const smaller = Math.floor(restore.batch / 2);
  return smaller === 0 ? undefined : { ...putBack(restore), batch: smaller };
}

/** Queues the users of the call under way again, because the link broke. */
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

/** Ends the restore and returns all its users. */
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
