/**
 * The reliable part of a status: an unknown status has no time, and its devices are only the last known ones. Pure.
 */

import type { UserStatus } from "@lamplight/chat";

export interface Facts {
  /** The status type to which `since` and `lastSeen` belong. */
  readonly type: UserStatus["statusType"];
  /** The time since when the type is valid; undefined if it is unknown, 0 for a user who has never logged in. */
  readonly since: number | undefined;
  /** The last-seen time; undefined if it is not shown. */
  readonly lastSeen: { readonly at: number | undefined } | undefined;
  readonly devices: { readonly names: readonly string[]; readonly areCurrent: boolean };
}

/** The facts of a status. `stale` says that there is no connection, so that changes do not arrive. */
export function factsOf(status: UserStatus, stale: boolean): Facts {
  const { statusType: type, since, lastSeen, onlineDevices: names } = status;
  const isUnknown = type === 0;
  return {
    type,
    since: isUnknown ? undefined : since,
    lastSeen: isUnknown || type === 1 ? undefined : { at: lastSeen },
    devices: { names, areCurrent: !isUnknown && !stale },
  };
}
