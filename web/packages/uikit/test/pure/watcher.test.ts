/** Tests that a storage that cannot be used changes nothing but the memory of a page that is loaded again. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Watcher } from "../../src/status/watcher.js";
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
