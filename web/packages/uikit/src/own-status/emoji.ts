/**
 * The emoji beside a custom status. The text of the custom status begins with the emoji and a space. Every client and
 * server therefore handles it like any other text. All functions are pure.
 */

/** A custom status as the editor shows it. */
export interface Saying {
  /** The emoji; empty if there is none. */
  readonly emoji: string;
  readonly text: string;
}

/** The emojis from which the user can choose. */
export const EMOJIS: readonly string[] = [
  ..."💬 📅 💻 🎧 📞 🎯 📚 🛠️".split(" "),
  ..."☕ 🍜 🏃 🚇 🚗 ✈️ 🌴 🏠".split(" "),
  ..."🤒 💤 🌙 🔕 🎉 🎮 👋 🙂".split(" "),
];

const ELEMENT = "\\p{Extended_Pictographic}(?:\\uFE0F|\\p{Emoji_Modifier}|[\\u{E0020}-\\u{E007F}]+)?";

/**
 * Matches an emoji at the beginning of a text. The emoji must be the whole text, or a space must follow. The grammar of
 * emojis is that of Unicode (UTS #51).
 */
const BEGINNING = new RegExp(
  `^(\\p{Regional_Indicator}{2}|[#*0-9]\\uFE0F?\\u20E3|${ELEMENT}(?:\\u200D${ELEMENT})*)(?: |$)`,
  "u",
);

/**
 * Splits a custom status into the emoji at its beginning and the rest. An emoji counts only if it is the whole text, or
 * if a space follows. Otherwise, the whole text is the rest.
 */
export function splitSaying(customStatus: string): Saying {
  const emoji = BEGINNING.exec(customStatus)?.[1] ?? "";
  const text = emoji === "" ? customStatus : customStatus.slice(emoji.length + 1);
  return { emoji, text };
}

/** Returns the custom status of an emoji and a text. Spaces around the text are removed. */
export function joinSaying({ emoji, text }: Saying): string {
  return [emoji, text.trim()].filter(Boolean).join(" ");
}
