import { describe, expect, test } from "vitest";
import { boundText, fieldText, problemOf, readField, type NumberField } from "../src/settings/fields.js";

describe("a time in its field", () => {
  test.each([
    [0, "0 s"],
    [1, "1 ms"],
    [1_500, "1500 ms"],
    [5_000, "5 s"],
    [60_000, "1 min"],
    [400_000, "400 s"],
    [3_600_000, "1 h"],
    [604_800_000, "7 d"],
  ])("%i ms is written %s, and read back", (milliseconds, text) => {
    expect(fieldText(milliseconds, "milliseconds")).toBe(text);
    expect(readField(text, "milliseconds")).toBe(milliseconds);
  });

  test.each([
    ["5", 5_000],
    [" 7D ", 604_800_000],
    ["1.5 min", 90_000],
    ["0.001s", 1],
    ["10 分钟", 600_000],
    ["20秒", 20_000],
    ["", undefined],
    ["soon", undefined],
    ["5 weeks", undefined],
    ["-1 s", undefined],
    ["0.5 ms", undefined],
    ["1e3 s", undefined],
    ["5 s 3 ms", undefined],
  ])("%j is read as %s", (text, milliseconds) => {
    expect(readField(text, "milliseconds")).toBe(milliseconds);
  });

  test.each([
    [1, "1 ms"],
    [3_600_000, "1 h"],
    [90_000, "90 s"],
    [4_294_967_295, "49 d"],
  ])("a bound of %i ms is told as %s", (milliseconds, text) => {
    expect(boundText(milliseconds, "milliseconds")).toBe(text);
  });
});

describe("a number in its field", () => {
  const field: NumberField = { path: "limits.subscriptions", unit: "users" };
  const bounds: Record<string, [number, number]> = { "limits.subscriptions": [1, 10_000] };

  test.each(["1", "200", "10000", " 5 "])("%j is fine", (text) => {
    expect(problemOf(text, field, bounds)).toBeUndefined();
  });
  test.each(["0", "10001", "9999999999"])("%s is outside", (text) => {
    expect(problemOf(text, field, bounds)).toEqual({ kind: "outside", least: 1, most: 10_000 });
  });
  test.each(["", "x", "1.5", "-1", "1 000", "12345678901"])("%j is no number", (text) => {
    expect(problemOf(text, field, bounds)).toEqual({ kind: "unreadable" });
  });
  test("a field without bounds takes any number", () => {
    expect(problemOf("123456", { path: "limits.new", unit: "calls" }, bounds)).toBeUndefined();
  });
});
