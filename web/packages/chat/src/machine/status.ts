/** The status of a user, in the words of the application. The numbers are those of the contract. */

import type { PlatformJson, ReasonJson, StatusTypeJson, UserStatusJson } from "../gen/wire.js";

/** 0 unknown, 1 online, 2 offline, 3 not logged in. */
export type StatusType = 0 | 1 | 2 | 3;

/** Why a status changed last. */
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

/** The status of a user, with its evidence. */
export interface UserStatus {
  userID: string;
  statusType: StatusType;
  /** Empty: none. */
  customStatus: string;
  /**
   * Grows with every change of this user. A decimal number in a string, because it may pass what a JavaScript
   * number holds exactly; `isNewer` compares two.
   */
  version: string;
  /** When the status type last changed: UTC milliseconds; 0 when it never did. */
  since: number;
  /** Why it changed last. */
  reason: Reason;
  /** The last moment with a connection: UTC milliseconds. Absent: never. */
  lastSeen?: number;
  /** The platforms that were connected at that version; in the answer of `getUserStatus`: that are connected now. */
  onlineDevices: Platform[];
}

/** The words of the wire are these in capitals, behind the name of their kind. */
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

/** The words of a kind, as the wire has them, without the name of the kind and in small letters. */
type WordOf<Json extends string, Kind extends string> = Json extends `${Kind}_${infer Word}`
  ? Lowercase<Word>
  : never;

/** Whether the first version is newer than the second. */
export function isNewer(version: string, than: string): boolean {
  return version.length === than.length ? version > than : version.length > than.length;
}

/** Reads statuses. What a newer contract says in words that this one has not becomes "unknown". */
export function readStatuses(told: readonly UserStatusJson[] | undefined): UserStatus[] {
  return (told ?? []).map(readStatus);
}

/** Reads one status. */
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

/** Reads a platform; nothing when there is none. */
export function readPlatform(told: PlatformJson | undefined): Platform | undefined {
  return PLATFORMS.find(isWord("PLATFORM_", told));
}

/** A platform as the wire has it. */
export function writePlatform(platform: Platform): PlatformJson {
  return `PLATFORM_${platform}`.toUpperCase() as PlatformJson;
}

/** Finds the word that the wire has, if it is one of those that this SDK knows. */
function isWord(kind: string, told: string | undefined): (word: string) => boolean {
  return (word) => kind + word.toUpperCase() === told;
}
