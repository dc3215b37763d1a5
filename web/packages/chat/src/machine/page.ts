/** Observes the browser's events about the network and the page. Node has no such events. */

import { SLEEP } from "./machine.js";

/**
 * The interval at which the clock is read, in milliseconds. A sleep stops the timer but not the clock, so the sleep
 * can be detected.
 */
const LOOK = 1_000;

/** An event of the network or of the page. */
export type PageNews =
  /** The network has changed, or the page is visible again. */
  | "networkChanged"
  /** The browser reports that there is no network. */
  | "networkGone"
  /** The page, or the device, was asleep. */
  | "woken"
  /**
   * The user has left the page. The browser may keep the page in its back-forward cache, without connections, and
   * show it again.
   */
  | "left"
  /** The page has returned from the browser's back-forward cache. */
  | "back";

/** Calls `tell` with each event until the returned function is called. */
export function watchPage(tell: (what: PageNews) => void): () => void {
  // React Native has a `window` without events, and libraries may add a `document` without events.
  const page = globalThis as { window?: Partial<EventTarget>; document?: Partial<EventTarget> };
  if (page.window?.addEventListener === undefined || page.document?.addEventListener === undefined) {
    return () => undefined;
  }
  let seen = Date.now();
  const look = (what?: PageNews) => {
    const passed = Date.now() - seen;
    seen += passed;
    if (passed > SLEEP) {
      tell("woken");
    }
    if (what !== undefined) {
      tell(what);
    }
  };
  const clock = setInterval(look, LOOK);
  const stop = new AbortController();
  const hear = (target: EventTarget | undefined, name: string, what: PageNews) => {
    const heard = () => {
      if (name !== "visibilitychange" || document.visibilityState === "visible") {
        look(what);
      }
    };
    target?.addEventListener(name, heard, stop);
  };
  hear(window, "online", "networkChanged");
  hear((navigator as { connection?: EventTarget }).connection, "change", "networkChanged");
  hear(document, "resume", "networkChanged");
  hear(document, "visibilitychange", "networkChanged");
  hear(window, "offline", "networkGone");
  hear(window, "pagehide", "left");
  hear(window, "pageshow", "back");
  return () => {
    clearInterval(clock);
    stop.abort();
  };
}
