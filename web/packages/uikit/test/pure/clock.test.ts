/** Tests the current time, from which the kit computes the ages of messages. */

import { expect, test } from "vitest";
import { presentOf } from "../../src/clock.js";
import { listTime } from "../../src/words/time.js";

const NOW = Date.UTC(2026, 10, 24, 7, 30);
const TEN_MINUTES = 600_000;

test.each([
  ["in milliseconds", NOW + TEN_MINUTES, NOW, NOW + TEN_MINUTES],
  ["in seconds, as other SDKs tell it", NOW / 1000, NOW - TEN_MINUTES, NOW],
  ["none", undefined, NOW, NOW],
  ["none before a login", 0, NOW, NOW],
  ["none that can be read", "soon", NOW, NOW],
  ["as an object of a number", Object(NOW) as unknown, 0, NOW],
])("a client tells the time %s", (_what, told, own, present) => {
  expect(presentOf(told, own)).toBe(present);
});

test.each([-TEN_MINUTES, 0, TEN_MINUTES])("a browser's clock that is wrong by %d ms changes no word", (wrong) => {
  expect(listTime(NOW - 120_000, presentOf(NOW, NOW + wrong), "en", "UTC")).toBe("2 minutes ago");
});
