/** The keys of a page. */

/** The properties of a `KeyboardEvent` that say what a key does. */
export interface Key {
  readonly key: string;
  readonly isComposing: boolean;
  readonly keyCode: number;
}

/** The `keyCode` of a key that an input method handles. */
const HANDLED = 229;

/**
 * Returns what a key does: it closes the results of the search, or moves the focus to the search field. A key that an
 * input method handles, as for Chinese, does neither. In Safari, the last key of an input method comes after the end of
 * the composition, and only its `keyCode` tells it from another key.
 */
export function actionOf(event: Key, isFound: boolean, isInField: boolean): "close" | "search" | undefined {
  if (event.isComposing || event.keyCode === HANDLED) {
    return undefined;
  }
  if (event.key === "Escape" && isFound) {
    return "close";
  }
  return event.key === "/" && !isInField ? "search" : undefined;
}
