/** Formats times with the rules of all parts of Lamplight: hours from 00 to 23, and months by name. */

const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** Formats a time relative to now, such as `2 minutes ago`. For a later time, the text is `now`. */
export function ago(at: number, now: number, locale: string): string {
  return relative(Math.min(0, at - now), locale);
}

/** Formats a time relative to now, such as `in 2 minutes`. For an earlier time, the text is `now`. */
export function ahead(at: number, now: number, locale: string): string {
  return relative(Math.max(0, at - now), locale);
}

function relative(milliseconds: number, locale: string): string {
  const seconds = Math.round(milliseconds / 1000);
  const [unit, length] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? (["second", 1] as const);
  const format = kept(relatives, locale, () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));
  return format.format(Math.trunc(seconds / length), unit);
}

/** Formats a time, such as `14:03:22`. If it is on another day, the text also has the date. */
export function moment(at: number, now: number, locale: string): string {
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  const make = () =>
    new Intl.DateTimeFormat(locale, {
      ...(sameDay ? {} : { dateStyle: "medium" }),
      timeStyle: "medium",
      hourCycle: "h23",
    });
  return kept(sameDay ? times : dates, locale, make).format(at);
}

/** The formats of each language. It takes as long to create a format as to draw a row. */
const relatives = new Map<string, Intl.RelativeTimeFormat>();
const times = new Map<string, Intl.DateTimeFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

function kept<T>(formats: Map<string, T>, locale: string, make: () => T): T {
  const known = formats.get(locale) ?? make();
  formats.set(locale, known);
  return known;
}
