/** The preferences of a visitor, kept in the browser: light or dark, the language, and whether dots are shown. */

export type Theme = "auto" | "light" | "dark";
export type Language = "en" | "zh";

export interface Preferences {
  readonly theme: Theme;
  readonly language: Language;
}

const KEY = "lamplight.demo.preferences";

/** The stored preferences, or those of the browser. */
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
    // The storage is full or forbidden: the preferences are valid until the page is left.
  }
}

/** The browser's first language that the demo supports. */
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
