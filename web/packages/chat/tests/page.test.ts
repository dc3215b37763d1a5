/**
 * Tests that the browser's events about the network and the page are reported, until the returned function is called.
 */

import { afterEach, expect, test, vi } from "vitest";
import { watchPage } from "../src/machine/page.js";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Creates a page whose events the test emits. */
function page() {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const connection = new EventTarget();
  vi.stubGlobal("window", window);
  vi.stubGlobal("document", document);
  vi.stubGlobal("navigator", { connection });
  const heard: string[] = [];
  const stop = watchPage((what) => {
    heard.push(what);
  });
  return { window, document, connection, heard, stop };
}

test("what is told of a page: its network, that it is seen, that it is left and come back to", () => {
  const { window, document, connection, heard, stop } = page();
  const tell = () => {
    heard.length = 0;
    window.dispatchEvent(new Event("offline"));
    window.dispatchEvent(new Event("online"));
    connection.dispatchEvent(new Event("change"));
    window.dispatchEvent(new Event("pagehide"));
    window.dispatchEvent(new Event("pageshow"));
    document.dispatchEvent(new Event("visibilitychange"));
    document.dispatchEvent(new Event("resume"));
    return heard.join(" ");
  };
  const always = "networkGone networkChanged networkChanged left back";
  expect(tell()).toBe(`${always} networkChanged networkChanged`);
  document.visibilityState = "hidden";
  expect(tell()).toBe(`${always} networkChanged`);
  stop();
  expect(tell()).toBe("");
});

test("a clock that has jumped is a sleep, seen within a second or with the next event", () => {
  vi.useFakeTimers();
  const { window, heard, stop } = page();
  vi.advanceTimersByTime(20_000);
  expect(heard).toEqual([]);
  // As on a device that sleeps, the clock advances and the timers stop.
  vi.setSystemTime(Date.now() + 5_001);
  vi.advanceTimersByTime(1_000);
  expect(heard).toEqual(["woken"]);
  vi.setSystemTime(Date.now() + 60_000);
  window.dispatchEvent(new Event("online"));
  expect(heard).toEqual(["woken", "woken", "networkChanged"]);
  vi.setSystemTime(Date.now() - 60_000);
  vi.advanceTimersByTime(2_000);
  expect(heard).toHaveLength(3);
  stop();
  vi.setSystemTime(Date.now() + 60_000);
  vi.advanceTimersByTime(2_000);
  expect(heard).toHaveLength(3);
});

test("where there is no page there is nothing to watch", () => {
  watchPage(() => undefined)();
});
