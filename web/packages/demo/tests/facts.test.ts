import type { UserStatus } from "@lamplight/chat";
import { expect, test } from "vitest";
import { factsOf } from "../src/facts.js";

function status(statusType: UserStatus["statusType"]): UserStatus {
  return {
    statusType,
    since: 1_000,
    lastSeen: 900,
    customStatus: "",
    onlineDevices: ["Web"],
  } as unknown as UserStatus;
}

test("an unknown status has no time, and devices are current only while the status is", () => {
  const [known, last] = [
    { names: ["Web"], areCurrent: true },
    { names: ["Web"], areCurrent: false },
  ];
  for (const [type, isStale, since, lastSeen, devices] of [
    [1, false, 1_000, undefined, known],
    [1, true, 1_000, undefined, last],
    [2, false, 1_000, { at: 900 }, known],
    [3, true, 1_000, { at: 900 }, last],
    [0, false, undefined, undefined, last],
    [0, true, undefined, undefined, last],
  ] as const) {
    expect(factsOf(status(type), isStale), `${type} ${isStale}`).toEqual({ type, since, lastSeen, devices });
  }
});

test("a custom status has an end only while there is a text", () => {
  expect(factsOf({ ...status(1), customStatus: "out", customExpires: 2_000 }, false).textEnds).toBe(2_000);
  expect(factsOf({ ...status(1), customStatus: "out" }, false).textEnds).toBe(undefined);
  expect(factsOf({ ...status(1), customExpires: 2_000 }, false).textEnds).toBe(undefined);
});
