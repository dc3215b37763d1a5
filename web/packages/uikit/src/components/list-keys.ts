/** The effects of keys in a list, as pure functions. */

export interface Place {
  /** The index of the current row; -1 if there is none. */
  readonly index: number;
  readonly count: number;
  /** The number of rows by which Page Up and Page Down move. */
  readonly page: number;
}

export type Step =
  { readonly to: "row"; readonly from: (place: Place) => number } | { readonly to: "open" | "delete" | "menu" };

type Key = Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">;

/** Returns the effect of a key; undefined if the list does not handle the key. */
export function stepOf({ key, shiftKey, ctrlKey, metaKey, altKey }: Key): Step | undefined {
  if (ctrlKey || metaKey || altKey) {
    return undefined;
  }
  switch (key) {
    case "ArrowDown":
      return by(() => 1);
    case "ArrowUp":
      return by(() => -1);
    case "PageDown":
      return by(({ page }) => Math.max(1, page));
    case "PageUp":
      return by(({ page }) => -Math.max(1, page));
    case "Home":
      return { to: "row", from: () => 0 };
    case "End":
      return { to: "row", from: ({ count }) => count - 1 };
    case "Enter":
    case " ":
      return { to: "open" };
    case "Delete":
      return { to: "delete" };
    case "ContextMenu":
      return { to: "menu" };
    case "F10":
      return shiftKey ? { to: "menu" } : undefined;
    default:
      return undefined;
  }
}

function by(offset: (place: Place) => number): Step {
  return {
    to: "row",
    from: (place) => Math.max(0, Math.min(place.count - 1, Math.max(place.index, -1) + offset(place))),
  };
}
