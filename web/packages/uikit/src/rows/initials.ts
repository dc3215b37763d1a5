/**
 * The letter under which a name is listed: A to Z, or `#` for other names. Chinese names are listed under the first
 * letter of their pinyin, whose table is large and is loaded for the first Chinese name.
 */

/** The letters of the index in order. */
export const LETTERS: readonly string[] = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ#");

/** Converts a Chinese name to pinyin. */
export type Pinyin = (name: string) => string;

/** Whether the letter of a name cannot be found without the table. */
export function needsPinyin(names: readonly string[]): boolean {
  return names.some((name) => /^\P{L}*\p{sc=Han}/u.test(name));
}

/** Loads the table. */
export async function loadPinyin(): Promise<Pinyin> {
  const { pinyin } = await import("pinyin-pro");
  return (name) => pinyin(name, { toneType: "none", type: "string", surname: "head" });
}

/** The text by which a name is sorted: its pinyin if the name is Chinese and the table is loaded. */
export function reading(name: string, pinyin: Pinyin | null): string {
  const isChinese = /^\p{sc=Han}/u.test(name.trim());
  return isChinese ? (pinyin?.(name.trim()) ?? "") : name.trim();
}

/** The letter of a reading, without accents and in upper case; `#` if it does not begin with one. */
export function letterOf(read: string): string {
  const letter = read.normalize("NFD").charAt(0).toUpperCase();
  return letter >= "A" && letter <= "Z" ? letter : "#";
}
