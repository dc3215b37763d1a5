/** What the browser says of the network and the page reaches the driver, until it is told to stop. */

import { afterEach, expect, test, vi } from "vitest";
import { watchPage } from "../src/page.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a page that wakes or comes online asks; one that goes offline or is hidden does not", () => {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("window", window);
  vi.stubGlobal("document", document);
  const heard: string[] = [];
  const stop = watchPage(
    () => heard.push("changed"),
    () => heard.push("gone"),
  );
  const tell = () => {
    heard.length = 0;
    window.dispatchEvent(new Event("offline"));
    window.dispatchEvent(new Event("online"));
    window.dispatchEvent(new Event("pageshow"));
    document.dispatchEvent(new Event("visibilitychange"));
    document.dispatchEvent(new Event("resume"));
    return heard.join(" ");
  };
  expect(tell()).toBe("gone changed changed changed changed");
  document.visibilityState = "hidden";
  expect(tell()).toBe("gone changed changed");
  stop();
  expect(tell()).toBe("");
});

test("where there is no page there is nothing to watch", () => {
  watchPage(
    () => undefined,
    () => undefined,
  )();
});
