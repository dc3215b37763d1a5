/**
 * The statuses that this page was told: the newest of each user, and the last changes. A pure fold: a status that comes
 * late or twice changes nothing.
 */

import { isNewer, type UserStatus } from "@lamplight/chat";

/** Something that a person would notice. */
export interface Happening {
  /** Grows; names it in a list. */
  readonly number: number;
  /** When this page heard of it, by the server's clock: UTC milliseconds. */
  readonly at: number;
  readonly userID: string;
  readonly what:
    | { readonly kind: "type"; readonly from: UserStatus["statusType"]; readonly status: UserStatus }
    | { readonly kind: "text"; readonly status: UserStatus };
}

export interface Picture {
  readonly statuses: ReadonlyMap<string, UserStatus>;
  /** Newest first. */
  readonly happenings: readonly Happening[];
}

/** More of them nobody reads. */
export const MOST_HAPPENINGS = 60;

export const EMPTY: Picture = { statuses: new Map(), happenings: [] };

/** The picture with these statuses, which were told at `at`. A status that is not newer is left out. */
export function fold(picture: Picture, told: readonly UserStatus[], at: number): Picture {
  const statuses = new Map(picture.statuses);
  const happened: Happening[] = [];
  let number = picture.happenings[0]?.number ?? 0;
  for (const status of told) {
    const before = statuses.get(status.userID);
    // The same version again may know more devices: one that joined changes no version.
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

/** The picture of one user alone; what has happened stays. */
export function only(picture: Picture, userID: string): Picture {
  return { ...picture, statuses: new Map([...picture.statuses].filter(([user]) => user === userID)) };
}

/** The difference between two statuses; undefined for a user who is seen for the first time. */
function difference(before: UserStatus | undefined, status: UserStatus): Happening["what"] | undefined {
  if (before === undefined) {
    return undefined;
  }
  if (before.statusType !== status.statusType) {
    return { kind: "type", from: before.statusType, status };
  }
  return before.customStatus === status.customStatus ? undefined : { kind: "text", status };
}
