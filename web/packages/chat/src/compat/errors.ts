/** Errors in the form of the cloud's SDK: with the field `data`, and with codes that only the cloud's SDK has. */

import { ChatError, isRefusal } from "../machine/errors.js";
import { NOT_SUPPORTED } from "./absent.js";

/** The cloud's code for a call without a login. */
export const USER_NOT_LOGGED_IN = 2024;

/** The error with which a call is rejected. */
export class CompatError extends ChatError {
  /** Details of the error, such as the message that was not sent. */
  readonly data: Record<string, unknown>;

  constructor(refusal: { code: number; message: string }, data: Record<string, unknown> = {}) {
    super(refusal);
    this.data = data;
  }
}

/** Converts an error of this SDK to the form of the cloud's SDK. */
export function compatible(error: unknown, data: Record<string, unknown> = {}): unknown {
  if (!(error instanceof ChatError) || error instanceof CompatError) {
    return error;
  }
  const code = isRefusal(error, "NOT_LOGGED_IN") ? USER_NOT_LOGGED_IN : error.code;
  return new CompatError({ code, message: error.message }, data);
}

export function notLoggedIn(call: string, data: Record<string, unknown> = {}): CompatError {
  const message = `${call}: not logged in; call login first and wait for the event SDK_READY`;
  return new CompatError({ code: USER_NOT_LOGGED_IN, message }, data);
}

export function notSupported(what: string, data: Record<string, unknown> = {}): CompatError {
  return new CompatError({ code: NOT_SUPPORTED, message: `${what} is not supported by Lamplight` }, data);
}
