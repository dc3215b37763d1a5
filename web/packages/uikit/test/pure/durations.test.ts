/** Tests the choices of the time after which a custom status ends. */

import { afterEach, describe, expect, test } from "vitest";
import {
  type Choice,
  dateFieldText,
  DEFAULT_DURATIONS,
  firstDate,
  LONGEST_DURATION,
  readDurations,
  secondsOf,
  type StatusDuration,
  type StatusDurations,
} from "../../src/own-status/durations.js";
import { readSuggestions, suggestionsIn } from "../../src/own-status/suggestions.js";

const zone = process.env["TZ"];

afterEach(() => {
  if (zone === undefined) {
    delete process.env["TZ"];
  } else {
    process.env["TZ"] = zone;
  }
});

test.each<[StatusDurations, StatusDuration[]]>([
  ["never 60 900 tonight date", ["never", 60, 900, "tonight", "date"]],
  [" 60,60  never ", [60, "never"]],
  [
    ["never", 1, LONGEST_DURATION],
    ["never", 1, LONGEST_DURATION],
  ],
  [DEFAULT_DURATIONS, [...DEFAULT_DURATIONS]],
])("%j are choices", (wanted, choices) => {
  expect(readDurations(wanted)).toEqual(choices);
});

test.each([
  "",
  [],
  "soon",
  [0],
  [-1],
  [0.5],
  [NaN],
  [LONGEST_DURATION + 1],
  [null],
  Array.from({ length: 13 }, (_, n) => n + 1),
])("%j are no choices", (wanted) => {
  expect(() => readDurations(wanted as never)).toThrow(TypeError);
});

describe("the duration of a choice", () => {
  const now = Date.UTC(2026, 10, 24, 7, 30, 0, 400);
  const values = { now, date: "2026-11-24T18:30", kept: now + 90_500 };

  test.each<[Choice, number]>([
    ["never", 0],
    [60, 60],
    ["kept", 91],
    ["tonight", 8 * 3_600 + 29 * 60 + 59],
    ["date", 3 * 3_600],
  ])("%s", (choice, seconds) => {
    process.env["TZ"] = "Asia/Shanghai";
    expect(secondsOf(choice, values)).toBe(seconds);
  });

  test.each([
    ["no date", ""],
    ["a date that has passed", "2026-11-24T15:30"],
    ["a date after more than 30 days", "2026-12-24T15:31"],
  ])("%s has none", (_what, date) => {
    process.env["TZ"] = "Asia/Shanghai";
    expect(secondsOf("date", { ...values, date })).toBe(undefined);
  });

  test("an end that was kept and has passed has none", () => {
    expect(secondsOf("kept", { ...values, kept: now })).toBe(undefined);
    expect(secondsOf("kept", { ...values, kept: undefined })).toBe(undefined);
  });

  test("at the end of the day, tonight is at least a second", () => {
    process.env["TZ"] = "Asia/Shanghai";
    const last = Date.UTC(2026, 10, 24, 15, 59, 59, 900);
    expect(secondsOf("tonight", { ...values, now: last })).toBe(1);
  });

  test("a day with a change of the clocks is as long as it is", () => {
    process.env["TZ"] = "Europe/Berlin";
    // The day of 25 October 2026 has 25 hours there.
    const midnight = Date.UTC(2026, 9, 24, 22, 0);
    expect(secondsOf("tonight", { ...values, now: midnight })).toBe(25 * 3_600 - 1);
  });

  test.each<[string, number, number]>([
    // On 4 April 2026, the clocks in Chile go from 24:00 back to 23:00.
    ["America/Santiago", Date.UTC(2026, 3, 5, 2, 30), 90 * 60 - 1],
    ["America/Santiago", Date.UTC(2026, 3, 5, 3, 30), 30 * 60 - 1],
    // On 6 September 2026, they go from 0:00 to 1:00.
    ["America/Santiago", Date.UTC(2026, 8, 6, 3, 30), 30 * 60 - 1],
  ])("where the clocks change at midnight, tonight is the end of the day: %s, %d", (place, at, seconds) => {
    process.env["TZ"] = place;
    expect(secondsOf("tonight", { ...values, now: at })).toBe(seconds);
  });
});

test("the field for a date begins an hour later, at a half hour", () => {
  process.env["TZ"] = "Asia/Shanghai";
  expect(firstDate(Date.UTC(2026, 10, 24, 7, 29))).toBe("2026-11-24T16:30");
  expect(firstDate(Date.UTC(2026, 10, 24, 7, 31))).toBe("2026-11-24T17:00");
  expect(firstDate(Date.UTC(2026, 11, 31, 15, 31))).toBe("2027-01-01T01:00");
  expect(Date.parse(dateFieldText(Date.UTC(2026, 0, 2, 3, 4)))).toBe(Date.UTC(2026, 0, 2, 3, 4));
});

test("suggestions are checked", () => {
  const own = [{ text: "🎂 Cake", duration: 60 }, { text: "" }];
  expect(readSuggestions(own)).toBe(own);
  for (const wrong of [null, "x", [null], ["x"], [{}], Array.from({ length: 25 }, () => ({ text: "x" }))]) {
    expect(() => readSuggestions(wrong)).toThrow(TypeError);
  }
  expect(suggestionsIn("zh-CN")).not.toBe(suggestionsIn("en"));
});
