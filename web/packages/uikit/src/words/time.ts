/**
 * Formats times in lists and between messages. Times are arguments, in milliseconds since 1970 (UTC).
 *
 * All parts of Lamplight have the same rules: hours from 00 to 23, months by name, and the year only if it is not the
 * current one.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/**
 * Formats a time for a list, by its age:
 *
 * - within a minute: "now"
 * - within an hour: the number of minutes
 * - on the same day: the time of day
 * - on the two days before: "yesterday" and "2 days ago"
 * - within a week: the weekday
 * - in the same year: the month and the day
 * - otherwise: the full date
 *
 * Without `timeZone`, the browser's time zone applies.
 */
export function listTime(at: number, now: number, locale: string, timeZone?: string): string {
  const ago = now - at;
  const days = dayNumber(now, timeZone) - dayNumber(at, timeZone);
  if (ago < MINUTE) {
    return relative(0, "second", locale);
  }
  if (ago < HOUR) {
    return relative(-Math.floor(ago / MINUTE), "minute", locale);
  }
  if (days <= 0) {
    return clockText(at, locale, timeZone);
  }
  if (days <= 2) {
    return relative(-days, "day", locale);
  }
  return days < 7 ? weekdayText(at, locale, timeZone) : dateText(at, now, locale, timeZone);
}

/** Formats the day of a time as a weekday. */
export function weekdayText(at: number, locale: string, timeZone?: string): string {
  return format(at, locale, { weekday: "short", ...zone(timeZone) });
}

/** Formats the day of a time as the month and the day, with the year if it is not the current one. */
export function dateText(at: number, now: number, locale: string, timeZone?: string): string {
  const isThisYear = year(at, timeZone) === year(now, timeZone);
  return format(at, locale, {
    ...(isThisYear ? {} : { year: "numeric" }),
    month: "short",
    day: "numeric",
    ...zone(timeZone),
  });
}

/** Formats the day of a message, for a separator between days. */
export function dayText(at: number, now: number, locale: string, timeZone?: string): string {
  const days = dayNumber(now, timeZone) - dayNumber(at, timeZone);
  if (days >= 0 && days <= 1) {
    return relative(-days, "day", locale);
  }
  const isThisYear = year(at, timeZone) === year(now, timeZone);
  return format(at, locale, {
    ...(isThisYear ? {} : { year: "numeric" }),
    month: "long",
    day: "numeric",
    weekday: "long",
    ...zone(timeZone),
  });
}

/** Formats the time of day of a message. */
export function clockText(at: number, locale: string, timeZone?: string): string {
  return format(at, locale, { ...CLOCK, ...zone(timeZone) });
}

/** Returns whether two times are on the same day. */
export function isSameDay(one: number, other: number, timeZone?: string): boolean {
  return dayNumber(one, timeZone) === dayNumber(other, timeZone);
}

function zone(timeZone: string | undefined): Intl.DateTimeFormatOptions {
  return timeZone === undefined ? {} : { timeZone };
}

/** Returns the number of days since 1970 in a time zone. By default, it is the time zone of the browser. */
function dayNumber(at: number, timeZone: string | undefined): number {
  const [month, day, ofYear] = format(at, "en-US", { dateStyle: "short", ...zone(timeZone) }).split("/");
  return Math.round(Date.UTC(2000 + Number(ofYear), Number(month) - 1, Number(day)) / DAY);
}

function year(at: number, timeZone: string | undefined): string {
  return format(at, "en-US", { year: "numeric", ...zone(timeZone) });
}

/** The formats that were created. It takes long to create a format, and few different formats are used. */
const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: number, locale: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${locale} ${JSON.stringify(options)}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, made);
  return made.format(at);
}

const relatives = new Map<string, Intl.RelativeTimeFormat>();

function relative(value: number, unit: Intl.RelativeTimeFormatUnit, locale: string): string {
  const made = relatives.get(locale) ?? new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  relatives.set(locale, made);
  return made.format(value, unit);
}
