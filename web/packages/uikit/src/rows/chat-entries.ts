/**
 * Pure functions that make the entries of the chat view from the messages of a conversation. An entry tells whether its
 * message is the first of a day, and whether it is the first or the last of a block. A block consists of consecutive
 * messages of one user, with short intervals, on the same day.
 */

import type { Message } from "../client.js";
import { isSameDay } from "../words/time.js";

/**
 * Two consecutive messages of one user are drawn as one block if the time between them is shorter than this, in
 * seconds.
 */
export const TOGETHER = 180;

export interface Entry {
  readonly message: Message;
  /** Whether the message is the first of its day. */
  readonly isNewDay: boolean;
  /** Whether the message is the first of its block. */
  readonly isFirst: boolean;
  /** Whether the message is the last of its block. */
  readonly isLast: boolean;
}

export function entriesOf(messages: readonly Message[], timeZone?: string): Entry[] {
  const isTogether = (one: Message | undefined, other: Message | undefined) =>
    one !== undefined &&
    other?.flow === one.flow &&
    Math.abs(other.time - one.time) < TOGETHER &&
    isSameDay(one.time * 1000, other.time * 1000, timeZone);
  return messages.map((message, index) => {
    const before = messages[index - 1];
    return {
      message,
      isNewDay: before === undefined || !isSameDay(before.time * 1000, message.time * 1000, timeZone),
      isFirst: !isTogether(before, message),
      isLast: !isTogether(message, messages[index + 1]),
    };
  });
}
