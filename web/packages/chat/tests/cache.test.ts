/** Tests that the cache has the newest version of each user, for any number and any order of statuses. */

import { expect, test } from "vitest";
import { EMPTY, fold, refresh, remove, type Cache } from "../src/machine/cache.js";
import { isNewer, type UserStatus } from "../src/machine/status.js";

function statuses(words: string): UserStatus[] {
  return words
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => {
      const [userID = "", version = "0"] = word.split(":");
      return { userID, version, statusType: 1, customStatus: "", since: 0, reason: "login", onlineDevices: [] };
    });
}

function brief(told: Iterable<UserStatus>): string {
  return [...told]
    .map(({ userID, version }) => `${userID}:${version}`)
    .sort()
    .join(" ");
}

function of(words: string): Cache {
  return fold(EMPTY, statuses(words)).cache;
}

test("the newer version stays, and only what differs is handed back", () => {
  for (const [held, told, differs, after] of [
    ["", "", "", ""],
    ["", "bob:1 ann:2", "ann:2 bob:1", "ann:2 bob:1"],
    ["ann:2", "ann:1", "", "ann:2"],
    ["ann:2", "ann:2", "", "ann:2"],
    ["ann:2 bob:7", "ann:3 bob:6", "ann:3", "ann:3 bob:7"],
    ["ann:2", "ann:3 ann:5 ann:4", "ann:5", "ann:5"],
    ["ann:9", "ann:10", "ann:10", "ann:10"],
    ["ann:18446744073709551614", "ann:18446744073709551615", "ann:18446744073709551615", "ann:18446744073709551615"],
  ] as const) {
    const { cache, changed } = fold(of(held), statuses(told));
    expect([brief(changed), brief(cache.values())]).toEqual([differs, after]);
  }
});

test("the order does not matter, nor does telling twice, nor in how many pieces", () => {
  const told = statuses("ann:1 bob:5 ann:4 cid:2 bob:3 ann:9 cid:2");
  const inOne = fold(EMPTY, told).cache;
  for (let shift = 0; shift < told.length; shift += 1) {
    const rotated = [...told.slice(shift), ...told.slice(0, shift)];
    for (const order of [rotated, rotated.toReversed(), [...rotated, ...rotated]]) {
      const inPieces = order.reduce<Cache>((cache, status) => fold(cache, [status]).cache, EMPTY);
      expect(brief(inPieces.values())).toBe(brief(inOne.values()));
    }
  }
});

test("folding what is known changes nothing, not even the object", () => {
  const cache = of("ann:2 bob:1");
  expect(fold(cache, [...cache.values()]).cache).toBe(cache);
});

test("what was handed in is not changed", () => {
  const cache = of("ann:2");
  fold(cache, statuses("ann:3 bob:1"));
  remove(cache, ["ann"]);
  expect(brief(cache.values())).toBe("ann:2");
});

test("a query refreshes the watched and keeps nothing of others", () => {
  const { cache, changed } = refresh(of("ann:2"), statuses("ann:3 bob:9"));
  expect([brief(changed), brief(cache.values())]).toEqual(["ann:3", "ann:3"]);
});

test("who is removed is gone", () => {
  expect(brief(remove(of("ann:2 bob:1"), ["ann", "zoe"]).values())).toBe("bob:1");
});

test("versions are compared as numbers, however long they are", () => {
  for (const [one, other, newer] of [
    ["10", "9", true],
    ["9", "10", false],
    ["7", "7", false],
    ["0", "", true],
  ] as const) {
    expect(isNewer(one, other)).toBe(newer);
  }
});
