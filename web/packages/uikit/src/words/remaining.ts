/**
 * Formats the end of a custom status: "for 42 s", "for 25 min", "until 18:30", "until Fri 18:30". Times are arguments,
 * in milliseconds since 1970 (UTC).
 */

import type { StatusDuration } from "../own-status/durations.js";
import { clockText, dateText, isSameDay, weekdayText } from "./time.js";
import type { Words } from "./words.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The units of durations, the longest first, with their lengths in seconds. */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** The text for the time until the end of a custom status. */
export interface Remaining {
  /** Empty if the end has passed. The server then clears the status at any moment. */
  readonly text: string;
  /** The time at which the text changes; `Infinity` if it does not change any more. */
  readonly changesAt: number;
}

const PASSED: Remaining = { text: "", changesAt: Infinity };

/**
 * Formats the time until `end`. Within a minute, the text has the seconds; within an hour, the minutes. Otherwise, it
 * has the time of day, with the day if that is not today. Without `timeZone`, the browser's time zone applies.
 */
export function remainingOf(end: number, now: number, words: Words, timeZone?: string): Remaining {
  const left = end - now;
  if (left <= 0) {
    return PASSED;
  }
  const [unit, text] = left <= MINUTE ? [SECOND, words.forSeconds] : [MINUTE, words.forMinutes];
  if (left <= HOUR) {
    // The number of units is rounded up, so that the text is never "for 0 s".
    const count = Math.ceil(left / unit);
    return { text: text(count), changesAt: end - (count - 1) * unit };
  }
  // At midnight, "until Fri 18:30" may become "until 18:30". The text is therefore computed again within an hour.
  return { text: words.until(endText(end, now, words, timeZone)), changesAt: Math.min(end - HOUR, now + HOUR) };
}

/** Formats the end for a tooltip: the time of day, with its day if that is not today. */
export function endText(end: number, now: number, { locale }: Words, timeZone?: string): string {
  const time = clockText(end, locale, timeZone);
  if (isSameDay(end, now, timeZone)) {
    return time;
  }
  const day =
    Math.abs(end - now) < 6 * DAY ? weekdayText(end, locale, timeZone) : dateText(end, now, locale, timeZone);
  return `${day} ${time}`;
}

/** Formats a choice of a duration: "30 minutes", "1 hour", or the text for a choice without a number. */
export function durationText(choice: StatusDuration, words: Words): string {
  switch (choice) {
    case "never":
      return words.never;
    case "tonight":
      return words.tonight;
    case "date":
      return words.chosenDate;
    default: {
      const [unit, length] = UNITS.find(([, length]) => choice % length === 0) ?? (["second", 1] as const);
      return new Intl.NumberFormat(words.locale, { style: "unit", unit, unitDisplay: "long" }).format(
        choice / length,
      );
    }
  }
}
