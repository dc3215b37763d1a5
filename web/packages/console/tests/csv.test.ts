import { expect, test } from "vitest";
import { heads, instant, rows, type Columns } from "../src/text/csv.js";

const columns: Columns<[string, number]> = { text: ([text]) => text, number: ([, number]) => number };

test("rows have a cell for each column, quoted where need be, and none is a formula", () => {
  expect(heads(columns)).toBe("text,number\r\n");
  for (const [text, cell] of [
    ["a", "a"],
    ["听", "听"],
    ["", ""],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    ["=1+1", "'=1+1"],
    ["@x", "'@x"],
    ["-7", "-7"],
    ["-7a", "'-7a"],
    ["=A1,B1", '"\'=A1,B1"'],
    ["＝1+1", "'＝1+1"],
    ["＋1", "'＋1"],
    ["－1", "'－1"],
    ["＠x", "'＠x"],
    ["\t=1", "'\t=1"],
    ["\t7", "'\t7"],
    ["\r=1", '"\'\r=1"'],
    ["\n=1", '"\'\n=1"'],
    ["\r", '"\'\r"'],
    ["-0.5", "-0.5"],
    ["+49", "+49"],
    ["-Infinity", "'-Infinity"],
    ["a＝1", "a＝1"],
  ] as const) {
    expect(rows(columns, [[text, -7]])).toBe(`${cell},-7\r\n`);
  }
});

test("a time is one of every program", () => {
  expect(instant(1_700_000_000_123)).toBe("2023-11-14T22:13:20.123Z");
});
