/**
 * The statuses of the users that the SDK watches: one pure fold over all that the server tells.
 *
 * Holds the newest version of each user and nothing of users that are not watched. Does not know who told it, nor
 * who is told of the difference it hands back. As large as what the account watches, which the server bounds.
 */

import { isNewer, type UserStatus } from "./status.js";

/** The statuses of the watched users, by `userID`. */
export type Roster = ReadonlyMap<string, UserStatus>;

/** A roster, and what differs from the one before: each user at most once. */
export interface Folded {
  roster: Roster;
  changed: UserStatus[];
}

/** Nobody. */
export const EMPTY: Roster = new Map();

/**
 * Takes in what was told of watched users. What is older or equal is dropped; of these statuses only what is equal: the
 * server may have lost what it had told.
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

/** As `fold`, for the answer of a query: of users that are not watched nothing is kept. */
export function refresh(roster: Roster, told: readonly UserStatus[]): Folded {
  return fold(
    roster,
    told.filter((status) => roster.has(status.userID)),
  );
}

/** Forgets users who are not watched any longer. */
export function remove(roster: Roster, users: readonly string[]): Roster {
  if (!users.some((user) => roster.has(user))) {
    return roster;
  }
  const left = new Map(roster);
  users.forEach((user) => left.delete(user));
  return left;
}
