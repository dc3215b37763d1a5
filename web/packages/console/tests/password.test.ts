import { expect, test } from "vitest";
import { passwordProblem } from "../src/text/password.js";

test("a new password is 10 to 200 bytes long, and typed twice", () => {
  for (const [next, again, problem] of [
    ["", "", { kind: "bounds", bytes: 0 }],
    ["a".repeat(9), "a".repeat(9), { kind: "bounds", bytes: 9 }],
    ["a".repeat(10), "a".repeat(10), undefined],
    ["灯灯灯", "灯灯灯", { kind: "bounds", bytes: 9 }],
    ["灯灯灯灯", "灯灯灯灯", undefined],
    ["a".repeat(200), "a".repeat(200), undefined],
    ["灯".repeat(67), "灯".repeat(67), { kind: "bounds", bytes: 201 }],
    ["correct horse", "correct house", { kind: "differ" }],
    ["correct horse", "correct horse ", { kind: "differ" }],
  ] as const) {
    expect(passwordProblem(next, again), next).toEqual(problem);
  }
});
