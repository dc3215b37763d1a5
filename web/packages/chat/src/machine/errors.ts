/** Why a call was refused, with a code of the one table. */

import { CODES, type CodeName } from "../gen/codes.js";

/** A "no", of the server or of the SDK itself. A refused call has changed nothing. */
export interface Refused {
  /** A number of the table in `CODES`; a newer server may have more of them. */
  readonly code: number;
  readonly message: string;
}

/** The error that a call of the SDK is rejected with. */
export class ChatError extends Error implements Refused {
  readonly code: number;

  constructor({ code, message }: Refused) {
    super(message);
    this.name = "ChatError";
    this.code = code;
  }
}

/** A refusal that the SDK makes itself, in the words of the table. */
export function refused(name: CodeName, detail?: string): Refused {
  const { number: code, english } = CODES[name];
  return { code, message: detail === undefined ? english : `${english}: ${detail}` };
}

/** Whether this is that refusal. */
export function isRefusal(refusal: Refused, ...names: CodeName[]): boolean {
  return names.some((name) => CODES[name].number === refusal.code);
}

/** The text that the table has for a number, for answers that carry the number alone. */
export function textOf(code: number): string {
  return Object.values(CODES).find(({ number }) => number === code)?.english ?? "unknown code";
}
