/** Formats numbers and times in the language of the reader. The current time is an argument. */

const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

/** Returns a format from the cache. It takes long to create a format, and few different formats are used. */
function kept<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  key: string,
  make: () => T,
): T {
  const known = formats.get(key) as T | undefined;
  if (known !== undefined) return known;
  const made = make();
  formats.set(key, made);
  return made;
}

/** Formats a number, such as 12,345. */
export function count(value: number, locale: string): string {
  return kept(`count ${locale}`, () => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })).format(value);
}

/** Formats a number for the axis of a chart, such as 1.2K. */
export function short(value: number, locale: string): string {
  const make = (): Intl.NumberFormat =>
    new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  return kept(`short ${locale}`, make).format(value);
}

/** Formats a number of events per second. A number below 100 has one decimal. */
export function rate(value: number, locale: string): string {
  const digits = value > 0 && value < 100 ? 1 : 0;
  const make = (): Intl.NumberFormat =>
    new Intl.NumberFormat(locale, { minimumFractionDigits: 0, maximumFractionDigits: digits });
  return kept(`rate ${digits} ${locale}`, make).format(value);
}

/** Formats a short time in a suitable unit, such as 80 µs, 1.4 ms, 2.3 s or 60.2 s. */
export function latency(seconds: number, locale: string): string {
  return latencyParts(seconds, locale).join(" ");
}

/** Formats a short time like `latency`. Returns the number and the unit separately. */
export function latencyParts(seconds: number, locale: string): [value: string, unit: string] {
  if (seconds < 0.001) return [precise(seconds * 1e6, locale), "µs"];
  if (seconds < 1) return [precise(seconds * 1e3, locale), "ms"];
  return [precise(seconds, locale), "s"];
}

function precise(value: number, locale: string): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  const make = (): Intl.NumberFormat => new Intl.NumberFormat(locale, { maximumFractionDigits: digits });
  return kept(`precise ${digits} ${locale}`, make).format(value);
}

/** Formats a date and a time with seconds. The hours are 00 to 23, as everywhere in Lamplight. */
export function moment(at: number, locale: string, timeZone?: string): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" };
  if (timeZone !== undefined) options.timeZone = timeZone;
  return kept(`moment ${locale} ${timeZone ?? ""}`, () => new Intl.DateTimeFormat(locale, options)).format(at);
}

/** Formats a time of day with seconds. */
export function clock(at: number, locale: string, timeZone?: string): string {
  const options: Intl.DateTimeFormatOptions = { timeStyle: "medium", hourCycle: "h23" };
  if (timeZone !== undefined) options.timeZone = timeZone;
  return kept(`clock ${locale} ${timeZone ?? ""}`, () => new Intl.DateTimeFormat(locale, options)).format(at);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];

/** Formats a time relative to now, such as 3 minutes ago, or in 7 days. */
export function ago(at: number, now: number, locale: string): string {
  const away = at - now;
  const [unit, size] = STEPS.find(([, size]) => Math.abs(away) >= size) ?? ["second", 1_000];
  const format = kept(`ago ${locale}`, () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));
  // Rounds toward zero, because 59 seconds ago is not a minute ago.
  return format.format(Math.trunc(away / size), unit);
}
