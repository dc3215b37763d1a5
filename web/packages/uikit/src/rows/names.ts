/** The displayed name of a user, and the initials for a user without a picture. */

import type { Conversation, Friend, Profile } from "../client.js";

/** The number of colours for users without a picture. */
export const TINTS = 8;

/** Returns the first of these that is not blank: the remark, the nick, the id. */
export function nameOf(remark: string, profile: Profile | null | undefined, userID: string): string {
  return remark.trim() || (profile?.nick ?? "").trim() || userID;
}

export function friendName(friend: Friend): string {
  return nameOf(friend.remark, friend.profile, friend.userID);
}

export function conversationName(conversation: Conversation): string {
  const { remark, userProfile, conversationID } = conversation;
  return nameOf(remark, userProfile, conversationID.replace(/^(C2C|GROUP)/, ""));
}

/**
 * Returns the initials of a name. For a name in an East Asian script, they are its first character. For other names,
 * they are the first letters of the first and the last word.
 */
export function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/[\s_.-]+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = signOf(words[0] ?? name);
  if (/\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Hangul}/u.test(first)) {
    return first;
  }
  const last = words.length > 1 ? signOf(words.at(-1) ?? "") : "";
  return `${first}${last}`.toLocaleUpperCase();
}

/** Returns a number from 0 to `TINTS` - 1, which is always the same for a user. */
export function tintOf(userID: string): number {
  let hash = 2166136261;
  for (const unit of userID) {
    hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 16777619);
  }
  return (hash >>> 8) % TINTS;
}

/** Returns the first letter of a word. */
function signOf(word: string): string {
  return /[\p{L}\p{N}]\p{M}*/u.exec(word)?.[0] ?? Array.from(word)[0] ?? "";
}
