/** The choices of the time after which a custom status ends. All functions are pure. */

/**
 * A choice: `"never"` (no end), a number of seconds (1 to 2,592,000), `"tonight"` (23:59:59 of this day) or `"date"`
 * (a date and a time that the user enters). Days and times of day are in the time zone of the browser.
 */
export type StatusDuration = "never" | "tonight" | "date" | number;

/** The choices of an application, 1 to 12; as a text, they are separated by spaces or commas. */
export type StatusDurations = readonly StatusDuration[] | (string & {});

/** The maximum duration in seconds: 30 days. The server refuses more. */
export const LONGEST_DURATION = 2_592_000;
/** The maximum number of choices. */
export const MOST_DURATIONS = 12;

export const DEFAULT_DURATIONS: readonly StatusDuration[] = ["never", 1_800, 3_600, "tonight", "date"];

/** The choice of the user: one of the application's choices, or `"kept"` for the end that the status has already. */
export type Choice = StatusDuration | "kept";

/** The values from which the duration of a choice is computed. Times are in milliseconds since 1970 (UTC). */
export interface ChoiceValues {
  readonly now: number;
  /** The date and time that the user has entered, such as `2026-11-24T18:30`. */
  readonly date: string;
  /** The end that the status has already; undefined if it has none. */
  readonly kept: number | undefined;
}

/** Parses the choices of an application, and removes duplicates. If they are invalid, throws a `TypeError`. */
export function readDurations(wanted: StatusDurations): readonly StatusDuration[] {
  const words: readonly unknown[] = typeof wanted === "string" ? wanted.split(/[\s,]+/).filter(Boolean) : wanted;
  const durations = [...new Set(words.map(readDuration))];
  if (durations.length === 0 || durations.length > MOST_DURATIONS) {
    throw new TypeError(`statusDurations must have 1 to ${MOST_DURATIONS} choices`);
  }
  return durations;
}

function readDuration(word: unknown): StatusDuration {
  if (word === "never" || word === "tonight" || word === "date") {
    return word;
  }
  const seconds = typeof word === "string" ? Number(word) : word;
  if (typeof seconds !== "number" || !Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_DURATION) {
    throw new TypeError(
      `statusDurations has ${JSON.stringify(word)}; a choice is "never", "tonight", "date" or 1 to ${LONGEST_DURATION} seconds`,
    );
  }
  return seconds;
}

/**
 * Returns the duration of a choice in seconds; 0 for no end. Returns undefined if the duration would be less than 1
 * second or more than 30 days.
 */
export function secondsOf(choice: Choice, { now, date, kept }: ChoiceValues): number | undefined {
  switch (choice) {
    case "never":
      return 0;
    case "tonight":
      return Math.max(1, Math.ceil((endOfDay(now) - now) / 1_000));
    case "date":
      return secondsUntil(Date.parse(date), now);
    case "kept":
      return kept === undefined ? undefined : secondsUntil(kept, now);
    default:
      return choice;
  }
}

/**
 * Returns the initial date and time, in the form of an input field: an hour after `now`, rounded up to the next half
 * hour.
 */
export function firstDate(now: number): string {
  const date = new Date(now + 3_600_000);
  date.setMinutes(date.getMinutes() <= 30 ? 30 : 60, 0, 0);
  return dateFieldText(date.getTime());
}

/** Formats a time for an input field with a date and a time, in the time zone of the browser. */
export function dateFieldText(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

function secondsUntil(end: number, now: number): number | undefined {
  const seconds = Math.ceil((end - now) / 1_000);
  return seconds >= 1 && seconds <= LONGEST_DURATION ? seconds : undefined;
}

/**
 * Returns the last second of the day of `now`. It is computed from the beginning of the next day: where the clocks are set
 * back at midnight, 23:59:59 comes twice, and the earlier one may have passed.
 */
function endOfDay(now: number): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime() - 1_000;
}
