/** The refusals of calls, with the codes that all SDKs share. */

import { CODES, type CodeName } from "../gen/codes.js";

/**
 * A refusal by the server or by the SDK itself. A refused call has changed nothing, except with the code 9520: the
 * server may then have executed it.
 */
export interface Refused {
  /** The number of a code in `CODES`. A newer server may send other numbers. */
  readonly code: number;
  /** The English text of the code, often with details. */
  readonly message: string;
}

/**
 * The error with which a call of the SDK is rejected. The call has changed nothing, except with the code 9520: the
 * server may then have executed it.
 */
export class ChatError extends Error implements Refused {
  readonly code: number;

  constructor({ code, message }: Refused) {
    super(message);
    this.name = "ChatError";
    this.code = code;
  }
}

/** Returns a refusal by the SDK itself, with the text of the code. */
export function refused(name: CodeName, detail?: string): Refused {
  const { number: code, english } = CODES[name];
  return { code, message: detail === undefined ? english : `${english}: ${detail}` };
}

/** Whether the refusal has any of these codes. */
export function isRefusal(refusal: Refused, ...names: CodeName[]): boolean {
  return names.some((name) => CODES[name].number === refusal.code);
}

/** Returns the text of a code, for answers that have no text. */
export function textOf(code: number): string {
  return Object.values(CODES).find(({ number }) => number === code)?.english ?? "unknown code";
}
