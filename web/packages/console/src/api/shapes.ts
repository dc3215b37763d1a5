/** The requests and answers of the console's API, as they are sent (`crates/server/src/console`). */

export type Edition = "trial" | "standard" | "flagship";
export type MultiDeviceMode = "single" | "dual" | "triple" | "multi";

/** The roles of operators in ascending order. Each role has the rights of the roles before it. */
export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

export interface Session {
  csrf_token: string;
  version: string;
  operator: string;
  role: Role;
}

/** An account of the console. */
export interface Operator {
  name: string;
  role: Role;
  /** The time when the account was created; null for `admin`, who always exists. */
  created: number | null;
}

/** An entry of the audit log. */
export interface AuditEntry {
  id: number;
  at: number;
  /** The name of the operator, or "command line". */
  by: string;
  address: string | null;
  app: number | null;
  action: string;
  target: string;
  changes: { what: string; before: string; after: string }[];
  outcome: "begun" | "done" | "failed";
  note: string;
}

export interface Switches {
  user_status: boolean;
  friend_notification: boolean;
}

export interface AppSummary {
  id: number;
  name: string;
  edition: Edition;
  switches: Switches;
  keys: number;
}

export interface AppList {
  apps: AppSummary[];
  /** The deleted apps whose data was not removed completely yet. */
  being_deleted: number[];
}

/** A section of settings that are numbers. The server decides which fields it has. */
export interface Numbers {
  [name: string]: number | Numbers;
}

/** The settings of an app in an answer. */
export interface Settings {
  name: string;
  edition: Edition;
  switches: Switches;
  multi_device: { mode: MultiDeviceMode; web_instances: number; native_instances: number };
  limits: Numbers;
  timing: Numbers;
  webhooks: { state_change_url: string; push_url: string; token_set: boolean };
  jwt: Jwt & { secret_set: boolean };
}

/** The keys for JWTs, and the claims that a JWT must have. */
export interface Jwt {
  jwks_url: string;
  jwks_file: string;
  keys: string;
  issuer: string;
  audience: string;
  user_claim: string;
  leeway_s: number;
}

export interface Key {
  id: number;
  /** Whether this key signs new UserSigs. */
  signs: boolean;
}

export interface App {
  id: number;
  settings: Settings;
  keys: Key[];
  admins: string[];
}

/** A key with its text. */
export interface Secret {
  id: number;
  text: string;
}

export type Bounds = Record<string, [least: number, most: number]>;

export type StatusType = "UNKNOWN" | "ONLINE" | "OFFLINE" | "UNLOGINED";

export interface FoundUser {
  user_id: string;
  nick: string;
  created: number;
  status_type: StatusType;
  custom_status: string;
  online_devices: string[];
  last_seen: number | null;
}

export type Link =
  { state: "connected" } | { state: "held"; until: number; end: string } | { state: "gone"; lapses: number };

export interface Device {
  device_id: string;
  platform: string;
  link: Link;
}

export type OnlineDevice = Device;

export interface OnlineUser {
  user_id: string;
  nick: string;
  custom_status: string;
  since: number;
  reason: string;
  devices: OnlineDevice[];
}

/** A page of the users who are online. */
export interface OnlinePage {
  users: OnlineUser[];
  /** The value of the parameter `after` for the next page; null after the last page. */
  next: string | null;
}

/** The users who may see the status of a user: every user of the app, the mutual friends, or nobody but the user. */
export const VISIBILITIES = ["everyone", "friends", "nobody"] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/** An entry of a block list. */
export interface Blocked {
  user: string;
  since: number;
}

export interface User {
  user_id: string;
  nick: string;
  avatar_url: string;
  created: number;
  sigs_revoked: number | null;
  status: {
    status_type: StatusType;
    number: number;
    custom_status: string;
    /** The time when the server clears the custom status; null if there is none, or if it has no end. */
    custom_expires: number | null;
    version: string;
    since: number;
    reason: string;
    last_seen: number | null;
    online_devices: string[];
  };
  devices: Device[];
  subscriptions: { count: number; users: string[] };
  friends: number;
  /** Missing if the server is of an earlier version. */
  visibility?: Visibility;
  blocked?: Blocked[];
  at: number;
}

export interface Watchers {
  connections: number;
  users: { user_id: string; subscribed: boolean; friend: boolean }[];
  complete: boolean;
}

/** The state of a webhook. */
export interface Webhook {
  webhook: string;
  /** The address of the receiver; empty if there is none. */
  url: string;
  signed: boolean;
  waiting: number;
  oldest: number | null;
  dead: number;
  /**
   * The time until which the server sends no requests, because several requests in a row have failed. Null if it sends
   * requests.
   */
  resting_until: number | null;
  /** The failure of the last request; empty if it succeeded. */
  last_error: string;
}

/** The result of a test request. */
export interface WebhookTest {
  webhook: string;
  /** The HTTP status of the answer; null if the delivery failed. */
  status: number | null;
  /** The reason why the delivery failed; null if it succeeded. */
  error: string | null;
  took_ms: number;
  /** The name of the request header that contains the id of the delivery. */
  header: string;
  /** The id of the test delivery. */
  delivery: string;
  /** The query parameters that contain the signature; empty if requests are not signed. */
  signature: string[];
}

export interface DeadLetter {
  id: number;
  webhook: string;
  event: string;
  user_id: string;
  queued: number;
  died: number;
  attempts: number;
  error: string;
}

/** Quantiles of a duration in seconds. */
export interface Quantiles {
  p50: number;
  p99: number;
  count: number;
}

/** The figures of one second. */
export interface Sample {
  number: number;
  at: number;
  online: number;
  /** The numbers of connected devices, in the order of `Figures.platforms`. */
  devices: number[];
  connections: number;
  changes: number;
  notifications: number;
  /** The number of notices for webhooks that were not delivered yet; null if it is unknown. */
  backlog: number | null;
  delivery: Quantiles | null;
  detection: Quantiles | null;
}

/**
 * The figures of one step in the past. They are means over the step, except for `peak`, `delivery` and `detection`.
 */
export interface PastPoint {
  at: number;
  online: number;
  peak: number;
  /** The numbers of connected devices, in the order of `Past.platforms`. */
  devices: number[];
  connections: number;
  changes: number;
  notifications: number;
  backlog: number | null;
  delivery: Quantiles | null;
  detection: Quantiles | null;
}

export const RANGES = ["hour", "day", "month"] as const;
export type Range = (typeof RANGES)[number];

/** The figures of a range of time, with a point for each step that has figures. */
export interface Past {
  range: Range;
  step_ms: number;
  from: number;
  to: number;
  platforms: string[];
  /** The names of the nodes with figures in the range. The name of a server without a cluster is empty. */
  nodes: string[];
  points: PastPoint[];
}

export interface Figures {
  /** The name of the node that the samples are from; null without a cluster. */
  node: string | null;
  period_ms: number;
  most_samples: number;
  platforms: string[];
  samples: Sample[];
}
