/** Watches what the browser says of the network and of the page, for the driver. In Node there is nothing to watch. */

import { SLEEP } from "./machine.js";

/** How often the clock is looked at. A timer may stand still while the device is asleep; the clock does not. */
const LOOK = 1_000;

/** A change of the network or of the page. */
export type PageNews =
  /** The network has changed, or the page is seen again. */
  | "networkChanged"
  /** The browser says that there is no network. */
  | "networkGone"
  /** The page, or the device, was asleep. */
  | "woken"
  /** The page is left: it may be kept as it is, without its connections, and be come back to. */
  | "left"
  /** The page was come back to. */
  | "back";

/** Listens, until the function that comes back is called. */
export function watchPage(tell: (what: PageNews) => void): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") {
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
