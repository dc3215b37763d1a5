/** The text that a chat shows of a message. Pure. */

import type { Message } from "../client.js";
import type { Words } from "../words/words.js";

/** The text of a message; for custom content, its description or the fact that it is custom content. */
export function messageText({ isRevoked, payload }: Message, words: Words): string {
  if (isRevoked === true) {
    return words.recalled;
  }
  const { text, description = "" } = payload;
  return text ?? (description === "" ? words.customMessage : description);
}
