/** The text of a message in a chat. The function is pure. */

import type { Message } from "../client.js";
import type { Words } from "../words/words.js";

/** Returns the text of a message. For custom content, returns the description, or a general text if there is none. */
export function messageText({ isRevoked, payload }: Message, words: Words): string {
  if (isRevoked === true) {
    return words.recalled;
  }
  const { text, description = "" } = payload;
  return text ?? (description === "" ? words.customMessage : description);
}
