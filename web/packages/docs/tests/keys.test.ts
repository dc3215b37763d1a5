/** Tests of the keys of a page. */

import { expect, test } from "vitest";
import { actionOf } from "../src/keys.js";

const PLAIN = { isComposing: false, keyCode: 0 };

test.each([
  { key: "Escape", isFound: true, isInField: true, expected: "close" },
  { key: "Escape", isFound: true, isInField: false, expected: "close" },
  { key: "Escape", isFound: false, isInField: true, expected: undefined },
  { key: "/", isFound: false, isInField: false, expected: "search" },
  { key: "/", isFound: true, isInField: false, expected: "search" },
  { key: "/", isFound: false, isInField: true, expected: undefined },
  { key: "a", isFound: true, isInField: false, expected: undefined },
])("$key does $expected if results are shown: $isFound, in the field: $isInField", (key) => {
  expect(actionOf({ ...PLAIN, key: key.key }, key.isFound, key.isInField)).toBe(key.expected);
});

test.each([
  { isComposing: true, keyCode: 27 },
  { isComposing: false, keyCode: 229 },
])("an Escape of an input method keeps the words of the search: %o", (composing) => {
  expect(actionOf({ key: "Escape", ...composing }, true, true)).toBeUndefined();
});
