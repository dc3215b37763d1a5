/**
 * The cache of the last known statuses of the watched users, as pure functions.
 *
 * The cache has no statuses of other users. Its size is bounded by the number of watched users, which the server
 * limits.
 */

import { isNewer, type UserStatus } from "./status.js";

/** The statuses of the watched users, by `userID`. */
export type Cache = ReadonlyMap<string, UserStatus>;

/** A changed cache, and its statuses that are new or have changed: at most one for each user. */
export interface Folded {
  cache: Cache;
  changed: UserStatus[];
}

/** A cache without users. */
export const EMPTY: Cache = new Map();

/**
 * Adds statuses of watched users. Drops a status that is not newer than the cached status. A status in `replacing` is
 * dropped only if its version equals the cached one: the server may have lost newer versions.
 */
export function fold(
  cache: Cache,
  told: readonly UserStatus[],
  replacing: ReadonlySet<UserStatus> = new Set(),
): Folded {
  const changed = new Map<string, UserStatus>();
  for (const status of told) {
    const held = changed.get(status.userID) ?? cache.get(status.userID);
    if (
      held === undefined ||
      isNewer(status.version, held.version) ||
      (replacing.has(status) && status.version !== held.version)
    ) {
      changed.set(status.userID, status);
    }
  }
  if (changed.size === 0) {
    return { cache, changed: [] };
  }
  const next = new Map(cache);
  changed.forEach((status, user) => next.set(user, status));
  return { cache: next, changed: [...changed.values()] };
}

/** Adds the statuses of watched users from the answer to a query. Ignores other users. */
export function refresh(cache: Cache, told: readonly UserStatus[]): Folded {
  return fold(
    cache,
    told.filter((status) => cache.has(status.userID)),
  );
}

/** Removes users who are not watched any more. */
export function remove(cache: Cache, users: readonly string[]): Cache {
  if (!users.some((user) => cache.has(user))) {
    return cache;
  }
  const left = new Map(cache);
  users.forEach((user) => left.delete(user));
  return left;
}
