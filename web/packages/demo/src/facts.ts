/**
 * The parts of a status that can be shown as facts. If the status is unknown, there are no times, and the devices are
 * the last known ones. The functions are pure.
 */

import type { UserStatus } from "@lamplight/chat";

export interface Facts {
  /** The status type, to which the times `since` and `lastSeen` refer. */
  readonly type: UserStatus["statusType"];
  /** The time since which the user has this type. Undefined if it is unknown; 0 if the user has never logged in. */
  readonly since: number | undefined;
  /**
   * The time of the last connection, for a user who is not online. `at` is undefined if the user was never connected.
   * The field is undefined if nothing is to be shown.
   */
  readonly lastSeen: { readonly at: number | undefined } | undefined;
  /** The time when the server clears the custom status; undefined if there is none, or if it has no end. */
  readonly textEnds: number | undefined;
  readonly devices: { readonly names: readonly string[]; readonly areCurrent: boolean };
}

/** Returns the facts of a status. `stale` says that there is no connection, so that changes do not arrive. */
export function factsOf(status: UserStatus, stale: boolean): Facts {
  const { statusType: type, since, lastSeen, customStatus, customExpires, onlineDevices: names } = status;
  const isUnknown = type === 0;
  return {
    type,
    since: isUnknown ? undefined : since,
    lastSeen: isUnknown || type === 1 ? undefined : { at: lastSeen },
    textEnds: customStatus === "" ? undefined : customExpires,
    devices: { names, areCurrent: !isUnknown && !stale },
  };
}
