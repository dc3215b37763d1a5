/** Tests the emoji at the beginning of a custom status. */

import { expect, test } from "vitest";
import { EMOJIS, joinSaying, splitSaying } from "../../src/own-status/emoji.js";
import { suggestionsIn } from "../../src/own-status/suggestions.js";

test.each([
  ["🎧 Focusing", "🎧", "Focusing"],
  ["🎧", "🎧", ""],
  ["✈️ away", "✈️", "away"],
  ["👍🏽 fine", "👍🏽", "fine"],
  ["👩‍💻 coding", "👩‍💻", "coding"],
  ["🏳️‍🌈 parade", "🏳️‍🌈", "parade"],
  ["🇨🇳 Shanghai", "🇨🇳", "Shanghai"],
  ["🏴󠁧󠁢󠁷󠁬󠁳󠁿 Cardiff", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "Cardiff"],
  ["3️⃣ left", "3️⃣", "left"],
  ["🎧🎵 two", "", "🎧🎵 two"],
  ["🎧now", "", "🎧now"],
  ["听歌中 🎧", "", "听歌中 🎧"],
  ["3 left", "", "3 left"],
  ["# one", "", "# one"],
  ["", "", ""],
])("%j", (customStatus, emoji, text) => {
  expect(splitSaying(customStatus)).toEqual({ emoji, text });
  expect(joinSaying({ emoji, text })).toBe(customStatus);
});

test("the text is trimmed", () => {
  expect(joinSaying({ emoji: "🎧", text: "  now " })).toBe("🎧 now");
  expect(joinSaying({ emoji: "", text: "   " })).toBe("");
});

test("each emoji of the menu is one, and each suggestion begins with one", () => {
  for (const emoji of EMOJIS) {
    expect(splitSaying(`${emoji} x`)).toEqual({ emoji, text: "x" });
  }
  expect(new Set(EMOJIS).size).toBe(EMOJIS.length);
  for (const { text } of [...suggestionsIn("en"), ...suggestionsIn("zh-CN")]) {
    expect(splitSaying(text).emoji).not.toBe("");
    expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(100);
  }
});
