/** Tells which keys an input method handles, for example the input method for Chinese. */

/** The `keyCode` of a key that an input method handles. */
const HANDLED = 229;

/**
 * Returns whether an input method handles this key, for example an Enter that completes a word. In Safari, that Enter
 * comes after the end of the composition, and only its `keyCode` tells it from another Enter.
 */
export function isComposing(event: KeyboardEvent): boolean {
  // Nothing has replaced `keyCode` for this purpose.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  return event.isComposing || event.keyCode === HANDLED;
}
