/**
 * The statuses that this page has received: the newest of each user, and the last changes. A pure fold: a late or
 * repeated status changes nothing.
 */

import { isNewer, type UserStatus } from "@lamplight/chat";

/** A change that a visitor would notice. */
export interface Happening {
  /** A rising number, used as a key in lists. */
  readonly number: number;
  /** The time at which this page received it, by the server's clock: UTC milliseconds. */
  readonly at: number;
  readonly userID: string;
  readonly what:
    | { readonly kind: "type"; readonly from: UserStatus["statusType"]; readonly status: UserStatus }
    | { readonly kind: "text"; readonly status: UserStatus };
}

export interface Picture {
  readonly statuses: ReadonlyMap<string, UserStatus>;
  /** The changes, newest first. */
  readonly happenings: readonly Happening[];
}

/** The most entries of the list. */
export const MOST_HAPPENINGS = 60;

export const EMPTY: Picture = { statuses: new Map(), happenings: [] };

/** Adds statuses that were received at `at`. A status that is not newer is ignored. */
export function fold(picture: Picture, told: readonly UserStatus[], at: number): Picture {
  const statuses = new Map(picture.statuses);
  const happened: Happening[] = [];
  let number = picture.happenings[0]?.number ?? 0;
  for (const status of told) {
    const before = statuses.get(status.userID);
    // The same version may have more devices: a device that joins does not change the version.
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

/** Keeps only one user; the list of changes stays. */
export function only(picture: Picture, userID: string): Picture {
  return { ...picture, statuses: new Map([...picture.statuses].filter(([user]) => user === userID)) };
}

/** The difference between two statuses; undefined for a user whose first status this is. */
function difference(before: UserStatus | undefined, status: UserStatus): Happening["what"] | undefined {
  if (before === undefined) {
    return undefined;
  }
  if (before.statusType !== status.statusType) {
    return { kind: "type", from: before.statusType, status };
  }
  return before.customStatus === status.customStatus ? undefined : { kind: "text", status };
}
