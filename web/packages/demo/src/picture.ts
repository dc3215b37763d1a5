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
  /** The changes, the newest first. */
  readonly happenings: readonly Happening[];
}

/** The maximum number of changes in the list. */
export const MOST_HAPPENINGS = 60;

export const EMPTY: Picture = { statuses: new Map(), happenings: [] };

/** Adds statuses that were received at the time `at`. Ignores a status that is older than the stored one. */
export function fold(picture: Picture, told: readonly UserStatus[], at: number): Picture {
  const statuses = new Map(picture.statuses);
  const happened: Happening[] = [];
  let number = picture.happenings[0]?.number ?? 0;
  for (const status of told) {
    const before = statuses.get(status.userID);
    // The same version may have more devices, because a further device does not change the version.
    if (before !== undefined && isNewer(before.version, status.version)) {
      continue;
    }
    statuses.set(status.userID, status);
    const what = difference(before, status);
    if (what !== undefined) {
      number += 1;
      happened.unshift({ number, at, userID: status.userID, what });
    }
  }
  return { statuses, happenings: [...happened, ...picture.happenings].slice(0, MOST_HAPPENINGS) };
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
