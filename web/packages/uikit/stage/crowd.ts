/** A large number of people for tests. */

import type { Person } from "./stage.js";

const FIRST = ["Ada", "Bela", "Cleo", "Dora", "Emil", "Finn", "Gita", "Hugo", "Ivo", "Jana", "Kira", "Liam", "Mina"];

/** Returns `size` people with numbered names. */
export function crowd(size: number): Person[] {
  return Array.from({ length: size }, (_, index) => ({
    id: `u${index}`,
    nick: `${FIRST[index % FIRST.length] ?? ""} ${String(index).padStart(5, "0")}`,
    status: ([1, 2, 3] as const)[index % 3] ?? 1,
  }));
}
