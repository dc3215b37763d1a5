/** The rows of a conversation list. Pure. */

import { peerOf, type Conversation } from "../client.js";
import type { Words } from "../words/words.js";

/** The largest number on a badge. */
export const LARGEST_BADGE = 99;

/** Sorts conversations: pinned first, then the latest message first; equal ones in the order of the SDK. */
export function inOrder(conversations: readonly Conversation[]): Conversation[] {
  return [...conversations].sort(
    (one, other) => Number(other.isPinned) - Number(one.isPinned) || lastTime(other) - lastTime(one),
  );
}

/** The peers of the one-to-one conversations in a list. */
export function peersOf(conversations: readonly Conversation[]): string[] {
  return conversations.map(({ conversationID }) => peerOf(conversationID)).filter((peer) => peer !== undefined);
}

/** The text of the second line of a row. */
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

/** The time of the last message in seconds; 0 if there is none. */
export function lastTime(conversation: Conversation): number {
  return conversation.lastMessage?.lastTime ?? 0;
}

export function badgeOf(unread: number): string {
  return unread > LARGEST_BADGE ? `${LARGEST_BADGE}+` : `${unread}`;
}

/** The beginning of a message in one line; a message may be long. */
function oneLine(text: string): string {
  return text.slice(0, 200).replace(/\s+/gu, " ").trim();
}
