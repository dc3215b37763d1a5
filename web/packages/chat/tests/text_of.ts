import type { Message } from "../src/index.js";

/** Returns the text of a message, or the description of its custom content. */
export function textOf({ type, payload }: Message): string {
  return type === "TIMTextElem" ? payload.text : payload.description;
}
