/** The custom statuses that the editor suggests. */

import type { StatusDuration } from "./durations.js";

/**
 * A suggestion: a text and a duration, by default `"never"`. The text may begin with an emoji and a space. If the
 * duration is not one of the choices of the editor, the editor selects its first choice instead.
 */
export interface SuggestedStatus {
  readonly text: string;
  readonly duration?: StatusDuration;
}

/** The maximum number of suggestions. */
export const MOST_SUGGESTIONS = 24;

const ENGLISH: readonly SuggestedStatus[] = [
  { text: "📅 In a meeting", duration: 3_600 },
  { text: "🎧 Focusing", duration: 1_800 },
  { text: "🍜 Out for lunch", duration: 3_600 },
  { text: "🚇 On my way", duration: 1_800 },
  { text: "🔕 Please do not disturb", duration: "tonight" },
];

const CHINESE: readonly SuggestedStatus[] = [
  { text: "📅 开会中", duration: 3_600 },
  { text: "🎧 专注中", duration: 1_800 },
  { text: "🍜 吃饭去了", duration: 3_600 },
  { text: "🚇 在路上", duration: 1_800 },
  { text: "🔕 请勿打扰", duration: "tonight" },
];

/** Returns the suggestions of the kit in the language of a locale. */
export function suggestionsIn(locale: string): readonly SuggestedStatus[] {
  return locale.startsWith("zh") ? CHINESE : ENGLISH;
}

/** Returns the suggestions of an application. If they are invalid, throws a `TypeError`. */
export function readSuggestions(wanted: unknown): readonly SuggestedStatus[] {
  const isSuggestion = (one: unknown) =>
    typeof one === "object" && one !== null && "text" in one && typeof one.text === "string";
  if (!Array.isArray(wanted) || wanted.length > MOST_SUGGESTIONS || !wanted.every(isSuggestion)) {
    throw new TypeError(`statusSuggestions must be a list of at most ${MOST_SUGGESTIONS} objects with a text`);
  }
  return wanted as readonly SuggestedStatus[];
}
