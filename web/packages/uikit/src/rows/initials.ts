/**
 * The letter under which a name is listed: A to Z, or `#` for other names. For a Chinese name, it is the first letter
 * of its pinyin. The pinyin table is large, so it is loaded only when the first Chinese name appears.
 */

/** The letters of the index in order. */
export const LETTERS: readonly string[] = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ#");

/** Converts a Chinese name to pinyin. */
export type Pinyin = (name: string) => string;

/** Returns whether any of the names needs the pinyin table. */
export function needsPinyin(names: readonly string[]): boolean {
  return names.some((name) => /^\P{L}*\p{sc=Han}/u.test(name));
}

/** Loads the pinyin table. */
export async function loadPinyin(): Promise<Pinyin> {
  const { pinyin } = await import("pinyin-pro");
  return (name) => pinyin(name, { toneType: "none", type: "string", surname: "head" });
}

/**
 * Returns the text by which a name is sorted. For a Chinese name, it is the pinyin; while the pinyin table is not
 * loaded, it is an empty text.
 */
export function reading(name: string, pinyin: Pinyin | null): string {
  const isChinese = /^\p{sc=Han}/u.test(name.trim());
  return isChinese ? (pinyin?.(name.trim()) ?? "") : name.trim();
}

/**
 * Returns the first letter of a reading in upper case and without accents; `#` if the reading does not begin with a
 * letter.
 */
export function letterOf(read: string): string {
  const letter = read.normalize("NFD").charAt(0).toUpperCase();
  return letter >= "A" && letter <= "Z" ? letter : "#";
}
