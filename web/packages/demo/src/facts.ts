/**
 * The parts of a status that can be shown as facts. An unknown status has no time and only the last known devices.
 * Pure.
 */

import type { UserStatus } from "@lamplight/chat";

export interface Facts {
  /** The status type, to which `since` and `lastSeen` belong. */
  readonly type: UserStatus["statusType"];
  /** The time since which the user has this type. Undefined if unknown; 0 without any login. */
  readonly since: number | undefined;
  /** The last-seen time; undefined if none is to be shown. */
  readonly lastSeen: { readonly at: number | undefined } | undefined;
  readonly devices: { readonly names: readonly string[]; readonly areCurrent: boolean };
}

/** Returns the facts of a status. `stale` is true without a connection, when changes do not arrive. */
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
