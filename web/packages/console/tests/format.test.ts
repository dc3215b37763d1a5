import { expect, test } from "vitest";
import { ago, clock, count, latency, moment, rate } from "../src/text/format.js";

test.each([
  [0.000_08, "80 µs"],
  [0.000_25, "250 µs"],
  [0.001_4, "1.4 ms"],
  [0.046_4, "46.4 ms"],
  [0.5, "500 ms"],
  [2.345, "2.35 s"],
  [60.2, "60.2 s"],
  [400, "400 s"],
])("%d seconds are %s", (seconds, text) => {
  expect(latency(seconds, "en")).toBe(text);
});

test("numbers are written as people there do", () => {
  expect(count(1_234_567, "en")).toBe("1,234,567");
  expect([0, 0.04, 3.25, 250.4].map((value) => rate(value, "en"))).toEqual(["0", "0", "3.3", "250"]);
});

test.each([
  [0, "now"],
  [-3_000, "3 seconds ago"],
  [-59_999, "59 seconds ago"],
  [-60_000, "1 minute ago"],
  [-7_200_000, "2 hours ago"],
  [604_800_000, "in 7 days"],
  [-86_400_000, "yesterday"],
])("%i ms away is %s", (away, text) => {
  expect(ago(1e12 + away, 1e12, "en")).toBe(text);
});

test("a moment is told in full", () => {
  expect(moment(0, "en-GB", "UTC")).toBe("1 Jan 1970, 00:00:00");
});

test("hours are counted from 00 to 23 in both languages, as in the lists of the kit", () => {
  const afternoon = Date.UTC(2026, 10, 24, 14, 3, 22);
  expect([moment(afternoon, "en", "UTC"), moment(afternoon, "zh-CN", "UTC")]).toEqual([
    "Nov 24, 2026, 14:03:22",
    "2026年11月24日 14:03:22",
  ]);
  expect([clock(afternoon, "en", "UTC"), clock(0, "zh-CN", "UTC")]).toEqual(["14:03:22", "00:00:00"]);
});
