/** The messages of a conversation as they are drawn: where a day begins, and which stand together. Pure. */

import type { Message } from "../client.js";
import { isSameDay } from "../words/time.js";

/** Messages of one person within this many seconds stand together. */
export const TOGETHER = 180;

export interface Entry {
  readonly message: Message;
  /** The first one of its day. */
  readonly isNewDay: boolean;
  /** The first and the last of those that stand together. */
  readonly isFirst: boolean;
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
