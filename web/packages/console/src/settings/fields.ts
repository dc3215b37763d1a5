/** The fields of the settings: how they are shown, parsed and checked. Their bounds come from the server. */

import type { Bounds } from "../api/shapes.js";

/** The unit of a number. */
export type Unit = "users" | "calls" | "bytes" | "friends" | "days" | "logins" | "seconds" | "milliseconds";

export interface NumberField {
  path: string;
  unit: Unit;
}

export const LIMIT_FIELDS: readonly NumberField[] = [
  { path: "limits.subscriptions", unit: "users" },
  { path: "limits.query_batch", unit: "users" },
  { path: "limits.subscribe_batch", unit: "users" },
  { path: "limits.unsubscribe_batch", unit: "users" },
  { path: "limits.custom_status_bytes", unit: "bytes" },
  { path: "limits.rate.calls", unit: "calls" },
  { path: "limits.rate.window_ms", unit: "milliseconds" },
  { path: "limits.api_rate.calls", unit: "calls" },
  { path: "limits.api_rate.window_ms", unit: "milliseconds" },
  { path: "limits.message_rate.calls", unit: "calls" },
  { path: "limits.message_rate.window_ms", unit: "milliseconds" },
  { path: "limits.friends", unit: "friends" },
  { path: "limits.message_bytes", unit: "bytes" },
];

export const TIMING_FIELDS: readonly NumberField[] = [
  { path: "timing.heartbeat_timeout_native_ms", unit: "milliseconds" },
  { path: "timing.heartbeat_timeout_web_ms", unit: "milliseconds" },
  { path: "timing.linger_native_ms", unit: "milliseconds" },
  { path: "timing.linger_web_ms", unit: "milliseconds" },
  { path: "timing.login_retention_ms", unit: "milliseconds" },
  { path: "timing.subscription_retention_ms", unit: "milliseconds" },
  { path: "timing.message_retention_days", unit: "days" },
];

export const DEVICE_FIELDS: readonly NumberField[] = [
  { path: "multi_device.web_instances", unit: "logins" },
  { path: "multi_device.native_instances", unit: "logins" },
];

export const JWT_FIELDS: readonly NumberField[] = [{ path: "jwt.leeway_s", unit: "seconds" }];

/** The units of time, the longest first. */
const TIMES = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** Returns the text of a value. A time is in the longest unit that divides it. */
export function fieldText(value: number, unit: Unit): string {
  if (unit !== "milliseconds") return String(value);
  return timeText(value);
}

/** Formats a time in milliseconds, such as 400 s, 10 min or 7 d. The text of 0 is `0 s`. */
export function timeText(milliseconds: number): string {
  if (milliseconds === 0) return "0 s";
  const [name, size] = TIMES.find(([, size]) => milliseconds % size === 0) ?? ["ms", 1];
  return `${milliseconds / size} ${name}`;
}

/**
 * Formats a bound as a short text. If a time has more than ten of its longest unit, it is rounded down to whole units.
 */
export function boundText(value: number, unit: Unit): string {
  if (unit !== "milliseconds" || value < 1_000) return fieldText(value, unit);
  const [name, size] = TIMES.find(([, size]) => value >= size) ?? ["ms", 1];
  return value % size === 0 || value / size > 10 ? `${Math.floor(value / size)} ${name}` : timeText(value);
}

/** Returns the number in a field; `undefined` if the text is not a number. */
export function readField(text: string, unit: Unit): number | undefined {
  const clean = text.trim().toLowerCase();
  if (unit !== "milliseconds") return /^\d{1,10}$/.test(clean) ? Number(clean) : undefined;
  const match = /^(\d{1,10}(?:\.\d{1,3})?)\s*([a-z\u4e00-\u9fff]*)$/.exec(clean);
  const size = match === null ? undefined : SIZES.get(match[2] ?? "");
  if (match === null || size === undefined) return undefined;
  const milliseconds = Number(match[1]) * size;
  return Number.isInteger(milliseconds) ? milliseconds : undefined;
}

/** The length of each unit of time, in milliseconds. A number without a unit is in seconds. */
const SIZES = new Map<string, number>([
  ["", 1_000],
  ["ms", 1],
  ["毫秒", 1],
  ["s", 1_000],
  ["sec", 1_000],
  ["秒", 1_000],
  ["m", 60_000],
  ["min", 60_000],
  ["分", 60_000],
  ["分钟", 60_000],
  ["h", 3_600_000],
  ["小时", 3_600_000],
  ["d", 86_400_000],
  ["天", 86_400_000],
]);

export type FieldProblem = { kind: "unreadable" } | { kind: "outside"; least: number; most: number };

/** Returns the problem of the text in a field; undefined if there is none. */
export function problemOf(text: string, field: NumberField, bounds: Bounds): FieldProblem | undefined {
  const value = readField(text, field.unit);
  if (value === undefined) return { kind: "unreadable" };
  const bound = bounds[field.path];
  if (bound === undefined) return undefined;
  const [least, most] = bound;
  return value < least || value > most ? { kind: "outside", least, most } : undefined;
}
