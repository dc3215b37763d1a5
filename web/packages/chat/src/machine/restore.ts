/**
 * Subscribing again after the server has given the list up: which users, how many at once, and when.
 *
 * Knows no messages and no clock; each function hands back the next state. Survives a broken link: what was not
 * answered is asked again.
 */

/** The most users in one call; the default limit of an app. */
export const BATCH = 100;

/** The least time between two calls. Half of the default rate: the application's own calls share it. */
export const PACE = 500;

/** The wait after a refusal that passes with time: the window of the default rate limit. */
export const AFTER_REFUSAL = 5_000;

/** The users that are to be subscribed again. */
export interface Restore {
  readonly waiting: readonly string[];
  /** The batch that was sent and not answered. */
  readonly sent: readonly string[] | null;
  /**
   * Of these users, those of whom the server has said that they are not watched. They leave the roster only if they
   * are not subscribed to again.
   */
  readonly unwatched: ReadonlySet<string>;
  readonly batch: number;
  readonly notBefore: number;
}

/** Users who will not be subscribed to again. */
export interface Lost {
  readonly users: readonly string[];
  /** Of these, who is not watched: not as a friend either. */
  readonly notWatched: readonly string[];
}

/** Nothing to do. */
export const IDLE: Restore = { waiting: [], sent: null, unwatched: new Set(), batch: BATCH, notBefore: 0 };

/** Begins with these users, earliest subscribed first. Replaces what was left of an earlier one. */
export function begin(restore: Restore, users: readonly string[]): Restore {
  return { ...restore, waiting: users, sent: null, unwatched: new Set() };
}

/** The server has said that these are not watched: those who are still to be subscribed again are kept apart. */
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

/** When `nextBatch` has something; Infinity: not before something else happens. */
export function due(restore: Restore): number {
  return restore.sent === null && restore.waiting.length > 0 ? restore.notBefore : Infinity;
}

/** The next users to subscribe to; one call is under way at a time. */
export function nextBatch(restore: Restore, now: number): { restore: Restore; users: readonly string[] } | undefined {
  if (now < due(restore)) {
    return undefined;
  }
  const users = restore.waiting.slice(0, restore.batch);
  const waiting = restore.waiting.slice(restore.batch);
  return { restore: { ...restore, waiting, sent: users, notBefore: now + PACE }, users };
}

/** The call was answered; it failed for these users. */
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

/** The call was refused for now. */
export function refusedForNow(restore: Restore, now: number): Restore {
  return { ...putBack(restore), notBefore: now + AFTER_REFUSAL };
}

/** The call was refused because this app allows fewer users in one. Nothing when there is no smaller one to try. */
export function batchTooLarge(restore: Restore): Restore | undefined {
  const smaller = Math.floor(restore.batch / 2);
  return smaller === 0 ? undefined : { ...putBack(restore), batch: smaller };
}

/** The link broke: the call that was under way is asked again on the next one. */
export function putBack(restore: Restore): Restore {
  return { ...restore, waiting: [...(restore.sent ?? []), ...restore.waiting], sent: null };
}

/** The application does not want these users any longer. */
export function forget(restore: Restore, users: ReadonlySet<string>): { restore: Restore; lost: Lost } {
  const waiting = restore.waiting.filter((user) => !users.has(user));
  return lose(
    { ...restore, waiting },
    restore.waiting.filter((user) => users.has(user)),
  );
}

/** Gives all up. */
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
