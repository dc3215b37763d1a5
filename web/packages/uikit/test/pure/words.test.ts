/** Tests the texts of times in both languages, and that no language lacks a text. */

import { describe, expect, test } from "vitest";
import { EN } from "../../src/words/en.js";
import { dayText, isSameDay, listTime } from "../../src/words/time.js";
import { wordsOf } from "../../src/words/words.js";
import { ZH } from "../../src/words/zh.js";
import { readCases } from "./cases.js";

interface Cases {
  list: { what: string; ago: number; en: string; zh: string }[];
  days: { ago: number; en: string; zh: string }[];
  languages: { language: string; words: "en" | "zh" }[];
}

const cases = JSON.parse(readCases("times.json")) as Cases;

/** Tuesday, 24 November 2026, 15:30 in Shanghai. */
const NOW = Date.UTC(2026, 10, 24, 7, 30);
const ZONE = "Asia/Shanghai";

describe("in a list", () => {
  test.each(cases.list)("$what", ({ ago, en, zh }) => {
    expect(listTime(NOW - ago, NOW, EN.locale, ZONE)).toBe(en);
    expect(listTime(NOW - ago, NOW, ZH.locale, ZONE)).toBe(zh);
  });

  test("the day is that of the reader", () => {
    const at = Date.UTC(2026, 10, 23, 20, 0);
    expect(listTime(at, NOW, "en", ZONE)).toBe("04:00");
    expect(listTime(at, NOW, "en", "UTC")).toBe("yesterday");
    expect(isSameDay(at, NOW, ZONE)).toBe(true);
    expect(isSameDay(at, NOW, "UTC")).toBe(false);
  });
});

test.each(cases.days)("between messages, $ago ms ago", ({ ago, en, zh }) => {
  expect(dayText(NOW - ago, NOW, EN.locale, ZONE)).toBe(en);
  expect(dayText(NOW - ago, NOW, ZH.locale, ZONE)).toBe(zh);
});

test.each(cases.languages)("$language has its words", ({ language, words }) => {
  expect(wordsOf(language)).toBe(words === "zh" ? ZH : EN);
});

test("no text is missing in a language", () => {
  for (const words of [EN, ZH]) {
    for (const [name, word] of Object.entries(words)) {
      const text: unknown = typeof word === "function" ? (word as (of: never) => unknown)("3" as never) : word;
      // Some texts are grouped by a value.
      Object.values(typeof text === "object" && text !== null ? text : [text]).forEach((one: unknown) => {
        expect(one, name).toMatch(/\S/);
      });
    }
  }
  expect(Object.keys(ZH).sort()).toEqual(Object.keys(EN).sort());
});
