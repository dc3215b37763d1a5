/** Tests the driver of the ledger: a storage that cannot be used, and the end of the session during the end of the kit. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Watcher } from "../../src/status/watcher.js";
import { crowd } from "../../stage/crowd.js";
import { SCENE } from "../../stage/people.js";
import { Stage } from "../../stage/stage.js";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const refuse = (): never => {
  throw new DOMException("the quota has been exceeded", "QuotaExceededError");
};

test.each([
  ["usable", { getItem: () => null, setItem: () => undefined, removeItem: () => undefined }],
  ["full", { getItem: () => null, setItem: refuse, removeItem: () => undefined }],
  ["forbidden", { getItem: refuse, setItem: refuse, removeItem: refuse }],
])("a %s storage", async (_, memory) => {
  const stage = new Stage(SCENE);
  const watcher = new Watcher({ client: stage, on: true, memory, report: () => undefined });
  watcher.show("list", { listed: ["maya", "bruno"], onScreen: ["maya"] });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(stage.calls.map(({ call }) => call)).toEqual(["getSubscriptions", "getUserStatus", "subscribeUserStatus"]);
  expect(watcher.shown("maya")?.customStatus).toBe("In the studio until six");
  // The application's own calls succeed too.
  await stage.subscribeUserStatus({ userIDList: ["bea"] });
  await stage.unsubscribeUserStatus({ userIDList: ["bea"] });
  await watcher.stop();
  expect(stage.subscriptions).toEqual([]);
});

test("the end of the kit does not change the subscriptions of the next user", async () => {
  const friends = crowd(150);
  const stage = new Stage({ ...SCENE, friends });
  const watcher = new Watcher({ client: stage, on: true, memory: null, report: () => undefined });
  const listed = friends.map(({ id }) => id);
  watcher.show("list", { listed, onScreen: listed });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(stage.subscriptions).toHaveLength(150);
  const unsubscribe = vi.spyOn(stage, "unsubscribeUserStatus");
  unsubscribe.mockImplementationOnce(() => {
    stage.logOut();
    stage.logIn("bea");
    return Promise.resolve({ data: { failureUserList: [] } });
  });
  await watcher.stop();
  expect(unsubscribe).toHaveBeenCalledTimes(1);
  expect(stage.subscriptions).toHaveLength(150);
});
