/** The objects that the environment provides: a browser, Node, or another one. */

import type { WebSocketConstructor } from "../machine/driver.js";
import * as check from "./parameters.js";

/** Returns the global `WebSocket` constructor. Throws an error if there is none. */
export function globalWebSocket(): WebSocketConstructor {
  const found = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (found === undefined) {
    throw check.wrong(
      "there is no WebSocket here; hand one in: create({ WebSocket: … }), such as that of the package ws",
    );
  }
  return found;
}

/**
 * Returns the window, which emits the events of the page; undefined if there is none. React Native has a `window`
 * without events.
 */
export function pageOf(): EventTarget | undefined {
  const page = (globalThis as { window?: Partial<EventTarget> }).window;
  return page?.addEventListener === undefined ? undefined : (page as EventTarget);
}
