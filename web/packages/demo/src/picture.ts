/**
 * The statuses that this page has received: the newest of each user, and the last changes. A late or repeated status
 * changes nothing. The functions are pure.
 */

import { isNewer, type UserStatus } from "@lamplight/chat";

/** A change of a status type or a custom status. */
export interface Happening {
  /** The number of the change. Numbers increase, and identify the changes in lists. */
  readonly number: number;
  /** The time when this page received the change, by the server's clock, in milliseconds since 1970 (UTC). */
  readonly at: number;
  readonly userID: string;
  readonly what:
    | { readonly kind: "type"; readonly from: UserStatus["statusType"]; readonly status: UserStatus }
    | { readonly kind: "text"; readonly status: UserStatus };
}

export interface Picture {
  readonly statuses: ReadonlyMap<string, UserStatus>;
  /**
   * The users whose next status replaces the stored one even if its version is lower. After a reconnect, the stored
   * status may have a version that the server has lost.
   */
  readonly doubted: ReadonlySet<string>;
  /** The changes, the newest first. */
  readonly happenings: readonly Happening[];
}

/** The maximum number of changes in the list. */
export const MOST_HAPPENINGS = 60;

export const EMPTY: Picture = { statuses: new Map(), doubted: new Set(), happenings: [] };

/**
 * Adds statuses that were received at the time `at`. Ignores a status that is older than the stored one, unless it is
 * the first one after a reconnect.
 */
export function fold(picture: Picture, told: readonly UserStatus[], at: number): Picture {
  const statuses = new Map(picture.statuses);
  const doubted = new Set(picture.doubted);
  const happened: Happening[] = [];
  let number = picture.happenings[0]?.number ?? 0;
  for (const status of told) {
    const before = statuses.get(status.userID);
    // The same version may have more devices, because a further device does not change the version.
    const isDoubted = doubted.delete(status.userID);
    if (before !== undefined && !isDoubted && isNewer(before.version, status.version)) {
      continue;
    }
    statuses.set(status.userID, status);
    const what = difference(before, status);
    if (what !== undefined) {
      number += 1;
      happened.unshift({ number, at, userID: status.userID, what });
    }
  }
  return { statuses, doubted, happenings: [...happened, ...picture.happenings].slice(0, MOST_HAPPENINGS) };
}

/** Allows the next status of each user to be older than the stored one. Must be called after a reconnect. */
export function reconnected(picture: Picture): Picture {
  return { ...picture, doubted: new Set(picture.statuses.keys()) };
}

/** Removes the statuses of all users but one. The list of changes stays. */
export function only(picture: Picture, userID: string): Picture {
  return { ...picture, statuses: new Map([...picture.statuses].filter(([user]) => user === userID)) };
}

/** Returns the difference between two statuses; undefined if there is none, or if there is no earlier status. */
function difference(before: UserStatus | undefined, status: UserStatus): Happening["what"] | undefined {
  if (before === undefined) {
    return undefined;
  }
  if (before.statusType !== status.statusType) {
    return { kind: "type", from: before.statusType, status };
  }
  return before.customStatus === status.customStatus ? undefined : { kind: "text", status };
}
