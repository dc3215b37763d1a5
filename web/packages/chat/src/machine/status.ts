/** The status of a user in the form for applications. The numbers are the numbers of the contract. */

import type { PlatformJson, ReasonJson, StatusTypeJson, UserStatusJson } from "../gen/wire.js";

/** The status type: 0 unknown, 1 online, 2 offline, 3 not logged in. */
export type StatusType = 0 | 1 | 2 | 3;

/** The reason for the last change of a status. */
export type Reason =
  | "none"
  | "login"
  | "logout"
  | "link_closed"
  | "timeout"
  | "kicked"
  | "sig_expired"
  | "lapsed"
  | "deleted"
  | "custom"
  | "node_lost"
  | "unknown";

/** The platform that a device runs on. */
export type Platform = "iPhone" | "Android" | "iPad" | "Windows" | "Mac" | "Linux" | "Web";

/** The status of a user, with the reason, time and platforms. */
export interface UserStatus {
  userID: string;
  statusType: StatusType;
  /** The custom status; empty if there is none. */
  customStatus: string;
  /**
   * The version of the status, which rises with every change of this user. It is a decimal number as a string: it may
   * exceed the exact range of a JavaScript number. `isNewer` compares two versions.
   */
  version: string;
  /** The time of the last change of the status type, in milliseconds since 1970 (UTC); 0 if it never changed. */
  since: number;
  /** The reason for the last change. */
  reason: Reason;
  /**
   * The last time at which the user was connected, in milliseconds since 1970 (UTC). Undefined while the user is
   * online, and without any connection so far.
   */
  lastSeen?: number;
  /**
   * The platforms that were connected at `version`. In the answer of `getUserStatus`, those that are connected now.
   */
  onlineDevices: Platform[];
}

/** The words of an enumeration. On the wire, a word is in capitals after the enumeration's name. */
const STATUS_TYPES: readonly WordOf<StatusTypeJson, "STATUS_TYPE">[] = ["unknown", "online", "offline", "unlogined"];

const REASONS: readonly WordOf<ReasonJson, "REASON">[] = [
  "none",
  "login",
  "logout",
  "link_closed",
  "timeout",
  "kicked",
  "sig_expired",
  "lapsed",
  "deleted",
  "custom",
  "node_lost",
];

export const PLATFORMS: readonly Platform[] = ["iPhone", "Android", "iPad", "Windows", "Mac", "Linux", "Web"];

/** A value of a wire enumeration, without its prefix and in lower case: `PLATFORM_WEB` becomes `web`. */
type WordOf<Json extends string, Kind extends string> = Json extends `${Kind}_${infer Word}`
  ? Lowercase<Word>
  : never;

/** Whether the first version is newer than the second. */
export function isNewer(version: string, than: string): boolean {
  return version.length === than.length ? version > than : version.length > than.length;
}

/** Converts statuses. A name that only a newer contract has becomes "unknown". */
export function readStatuses(told: readonly UserStatusJson[] | undefined): UserStatus[] {
  return (told ?? []).map(readStatus);
}

/** Converts one status. */
export function readStatus(told: UserStatusJson): UserStatus {
  return {
    userID: told.userId ?? "",
    statusType: Math.max(0, STATUS_TYPES.findIndex(isWord("STATUS_TYPE_", told.statusType))) as StatusType,
    customStatus: told.customStatus ?? "",
    version: told.version ?? "0",
    since: Number(told.since ?? 0),
    reason: told.reason === undefined ? "none" : (REASONS.find(isWord("REASON_", told.reason)) ?? "unknown"),
    ...(told.lastSeen === undefined ? {} : { lastSeen: Number(told.lastSeen) }),
    onlineDevices: (told.onlineDevices ?? []).flatMap((platform) => readPlatform(platform) ?? []),
  };
}

/** Converts a platform; undefined if it is absent or unknown. */
export function readPlatform(told: PlatformJson | undefined): Platform | undefined {
  return PLATFORMS.find(isWord("PLATFORM_", told));
}

/** Returns the name of a platform on the wire. */
export function writePlatform(platform: Platform): PlatformJson {
  return `PLATFORM_${platform}`.toUpperCase() as PlatformJson;
}

/** Returns a predicate that is true for the word whose name on the wire is `told`. */
function isWord(kind: string, told: string | undefined): (word: string) => boolean {
  return (word) => kind + word.toUpperCase() === told;
}
