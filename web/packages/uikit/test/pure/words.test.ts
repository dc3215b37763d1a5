/** How moments are told, in both languages; and that no language lacks a word. */

import { describe, expect, test } from "vitest";
import { EN } from "../../src/words/en.js";
import { dayText, isSameDay, listTime } from "../../src/words/time.js";
import { wordsOf } from "../../src/words/words.js";
import { ZH } from "../../src/words/zh.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Tuesday, 24 November 2026, 15:30 in Shanghai. */
const NOW = Date.UTC(2026, 10, 24, 7, 30);
const ZONE = "Asia/Shanghai";

describe("in a list", () => {
  test.each([
    ["this moment", 0, "now", "现在"],
    ["a clock that is ahead", -5 * MINUTE, "now", "现在"],
    ["just under a minute", MINUTE - 1, "now", "现在"],
    ["a minute", MINUTE, "1 minute ago", "1分钟前"],
    ["just under an hour", HOUR - 1, "59 minutes ago", "59分钟前"],
    ["an hour", HOUR, "14:30", "14:30"],
    ["this morning", 15 * HOUR, "00:30", "00:30"],
    ["yesterday, sixteen hours ago", 16 * HOUR, "yesterday", "昨天"],
    ["the day before", 2 * DAY, "2 days ago", "前天"],
    ["three days", 3 * DAY, "Sat", "周六"],
    ["six days", 6 * DAY, "Wed", "周三"],
    ["seven days", 7 * DAY, "Nov 17", "11月17日"],
    ["this year", 300 * DAY, "Jan 28", "1月28日"],
    ["last year", 330 * DAY, "Dec 29, 2025", "2025年12月29日"],
  ])("%s", (_what, ago, english, chinese) => {
    expect(listTime(NOW - ago, NOW, EN.locale, ZONE)).toBe(english);
    expect(listTime(NOW - ago, NOW, ZH.locale, ZONE)).toBe(chinese);
  });

  test("the day is that of the reader", () => {
    const at = Date.UTC(2026, 10, 23, 20, 0);
    expect(listTime(at, NOW, "en", ZONE)).toBe("04:00");
    expect(listTime(at, NOW, "en", "UTC")).toBe("yesterday");
    expect(isSameDay(at, NOW, ZONE)).toBe(true);
    expect(isSameDay(at, NOW, "UTC")).toBe(false);
  });
});

test.each([
  [0, "today", "今天"],
  [DAY, "yesterday", "昨天"],
  [2 * DAY, "Sunday, November 22", "11月22日星期日"],
  [400 * DAY, "Monday, October 20, 2025", "2025年10月20日星期一"],
])("between messages, %i ms ago", (ago, english, chinese) => {
  expect(dayText(NOW - ago, NOW, EN.locale, ZONE)).toBe(english);
  expect(dayText(NOW - ago, NOW, ZH.locale, ZONE)).toBe(chinese);
});

test.each([
  ["zh", ZH],
  ["zh-CN", ZH],
  ["zh-Hant-TW", ZH],
  ["en-GB", EN],
  ["zha", EN],
  ["fr", EN],
  ["", EN],
])("%j has its words", (language, words) => {
  expect(wordsOf(language)).toBe(words);
});

test("no text is missing in a language", () => {
  for (const words of [EN, ZH]) {
    for (const [name, word] of Object.entries(words)) {
      const text = typeof word === "function" ? (word as (of: never) => string)("3" as never) : (word as string);
      expect(text, name).toMatch(/\S/);
    }
  }
  expect(Object.keys(ZH).sort()).toEqual(Object.keys(EN).sort());
});
