/** The texts of errors, with their codes. */

import { CODES } from "@lamplight/chat/codes";
import { ApiError } from "../api/client.js";
import type { Words } from "./en.js";

/** Returns a sentence for an error, with details if the server has sent any, and its code. */
export function errorText(error: unknown, words: Words): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return words.errors.unreachable;
  return words.errors.withCode(sentence(error, words), error.code);
}

function sentence(error: ApiError, words: Words): string {
  if (error.status === 429 && error.retryAfter !== undefined) return words.errors.wait(error.retryAfter);
  const known = Object.values(CODES).find((code) => code.number === error.code);
  if (known !== undefined) {
    if (known === CODES.INTERNAL) return words.errors.internal;
    // The server's text begins with the code. The code is removed here, because it is added at the end.
    const said = error.message.replace(/^\d+:?\s*/, "");
    const meaning = words.locale.startsWith("zh") ? known.chinese : known.english;
    return capital(
      said === "" || said === known.english ? meaning : words.locale === "en" ? said : `${meaning}：${said}`,
    );
  }
  switch (error.status) {
    case 401:
      return words.errors.wrongPassword;
    case 403:
      return error.needs === undefined
        ? words.errors.forbidden
        : words.errors.roleTooLow(words.roles[error.needs].name);
    case 412:
      return words.errors.changedMeanwhile;
    case 502:
    case 503:
    case 504:
      return words.errors.unavailable;
    default:
      return capital(error.message);
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
