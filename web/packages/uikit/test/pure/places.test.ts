/** Tests that rows keep their elements, and that free elements are used again. */

import { expect, test } from "vitest";
import { Places } from "../../src/components/places.js";

test("a window that moves over a list", () => {
  const places = new Places<{ readonly index: number }>();
  const drawn = (...rows: number[]) =>
    places
      .assign(rows.map((index) => ({ index })))
      .map(({ row, isFree }) => (isFree ? "-" : `${row.index}`))
      .join(" ");
  expect(drawn(0, 1, 2)).toBe("0 1 2");
  expect(drawn(1, 2, 3)).toBe("3 1 2");
  expect(drawn(2, 3)).toBe("3 - 2");
  expect(drawn(2, 3, 4, 5)).toBe("3 4 2 5");
  expect(drawn(90, 91)).toBe("90 91 - -");
  // The last row of a free element is not confused with a row that is drawn.
  expect(drawn(90, 2)).toBe("90 2 - -");
  expect(drawn()).toBe("- - - -");
  expect(drawn(7)).toBe("7 - - -");
});
