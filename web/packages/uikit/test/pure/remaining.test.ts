/** Tests the texts of the time until the end of a custom status, and the times at which the texts change. */

import { describe, expect, test } from "vitest";
import { EN } from "../../src/words/en.js";
import { durationText, remainingOf } from "../../src/words/remaining.js";
import { ZH } from "../../src/words/zh.js";
import { readCases } from "./cases.js";

interface Case {
  what: string;
  left: number;
  en: string;
  zh: string;
  changes: number | null;
}

const { remaining } = JSON.parse(readCases("remaining.json")) as { remaining: Case[] };

/** Tuesday, 24 November 2026, 15:30 in Shanghai. */
const NOW = Date.UTC(2026, 10, 24, 7, 30);
const ZONE = "Asia/Shanghai";

test.each(remaining)("$what", ({ left, en, zh, changes }) => {
  const changesAt = changes === null ? Infinity : NOW + changes;
  expect(remainingOf(NOW + left, NOW, EN, ZONE)).toEqual({ text: en, changesAt });
  expect(remainingOf(NOW + left, NOW, ZH, ZONE)).toEqual({ text: zh, changesAt });
});

test("the text stays until the time at which it changes, down to the end", () => {
  const end = NOW + 2 * 3_600_000;
  let now = NOW;
  const texts: string[] = [];
  for (let { text, changesAt } = remainingOf(end, now, EN, ZONE); text !== "";) {
    texts.push(text);
    expect(remainingOf(end, changesAt - 1, EN, ZONE).text).toBe(text);
    now = changesAt;
    ({ text, changesAt } = remainingOf(end, now, EN, ZONE));
  }
  expect(now).toBe(end);
  expect(texts).toHaveLength(1 + 59 + 60);
  expect([texts[0], texts[1], texts[59], texts[60], texts.at(-1)]).toEqual([
    "until 17:30",
    "for 60 min",
    "for 2 min",
    "for 60 s",
    "for 1 s",
  ]);
});

describe("a choice", () => {
  test.each([
    [1, "1 second", "1秒钟"],
    [90, "90 seconds", "90秒钟"],
    [1_800, "30 minutes", "30分钟"],
    [3_600, "1 hour", "1小时"],
    [172_800, "2 days", "2天"],
    ["never", "Do not clear", "不清除"],
    ["tonight", "Until tonight", "今晚之前"],
    ["date", "Until a date and time", "指定日期和时间"],
  ] as const)("%s", (choice, en, zh) => {
    expect([durationText(choice, EN), durationText(choice, ZH)]).toEqual([en, zh]);
  });
});
