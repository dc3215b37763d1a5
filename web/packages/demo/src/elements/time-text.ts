/** Moments as people say them. */

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
  const options: Intl.DateTimeFormatOptions = sameDay
    ? { timeStyle: "medium" }
    : { dateStyle: "medium", timeStyle: "medium" };
  return new Intl.DateTimeFormat(locale, { ...options, hour12: false }).format(at);
}
