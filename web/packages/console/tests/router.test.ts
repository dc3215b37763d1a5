import { describe, expect, test } from "vitest";
import { hrefOf, routeOf, type Route } from "../src/router.js";

describe("an address and its page", () => {
  const table: [string, Route][] = [
    ["#/overview", { page: "overview" }],
    ["#/apps", { page: "apps" }],
    ["#/apps/1400000001/limits", { page: "app", app: 1_400_000_001, tab: "limits" }],
    ["#/users", { page: "users", app: undefined, by: "id", prefix: "" }],
    ["#/users/7", { page: "users", app: 7, by: "id", prefix: "" }],
    ["#/users/7?prefix=a+b%26", { page: "users", app: 7, by: "id", prefix: "a b&" }],
    ["#/users/7?by=nick&prefix=%E7%88%B1", { page: "users", app: 7, by: "nick", prefix: "爱" }],
    ["#/online", { page: "online", app: undefined, on: "" }],
    ["#/online/7?on=Web", { page: "online", app: 7, on: "Web" }],
    ["#/users/7/alice", { page: "user", app: 7, user: "alice" }],
    ["#/users/7/a%2Fb%3Fc%23d%25.e", { page: "user", app: 7, user: "a/b?c#d%.e" }],
  ];
  test.each(table)("%s", (hash, route) => {
    expect(routeOf(hash)).toEqual(route);
    expect(hrefOf(route)).toBe(hash);
  });

  test.each([
    ["", { page: "overview" }],
    ["#", { page: "overview" }],
    ["#/apps/7", { page: "app", app: 7, tab: "general" }],
  ])("%j is short for one", (hash, route) => {
    expect(routeOf(hash)).toEqual(route);
  });

  test.each([
    "#/nothing",
    "#/apps/x",
    "#/apps/7/nothing",
    "#/users/x",
    "#/online/x",
    "#/online/7/a",
    "#/users/7/a/b",
    "#/users/7/%E4%",
    "#/overview/7",
  ])("%s leads nowhere", (hash) => {
    expect(routeOf(hash)).toEqual({ page: "nowhere" });
  });
});
