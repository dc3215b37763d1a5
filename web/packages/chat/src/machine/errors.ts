/** The refusal of a call, with a code of the common table. */

import { CODES, type CodeName } from "../gen/codes.js";

/** A refusal by the server or by the SDK itself. A refused call has changed nothing. */
export interface Refused {
  /** A number of the table in `CODES`; a newer server may have more codes. */
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

/** A refusal by the SDK itself, with the text of the table. */
export function refused(name: CodeName, detail?: string): Refused {
  const { number: code, english } = CODES[name];
  return { code, message: detail === undefined ? english : `${english}: ${detail}` };
}

/** Whether the refusal has one of these codes. */
export function isRefusal(refusal: Refused, ...names: CodeName[]): boolean {
  return names.some((name) => CODES[name].number === refusal.code);
}

/** The text of the table for a code, for answers that have only the code. */
export function textOf(code: number): string {
  return Object.values(CODES).find(({ number }) => number === code)?.english ?? "unknown code";
}
