import { expect, test } from "vitest";
import type { Figures, Sample } from "../src/api/shapes.js";
import { lastNumber, NO_HISTORY, platformLines, stack, take } from "../src/figures/history.js";

function figures(numbers: number[], node: string | null = null, most = 5): Figures {
  const samples = numbers.map((number): Sample => ({
    number,
    at: number * 1_000,
    online: number,
    devices: [number, 0, 1],
    connections: number,
    changes: 0,
    notifications: 0,
    backlog: null,
    delivery: null,
    detection: null,
  }));
  return { node, period_ms: 1_000, most_samples: most, platforms: ["iPhone", "Android", "Web"], samples };
}

const numbers = (history: { samples: readonly Sample[] }): number[] => history.samples.map(({ number }) => number);

test("new samples come behind the old ones, of which the oldest go", () => {
  let history = take(NO_HISTORY, figures([0, 1, 2, 3]));
  expect(lastNumber(history)).toBe(3);
  history = take(history, figures([4, 5]));
  expect(numbers(history)).toEqual([1, 2, 3, 4, 5]);
  expect(numbers(take(history, figures([])))).toEqual([1, 2, 3, 4, 5]);
});

test("after a restart of the server its own history counts", () => {
  const history = take(NO_HISTORY, figures([100, 101]));
  expect(numbers(take(history, figures([0, 1])))).toEqual([0, 1]);
});

test("samples of two nodes of a cluster are never mixed", () => {
  let history = take(NO_HISTORY, figures([1, 2], "a"));
  history = take(history, figures([3], "a"));
  expect(numbers(history)).toEqual([1, 2, 3]);
  history = take(history, figures([8, 9], "b"));
  expect([history.node, numbers(history)]).toEqual(["b", [8, 9]]);
});

test("a platform without anybody has no line, and lines stack up", () => {
  const lines = platformLines(take(NO_HISTORY, figures([1, 2])));
  expect(lines).toEqual([
    { platform: "iPhone", values: [1, 2] },
    { platform: "Web", values: [1, 1] },
  ]);
  expect(stack(lines.map(({ values }) => values))).toEqual([
    [1, 2],
    [2, 3],
  ]);
  expect(stack([])).toEqual([]);
});

test("nothing was read yet", () => {
  expect(lastNumber(NO_HISTORY)).toBeUndefined();
});
