import { describe, expect, test } from "vitest";
import { HOME, hashOf, outerOf, routeOf } from "../src/route.js";

describe("the route", () => {
  test.each([
    ["", HOME],
    ["#", HOME],
    ["#/", HOME],
    ["#/chats", HOME],
    ["#/contacts", { ...HOME, tab: "contacts" }],
    ["#/chats/alice", { ...HOME, peer: "alice" }],
    ["#/contacts/alice/details", { tab: "contacts", peer: "alice", isDetailed: true }],
    ["#/chats/a%2Fb%20c", { ...HOME, peer: "a/b c" }],
    ["#/chats//details", HOME],
    ["#/nowhere/alice", HOME],
    ["#/chats/alice/more", HOME],
    ["#/chats/alice/details/more", HOME],
    ["#/chats/%E0%A4%A", HOME],
    [`#/chats/${"x".repeat(33)}`, HOME],
  ])("%s", (hash, route) => {
    expect(routeOf(hash)).toEqual(route);
  });

  test.each([
    HOME,
    { tab: "contacts", peer: "", isDetailed: false },
    { tab: "chats", peer: "a/b ?#%", isDetailed: true },
  ] as const)("%j is read as it was written", (route) => {
    expect(routeOf(hashOf(route))).toEqual(route);
  });

  test("what was opened last is closed first", () => {
    const details = { tab: "contacts", peer: "alice", isDetailed: true } as const;
    const chat = outerOf(details);
    expect(chat).toEqual({ ...details, isDetailed: false });
    const list = outerOf(chat ?? HOME);
    expect(list).toEqual({ ...HOME, tab: "contacts" });
    expect(outerOf(list ?? details)).toBeUndefined();
  });
});
