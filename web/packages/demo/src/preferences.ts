/** The preferences of a visitor, stored in the browser: the theme and the language. */

export type Theme = "auto" | "light" | "dark";
export type Language = "en" | "zh";

export interface Preferences {
  readonly theme: Theme;
  readonly language: Language;
}

const KEY = "lamplight.demo.preferences";

/** Returns the stored preferences. A preference that is missing is taken from the settings of the browser. */
export function readPreferences(
  store: Pick<Storage, "getItem"> | undefined,
  languages: readonly string[],
): Preferences {
  const kept = parse(store);
  const { theme, language } = kept;
  return {
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    language: language === "en" || language === "zh" ? language : languageOf(languages),
  };
}

export function keepPreferences(store: Pick<Storage, "setItem"> | undefined, preferences: Preferences): void {
  try {
    store?.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // The storage is full or forbidden, so the preferences are lost when the page is left.
  }
}

/** Returns the first of the browser's languages that the demo has, or else English. */
function languageOf(languages: readonly string[]): Language {
  const known = languages.map((language) => language.slice(0, 2).toLowerCase());
  return known.find((language): language is Language => language === "en" || language === "zh") ?? "en";
}

function parse(store: Pick<Storage, "getItem"> | undefined): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(store?.getItem(KEY) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
