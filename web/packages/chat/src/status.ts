/** What is told of a user, in the words of the application. The numbers are those of the contract. */

import type { PlatformJson, ReasonJson, StatusTypeJson, UserStatusJson } from "./gen/wire.js";

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

/** What a device runs on. */
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

const STATUS_TYPES: Record<StatusTypeJson, StatusType> = {
  STATUS_TYPE_UNKNOWN: 0,
  STATUS_TYPE_ONLINE: 1,
  STATUS_TYPE_OFFLINE: 2,
  STATUS_TYPE_UNLOGINED: 3,
};

const REASONS: Record<ReasonJson, Reason> = {
  REASON_NONE: "none",
  REASON_LOGIN: "login",
  REASON_LOGOUT: "logout",
  REASON_LINK_CLOSED: "link_closed",
  REASON_TIMEOUT: "timeout",
  REASON_KICKED: "kicked",
  REASON_SIG_EXPIRED: "sig_expired",
  REASON_LAPSED: "lapsed",
  REASON_DELETED: "deleted",
  REASON_CUSTOM: "custom",
  REASON_NODE_LOST: "node_lost",
};

const PLATFORMS: Record<Exclude<PlatformJson, "PLATFORM_UNSPECIFIED">, Platform> = {
  PLATFORM_IPHONE: "iPhone",
  PLATFORM_ANDROID: "Android",
  PLATFORM_IPAD: "iPad",
  PLATFORM_WINDOWS: "Windows",
  PLATFORM_MAC: "Mac",
  PLATFORM_LINUX: "Linux",
  PLATFORM_WEB: "Web",
};

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
    statusType: lookUp(STATUS_TYPES, told.statusType ?? "STATUS_TYPE_UNKNOWN") ?? 0,
    customStatus: told.customStatus ?? "",
    version: told.version ?? "0",
    since: Number(told.since ?? 0),
    reason: lookUp(REASONS, told.reason ?? "REASON_NONE") ?? "unknown",
    ...(told.lastSeen === undefined ? {} : { lastSeen: Number(told.lastSeen) }),
    onlineDevices: (told.onlineDevices ?? []).flatMap((platform) => readPlatform(platform) ?? []),
  };
}

/** Reads a platform; nothing when there is none. */
export function readPlatform(told: PlatformJson | undefined): Platform | undefined {
  return told === undefined ? undefined : lookUp(PLATFORMS, told);
}

/** A platform as the wire has it. */
export function writePlatform(platform: Platform): PlatformJson {
  const found = Object.entries(PLATFORMS).find(([, name]) => name === platform);
  return found === undefined ? "PLATFORM_UNSPECIFIED" : (found[0] as PlatformJson);
}

/** A look-up in a table that a newer server may know more of than this SDK. */
function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
