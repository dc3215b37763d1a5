/** The status of a user in the form for applications. The numbers are those of the wire contract. */

import type { PlatformJson, ReasonJson, StatusTypeJson, UserStatusJson } from "../gen/wire.js";

/** The status type: 0 unknown, 1 online, 2 offline, 3 not logged in. */
export type StatusType = 0 | 1 | 2 | 3;

/**
 * The reason for the last change of a status: `none` if the account has never logged in, `unknown` if a newer server
 * has sent a reason that this version does not know.
 */
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
  | "custom_expired"
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
   * The time when the server clears the custom status, in milliseconds since 1970 (UTC). Undefined if there is no
   * custom status, or if the custom status has no end. Not in the cloud's API.
   */
  customExpires?: number;
  /**
   * The version of the status, which increases with every change of this user's status. It is a decimal number in a
   * string, because it may be too large for a JavaScript number. Compare two versions with `isNewer`.
   */
  version: string;
  /** The time when the status type last changed, in milliseconds since 1970 (UTC); 0 if it never changed. */
  since: number;
  /** The reason for the last change. */
  reason: Reason;
  /**
   * The time when the user was last connected, in milliseconds since 1970 (UTC). Undefined while the user is online,
   * and for a user who was never connected.
   */
  lastSeen?: number;
  /**
   * The platforms that were connected at this version of the status. In the answer of `getUserStatus`, the platforms
   * that are connected now.
   */
  onlineDevices: Platform[];
}

/** The words of an enumeration. In a message, a word is in capitals and follows the name of the enumeration. */
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
  "custom_expired",
];

export const PLATFORMS: readonly Platform[] = ["iPhone", "Android", "iPad", "Windows", "Mac", "Linux", "Web"];

/** The word of a value of an enumeration: without the prefix, and in lower case. `PLATFORM_WEB` becomes `web`. */
type WordOf<Json extends string, Kind extends string> = Json extends `${Kind}_${infer Word}`
  ? Lowercase<Word>
  : never;

/** Whether the first version is newer than the second. */
export function isNewer(version: string, than: string): boolean {
  return version.length === than.length ? version > than : version.length > than.length;
}

/**
 * Converts statuses. A status type or reason that this version does not know becomes "unknown"; unknown platforms are
 * left out.
 */
export function readStatuses(told: readonly UserStatusJson[] | undefined): UserStatus[] {
  return (told ?? []).map(readStatus);
}

/** Converts one status. */
export function readStatus(told: UserStatusJson): UserStatus {
  return {
    userID: told.userId ?? "",
    statusType: Math.max(0, STATUS_TYPES.findIndex(isWord("STATUS_TYPE_", told.statusType))) as StatusType,
    customStatus: told.customStatus ?? "",
    ...(told.customExpires === undefined ? {} : { customExpires: Number(told.customExpires) }),
    version: told.version ?? "0",
    since: Number(told.since ?? 0),
    reason: told.reason === undefined ? "none" : (REASONS.find(isWord("REASON_", told.reason)) ?? "unknown"),
    ...(told.lastSeen === undefined ? {} : { lastSeen: Number(told.lastSeen) }),
    onlineDevices: (told.onlineDevices ?? []).flatMap((platform) => readPlatform(platform) ?? []),
  };
}

/** Converts a platform; undefined if it is missing or unknown. */
export function readPlatform(told: PlatformJson | undefined): Platform | undefined {
  return PLATFORMS.find(isWord("PLATFORM_", told));
}

/** Returns the name of a platform in messages. */
export function writePlatform(platform: Platform): PlatformJson {
  return `PLATFORM_${platform}`.toUpperCase() as PlatformJson;
}

/**
 * Returns a function that checks whether a word belongs to the name `told`. The name of a word is the prefix `kind`,
 * followed by the word in upper case.
 */
function isWord(kind: string, told: string | undefined): (word: string) => boolean {
  return (word) => kind + word.toUpperCase() === told;
}
