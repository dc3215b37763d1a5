/** The rows of a conversation list. The functions are pure. */

import { peerOf, type Conversation } from "../client.js";
import type { Words } from "../words/words.js";

/** The largest number that a badge shows. A larger number is shown as this number and `+`. */
export const LARGEST_BADGE = 99;

/**
 * Sorts conversations. Pinned conversations come first, then the others. Each of the two groups is sorted by the last
 * message, the latest first. Equal conversations keep their order.
 */
export function inOrder(conversations: readonly Conversation[]): Conversation[] {
  return [...conversations].sort(
    (one, other) => Number(other.isPinned) - Number(one.isPinned) || lastTime(other) - lastTime(one),
  );
}

/** Returns the peers of the one-to-one conversations. */
export function peersOf(conversations: readonly Conversation[]): string[] {
  return conversations.map(({ conversationID }) => peerOf(conversationID)).filter((peer) => peer !== undefined);
}

/** Returns the text of the second line of a row: the draft, or else the last message. */
export function summaryOf(
  conversation: Conversation,
  words: Words,
): { readonly draft: boolean; readonly text: string } {
  if (conversation.draftText) {
    return { draft: true, text: oneLine(conversation.draftText) };
  }
  const { lastMessage } = conversation;
  if (lastMessage?.isRevoked === true) {
    return { draft: false, text: words.recalled };
  }
  const shown = lastMessage?.messageForShow ?? "";
  const isCustom = lastMessage?.type === "TIMCustomElem";
  return { draft: false, text: oneLine(isCustom ? shown || words.customMessage : shown) };
}

/** Returns the time of the last message, in seconds since 1970; 0 if there is none. */
export function lastTime(conversation: Conversation): number {
  return conversation.lastMessage?.lastTime ?? 0;
}

export function badgeOf(unread: number): string {
  return unread > LARGEST_BADGE ? `${LARGEST_BADGE}+` : `${unread}`;
}

/** Returns the first 200 characters of a message in one line. */
function oneLine(text: string): string {
  return text.slice(0, 200).replace(/\s+/gu, " ").trim();
}
