/**
 * Checks the parameters of an application before anything is sent: a wrong one gets a clear error at once, and changes
 * nothing. Parameters that pass can be read by the server; bounds that an app may set are the server's to check.
 */

import { ChatError, refused } from "../machine/errors.js";
import { peerOf } from "./shapes.js";
import { utf8Length } from "../machine/utf8.js";

/** The longest nick and avatar, remark, and texts of a friend request: bytes, as `crates/wire/proto` has them. */
export const LONGEST_PROFILE_TEXT = 500;
export const LONGEST_REMARK = 96;
export const LONGEST_ADD_TEXT = 256;

const USER_ID = /^[ -~]{1,32}$/;

/** The most users in one call of each kind are for the server to say: an app may change them. */
export function userList(value: unknown, name: string): string[] {
  const users = textList(value, name);
  const malformed = users.find((user) => !USER_ID.test(user));
  if (malformed !== undefined) {
    throw wrong(`${name} has ${JSON.stringify(malformed)}, which is no userID`);
  }
  return users;
}

/** A list of texts, each of them once. */
export function textList(value: unknown, name: string): string[] {
  const texts = Array.isArray(value) ? [...new Set<unknown>(value)] : [undefined];
  if (!texts.every((one) => typeof one === "string")) {
    throw wrong(`${name} is to be an array of strings`);
  }
  return texts;
}

/** A text of at most so many bytes. Half of a surrogate pair is no text: UTF-8 does not have it. */
export function text(value: unknown, name: string, longest = Infinity): string {
  if (typeof value !== "string") {
    throw wrong(`${name} is to be a string`);
  }
  if (/\p{Surrogate}/u.test(value)) {
    throw wrong(`${name} has half of a surrogate pair; text is to be cut between characters`);
  }
  if (longest < Infinity && utf8Length(value) > longest) {
    throw wrong(`${name} is to have at most ${longest} bytes`);
  }
  return value;
}

/** A text that may be missing. */
export function optionalText(value: unknown, name: string, longest?: number): string | undefined {
  return value === undefined ? undefined : text(value, name, longest);
}

/** Names a device, or a message among those of its sender: 1 to 64 bytes of printable ASCII. */
export function id(value: unknown, name: string): string {
  const found = text(value, name);
  if (!/^[ -~]{1,64}$/.test(found)) {
    throw wrong(`${name} is to be 1 to 64 bytes of printable ASCII`);
  }
  return found;
}

export function userID(value: unknown, name: string): string {
  if (typeof value !== "string") {
    throw wrong(`${name} is to be a string`);
  }
  if (!USER_ID.test(value)) {
    throw new ChatError(refused("BAD_USER_ID", name));
  }
  return value;
}

/** The peer of a conversation. */
export function conversationPeer(value: unknown, name = "conversationID"): string {
  const peer = typeof value === "string" ? peerOf(value) : undefined;
  if (peer === undefined || !USER_ID.test(peer)) {
    throw wrong(`${name} is to be "C2C" and a userID; there are no groups`);
  }
  return peer;
}

export function flag(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") {
    throw wrong(`${name} is to be true or false`);
  }
  return value;
}

/** An object with parameters: a program in JavaScript may forget it, or hand in the list itself. */
export function options<T extends object>(value: T): T {
  if (typeof value !== "object" || (value as unknown) === null || Array.isArray(value)) {
    throw wrong("the parameters are to be an object");
  }
  return value;
}

/** A value that is one of these, or missing. */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T | undefined {
  if (value !== undefined && !allowed.some((one) => one === value)) {
    throw wrong(`${name} is to be ${allowed.join(" or ")}`);
  }
  return value as T | undefined;
}

/** A refusal of a parameter, with what is wrong. */
export function wrong(what: string): ChatError {
  return new ChatError(refused("INVALID_PARAMETER", what));
}
