/** The rows of a conversation list. Pure. */

import { peerOf, type Conversation } from "../client.js";
import type { Words } from "../words/words.js";

/** The most that a badge names. */
export const LARGEST_BADGE = 99;

/** Pinned first, then the latest message first; equal ones as the SDK has them. */
export function inOrder(conversations: readonly Conversation[]): Conversation[] {
  return [...conversations].sort(
    (one, other) => Number(other.isPinned) - Number(one.isPinned) || lastTime(other) - lastTime(one),
  );
}

/** The users that a list of conversations shows: of those between two people, the other one. */
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

/** Seconds; 0 when nothing was ever said. */
export function lastTime(conversation: Conversation): number {
  return conversation.lastMessage?.lastTime ?? 0;
}

export function badgeOf(unread: number): string {
  return unread > LARGEST_BADGE ? `${LARGEST_BADGE}+` : `${unread}`;
}

/** A list shows the beginning only; a message may be long. */
function oneLine(text: string): string {
  return text.slice(0, 200).replace(/\s+/gu, " ").trim();
}
