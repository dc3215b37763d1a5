import { expect, test } from "vitest";
import type { Past, PastPoint } from "../src/api/shapes.js";
import { pastLine, pastPlatforms, places, stackPast } from "../src/figures/past.js";

const point = (at: number, online = 1): PastPoint => ({
  at,
  online,
  peak: online,
  devices: [online, 0],
  connections: online,
  changes: 0,
  notifications: 0,
  backlog: null,
  delivery: null,
  detection: null,
});

const past = (points: PastPoint[]): Past => ({
  range: "hour",
  step_ms: 10,
  from: 100,
  to: 200,
  platforms: ["Android", "Web"],
  nodes: [""],
  points,
});

/** Returns the times of the points. A dash marks the edge of a gap. */
const shown = (points: PastPoint[]): string =>
  places(past(points))
    .map(({ at, point: found }) => `${at}${found === undefined ? "-" : ""}`)
    .join(" ");

test.each([
  ["nothing at all", [], "100- 200-"],
  ["steps in a row", [point(110), point(120), point(130)], "100- 110 120 130 140- 200-"],
  ["a gap in between", [point(110), point(150), point(160)], "100- 110 120- 150 160 170- 200-"],
  ["from the beginning to the end", [point(100), point(110), point(200)], "100 110 120- 200"],
  ["a step under way is no gap", [point(180), point(190)], "100- 180 190"],
  ["what is out of the range", [point(90), point(110), point(210)], "100- 110 120- 200-"],
])("%s", (_, points, expected) => {
  expect(shown(points)).toBe(expected);
});

test("a gap is in every line, and a platform without anybody in none", () => {
  const whole = past([point(110, 2), point(150, 3)]);
  const all = places(whole);
  expect(pastLine(all, (it) => it.online)).toEqual([null, 2, null, 3, null, null]);
  expect(pastLine(all, (it) => it.backlog)).toEqual([null, null, null, null, null, null]);
  const platforms = pastPlatforms(whole, all);
  expect(platforms.map(({ platform }) => platform)).toEqual(["Android"]);
  expect(stackPast([platforms[0]?.values ?? [], [1, 1, 1, 1, 1, 1]])).toEqual([
    [null, 2, null, 3, null, null],
    [1, 3, 1, 4, 1, 1],
  ]);
});
