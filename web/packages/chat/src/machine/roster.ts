/**
 * The statuses of the users that the SDK watches: a pure fold over all statuses that the server sends.
 *
 * The roster has the newest version for each user, and nothing about users who are not watched. It does not know
 * where statuses come from, nor who gets the differences that it returns. Its size is bounded by the users that the
 * account watches, which the server bounds.
 */

import { isNewer, type UserStatus } from "./status.js";

/** The statuses of the watched users, by `userID`. */
export type Roster = ReadonlyMap<string, UserStatus>;

/** A roster, and the statuses that differ from the one before: each user at most once. */
export interface Folded {
  roster: Roster;
  changed: UserStatus[];
}

/** A roster without users. */
export const EMPTY: Roster = new Map();

/**
 * Adds statuses of watched users. A status that is not newer is dropped; one that is in `replacing` is dropped only if
 * its version is equal, because the server may have lost versions that it had sent.
 */
export function fold(
  roster: Roster,
  told: readonly UserStatus[],
  replacing: ReadonlySet<UserStatus> = new Set(),
): Folded {
  const changed = new Map<string, UserStatus>();
  for (const status of told) {
    const held = changed.get(status.userID) ?? roster.get(status.userID);
    if (
      held === undefined ||
      isNewer(status.version, held.version) ||
      (replacing.has(status) && status.version !== held.version)
    ) {
      changed.set(status.userID, status);
    }
  }
  if (changed.size === 0) {
    return { roster, changed: [] };
  }
  const next = new Map(roster);
  changed.forEach((status, user) => next.set(user, status));
  return { roster: next, changed: [...changed.values()] };
}

/** Does the same as `fold` for the answer to a query: nothing is kept of users who are not watched. */
export function refresh(roster: Roster, told: readonly UserStatus[]): Folded {
  return fold(
    roster,
    told.filter((status) => roster.has(status.userID)),
  );
}

/** Removes users who are not watched any longer. */
export function remove(roster: Roster, users: readonly string[]): Roster {
  if (!users.some((user) => roster.has(user))) {
    return roster;
  }
  const left = new Map(roster);
  users.forEach((user) => left.delete(user));
  return left;
}
