/**
 * Checks the parameters of calls before anything is sent. A call with an invalid parameter fails at once, with an error
 * that describes the fault. The server checks the limits that an app can change.
 */

import { ChatError, refused } from "../machine/errors.js";
import { peerOf } from "./shapes.js";
import { utf8Length } from "../machine/utf8.js";

/** The maximum length of a nick or an avatar URL, in bytes, as in `crates/wire/proto`. */
export const LONGEST_PROFILE_TEXT = 500;
/** The maximum length of a remark, in bytes, as in `crates/wire/proto`. */
export const LONGEST_REMARK = 96;
/** The maximum length of a text of a friend request, in bytes, as in `crates/wire/proto`. */
export const LONGEST_ADD_TEXT = 256;

/** The maximum duration of a custom status in seconds: 30 days, as in `crates/wire/proto`. */
export const LONGEST_CUSTOM_STATUS = 2_592_000;

const USER_ID = /^[ -~]{1,32}$/;

/** Checks a list of userIDs. The length of the list is not checked here, because an app can change the limit. */
export function userList(value: unknown, name: string): string[] {
  const users = textList(value, name);
  const malformed = users.find((user) => !USER_ID.test(user));
  if (malformed !== undefined) {
    throw wrong(`${name} has ${JSON.stringify(malformed)}, which is not a userID`);
  }
  return users;
}

/** Checks a list of texts, and removes duplicates. */
export function textList(value: unknown, name: string): string[] {
  const texts = Array.isArray(value) ? [...new Set<unknown>(value)] : [undefined];
  if (!texts.every((one) => typeof one === "string")) {
    throw wrong(`${name} must be an array of strings`);
  }
  return texts;
}

/**
 * Checks a text of at most `longest` bytes. Refuses a text with half of a surrogate pair, which UTF-8 cannot encode.
 */
export function text(value: unknown, name: string, longest = Infinity): string {
  if (typeof value !== "string") {
    throw wrong(`${name} must be a string`);
  }
  if (/\p{Surrogate}/u.test(value)) {
    throw wrong(`${name} has half of a surrogate pair; cut the text between characters`);
  }
  if (longest < Infinity && utf8Length(value) > longest) {
    throw wrong(`${name} must have at most ${longest} bytes`);
  }
  return value;
}

/** Checks a text that may also be undefined. */
export function optionalText(value: unknown, name: string, longest?: number): string | undefined {
  return value === undefined ? undefined : text(value, name, longest);
}

/** Checks a device id, or the id that a sender gives to a message: 1 to 64 bytes of printable ASCII. */
export function id(value: unknown, name: string): string {
  const found = text(value, name);
  if (!/^[ -~]{1,64}$/.test(found)) {
    throw wrong(`${name} must be 1 to 64 bytes of printable ASCII`);
  }
  return found;
}

export function userID(value: unknown, name: string): string {
  if (typeof value !== "string") {
    throw wrong(`${name} must be a string`);
  }
  if (!USER_ID.test(value)) {
    throw new ChatError(refused("BAD_USER_ID", name));
  }
  return value;
}

/** Checks the id of a conversation, and returns the peer. */
export function conversationPeer(value: unknown, name = "conversationID"): string {
  const peer = typeof value === "string" ? peerOf(value) : undefined;
  if (peer === undefined || !USER_ID.test(peer)) {
    throw wrong(`${name} must be "C2C" and a userID; there are no groups`);
  }
  return peer;
}

export function flag(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") {
    throw wrong(`${name} must be true or false`);
  }
  return value;
}

/** Checks the duration of the custom status `text`, in seconds. 0 means no end. Without a text, only 0 is valid. */
export function expiresIn(value: number, text: string): number {
  const most = text === "" ? 0 : LONGEST_CUSTOM_STATUS;
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw wrong(`expiresIn must be an integer from 0 to ${most}`);
  }
  return value;
}

/** Checks that the parameters are an object. A program in JavaScript may omit them, or pass a list. */
export function options<T extends object>(value: T): T {
  if (typeof value !== "object" || (value as unknown) === null || Array.isArray(value)) {
    throw wrong("the parameters must be an object");
  }
  return value;
}

/** Checks that a value is undefined or one of `allowed`. */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T | undefined {
  if (value !== undefined && !allowed.some((one) => one === value)) {
    throw wrong(`${name} must be ${allowed.join(" or ")}`);
  }
  return value as T | undefined;
}

/** Returns the error for an invalid parameter. */
export function wrong(what: string): ChatError {
  return new ChatError(refused("INVALID_PARAMETER", what));
}
