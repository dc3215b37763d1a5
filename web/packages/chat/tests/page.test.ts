/** What the browser says of the network and the page reaches the driver, until it is told to stop. */

import { afterEach, expect, test, vi } from "vitest";
import { watchPage } from "../src/page.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("what is told of a page: its network, that it wakes, that it is left and come back to", () => {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("window", window);
  vi.stubGlobal("document", document);
  const heard: string[] = [];
  const hear = (what: string) => () => {
    heard.push(what);
  };
  const stop = watchPage({
    networkChanged: hear("changed"),
    networkGone: hear("gone"),
    left: hear("left"),
    back: hear("back"),
  });
  const tell = () => {
    heard.length = 0;
    window.dispatchEvent(new Event("offline"));
    window.dispatchEvent(new Event("online"));
    window.dispatchEvent(new Event("pagehide"));
    window.dispatchEvent(new Event("pageshow"));
    document.dispatchEvent(new Event("visibilitychange"));
    document.dispatchEvent(new Event("resume"));
    return heard.join(" ");
  };
  expect(tell()).toBe("gone changed left back changed changed");
  document.visibilityState = "hidden";
  expect(tell()).toBe("gone changed left back changed");
  stop();
  expect(tell()).toBe("");
});

test("where there is no page there is nothing to watch", () => {
  const nothing = () => undefined;
  watchPage({ networkChanged: nothing, networkGone: nothing, left: nothing, back: nothing })();
});
