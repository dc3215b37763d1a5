/** The reasons of failures, as texts for users. */

import { CODES } from "@lamplight/chat/codes";
import type { Words } from "./words.js";

/**
 * Returns the reason of a failure. The errors of the SDK have an English text with details. In Chinese, the reason is
 * the text of the code.
 */
export function reasonOf(error: unknown, { locale }: Words): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const known = code === 0 ? undefined : Object.values(CODES).find(({ number }) => number === code);
  if (known !== undefined && locale.startsWith("zh")) {
    return known.chinese;
  }
  return error instanceof Error ? error.message : String(error);
}
