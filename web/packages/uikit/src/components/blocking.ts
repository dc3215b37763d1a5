/** The questions before a user is blocked or unblocked, and the item of a menu that asks them. */

import type { ChatClient } from "../client.js";
import { currentKit } from "../kit.js";
import type { Words } from "../words/words.js";
import type { MenuItem, Question } from "./row-menu.js";

/** The user to block or unblock. */
export interface Meant {
  readonly userID: string;
  readonly name: string;
}

export interface Asking {
  /** Shows the question. */
  readonly ask: (question: Question) => void;
  /** Makes the call, and shows its failure. `done` is the announcement of its success. */
  readonly attempt: (call: () => Promise<unknown> | undefined, done: string) => void;
}

/** Returns the item that blocks a user, or unblocks a blocked one. Empty if the client has no block list. */
export function blockItems(meant: Meant, words: Words, asking: Asking): MenuItem[] {
  const kit = currentKit();
  if (kit === null || !hasBlockList(kit.client)) {
    return [];
  }
  const state = kit.blocked.state;
  const isBlocked = state.is === "ready" && state.items.includes(meant.userID);
  const question = questionOf(meant, isBlocked, words, asking.attempt);
  return [
    {
      text: question.yes,
      isDangerous: !isBlocked,
      act: () => {
        asking.ask(question);
      },
    },
  ];
}

/** Returns the question that is asked before a user is blocked, or before a blocked user is unblocked. */
export function questionOf(
  { userID, name }: Meant,
  isBlocked: boolean,
  words: Words,
  attempt: Asking["attempt"],
): Question {
  const userIDList = [userID];
  const client = currentKit()?.client;
  return isBlocked
    ? {
        title: words.unblockTitle(name),
        text: words.unblockText(name),
        yes: words.unblock,
        no: words.cancel,
        isHarmless: true,
        act: () => {
          attempt(() => client?.removeFromBlacklist?.({ userIDList }), words.isUnblocked(name));
        },
      }
    : {
        title: words.blockTitle(name),
        text: words.blockText(name),
        yes: words.block,
        no: words.cancel,
        act: () => {
          attempt(() => client?.addToBlacklist?.({ userIDList }), words.isBlocked(name));
        },
      };
}

/** Whether a client can block users. */
export function hasBlockList(client: ChatClient): boolean {
  return (
    client.getBlacklist !== undefined &&
    client.addToBlacklist !== undefined &&
    client.removeFromBlacklist !== undefined
  );
}
