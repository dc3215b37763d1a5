/** What an application hands in, checked before anything is sent: the wrong thing gets a clear error. */

import { ChatError, refused } from "./errors.js";
import { peerOf } from "./shapes.js";

/** The most users in one call of each kind are for the server to say: an app may change them. */
export function userList(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || !value.every((user) => typeof user === "string")) {
    throw wrong(`${name} is to be an array of strings`);
  }
  return [...new Set<string>(value)];
}

export function text(value: unknown, name: string): string {
  if (typeof value !== "string") {
    throw wrong(`${name} is to be a string`);
  }
  return value;
}

/** A text that may be missing. */
export function optionalText(value: unknown, name: string): string | undefined {
  return value === undefined ? undefined : text(value, name);
}

export function userID(value: unknown, name: string): string {
  const user = text(value, name);
  if (!/^[ -~]{1,32}$/.test(user)) {
    throw new ChatError(refused("BAD_USER_ID", name));
  }
  return user;
}

/** Whom a conversation is with. */
export function conversationPeer(value: unknown, name = "conversationID"): string {
  const peer = peerOf(text(value, name));
  if (peer === undefined) {
    throw wrong(`${name} is to be "C2C" and a userID; there are no groups`);
  }
  return peer;
}

/** An object with parameters: a program in JavaScript may forget it. */
export function options<T extends object>(value: T): T {
  if (typeof value !== "object" || (value as unknown) === null) {
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
