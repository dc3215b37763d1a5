/** Detects the gestures that open the menu of a row: a right click and a long press. */

import { LongTouch } from "./long-touch.js";
import type { Anchor } from "./row-menu.js";

/** Opens the menu of a row. */
export type OpenMenu = (at: Anchor) => void;

export class MenuGestures {
  readonly #menuOf: (path: readonly EventTarget[]) => OpenMenu | undefined;

  /** `menuOf` returns the menu of the row in the path of an event; undefined if there is no row. */
  constructor(menuOf: (path: readonly EventTarget[]) => OpenMenu | undefined) {
    this.#menuOf = menuOf;
  }

  /** Detects a long press, for browsers that do not report it as a right click. */
  readonly touch = new LongTouch(({ x, y, path }) => {
    this.#menuOf(path)?.({ x, y });
  });

  readonly onContextMenu = (event: MouseEvent): void => {
    const open = this.#menuOf(event.composedPath());
    this.touch.give();
    if (open !== undefined) {
      event.preventDefault();
      const openIt = () => {
        open({ x: event.clientX, y: event.clientY });
      };
      // Some systems send this event when the button is pressed. The release of the button would then be a click
      // outside of the menu and would close the menu.
      if (event.buttons === 0) {
        openIt();
      } else {
        window.addEventListener("pointerup", () => setTimeout(openIt), { once: true });
      }
    }
  };
}
