/**
 * The letter under which a name stands: A to Z, and `#` for what has none. Chinese names stand under the first letter
 * of their pinyin, whose table is large and is loaded when the first Chinese name is met.
 */

/** The letters of the index, in its order. */
export const LETTERS: readonly string[] = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ#");

/** Reads a Chinese name. */
export type Pinyin = (name: string) => string;

/** Whether some name cannot be put under its letter without the table. */
export function needsPinyin(names: readonly string[]): boolean {
  return names.some((name) => /^\P{L}*\p{sc=Han}/u.test(name));
}

/** Loads the table. */
export async function loadPinyin(): Promise<Pinyin> {
  const { pinyin } = await import("pinyin-pro");
  return (name) => pinyin(name, { toneType: "none", type: "string", surname: "head" });
}

/** The text that a name is sorted by: its pinyin where it is Chinese and the table is there. */
export function reading(name: string, pinyin: Pinyin | null): string {
  const isChinese = /^\p{sc=Han}/u.test(name.trim());
  return isChinese ? (pinyin?.(name.trim()) ?? "") : name.trim();
}

/** The letter of a reading: without its accents, large; `#` when it begins with none. */
export function letterOf(read: string): string {
  const letter = read.normalize("NFD").charAt(0).toUpperCase();
  return letter >= "A" && letter <= "Z" ? letter : "#";
}
