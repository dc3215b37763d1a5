/** The rows of a contact list: the headers of letters, and the friends below them. The functions are pure. */

import type { Friend } from "../client.js";
import { LETTERS, letterOf, type Pinyin, reading } from "./initials.js";
import { friendName } from "./names.js";

export type ContactRow =
  | { readonly is: "letter"; readonly letter: string }
  /** A friend. `place` is the position of the friend among all friends, from 1. */
  | { readonly is: "friend"; readonly friend: Friend; readonly name: string; readonly place: number };

export interface Contacts {
  readonly rows: readonly ContactRow[];
  /** For each letter: the index of its header among the rows. */
  readonly letters: ReadonlyMap<string, number>;
  readonly users: readonly string[];
}

/**
 * Groups friends by letters: A to Z, then `#`. The friends of a letter are sorted by the reading of the name, then by
 * the name, then by the userID.
 */
export function contactsOf(friends: readonly Friend[], pinyin: Pinyin | null, language: string): Contacts {
  const collator = new Intl.Collator(language, { sensitivity: "base", numeric: true });
  const read = friends.map((friend) => {
    const name = friendName(friend);
    const key = reading(name, pinyin);
    return { friend, name, key, letter: letterOf(key) };
  });
  const rows: ContactRow[] = [];
  const letters = new Map<string, number>();
  const users: string[] = [];
  for (const letter of LETTERS) {
    const those = read.filter((one) => one.letter === letter);
    if (those.length === 0) {
      continue;
    }
    those.sort(
      (one, other) =>
        collator.compare(one.key, other.key) ||
        collator.compare(one.name, other.name) ||
        (one.friend.userID < other.friend.userID ? -1 : 1),
    );
    letters.set(letter, rows.length);
    rows.push({ is: "letter", letter });
    for (const { friend, name } of those) {
      users.push(friend.userID);
      rows.push({ is: "friend", friend, name, place: users.length });
    }
  }
  return { rows, letters, users };
}
