/** Moments as people say them, by the rule of the whole product: hours from 00 to 23, months by their name. */

const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** `2 minutes ago`. */
export function ago(at: number, now: number, locale: string): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  const [unit, length] = STEPS.find(([, length]) => seconds >= length) ?? (["second", 1] as const);
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-Math.floor(seconds / length), unit);
}

/** `14:03:22`, with the date when it was another day. */
export function moment(at: number, now: number, locale: string): string {
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  const options: Intl.DateTimeFormatOptions = sameDay ? {} : { dateStyle: "medium" };
  return new Intl.DateTimeFormat(locale, { ...options, timeStyle: "medium", hourCycle: "h23" }).format(at);
}
