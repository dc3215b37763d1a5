/** The texts of the console, and the chosen language and theme. */

import { EN, type Words } from "./en.js";
import { ZH } from "./zh.js";

export type { Words } from "./en.js";

export const LANGUAGES = { en: EN, zh: ZH } as const;
export type Language = keyof typeof LANGUAGES;

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "lamplight-console";

/** The preferences of an operator, stored in this browser. */
export interface Choices {
  language: Language;
  theme: Theme;
}

/** Returns the first of the browser's languages that the console has, or else English. */
export function languageFor(preferences: readonly string[]): Language {
  for (const preference of preferences) {
    if (/^zh\b/i.test(preference)) return "zh";
    if (/^en\b/i.test(preference)) return "en";
  }
  return "en";
}

/** Parses the stored choices. A choice that is missing or unknown is taken from the settings of the browser. */
export function readChoices(text: string | null, preferences: readonly string[]): Choices {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? "null");
  } catch {
    kept = null;
  }
  const { language, theme } = (typeof kept === "object" && kept !== null ? kept : {}) as Record<string, unknown>;
  return {
    language: language === "en" || language === "zh" ? language : languageFor(preferences),
    theme: THEMES.find((known) => known === theme) ?? "auto",
  };
}

/** The choices in this browser, which all components share. The object dispatches an event when a choice changes. */
class Preferences extends EventTarget {
  #choices: Choices = { language: "en", theme: "auto" };
  #dark: MediaQueryList | undefined;

  get choices(): Choices {
    return this.#choices;
  }

  get words(): Words {
    return LANGUAGES[this.#choices.language];
  }

  /** Whether the page has the dark theme now. */
  get isDark(): boolean {
    return this.#choices.theme === "dark" || (this.#choices.theme === "auto" && this.#dark?.matches === true);
  }

  /** Reads the stored choices, and follows the theme of the system from now on. */
  start(): void {
    this.#dark = globalThis.matchMedia("(prefers-color-scheme: dark)");
    this.#dark.addEventListener("change", () => {
      this.#apply();
    });
    let kept: string | null = null;
    try {
      kept = localStorage.getItem(KEY);
    } catch {
      // The storage is forbidden, so the settings of the browser are used.
    }
    this.#choices = readChoices(kept, navigator.languages);
    this.#apply();
  }

  choose(choices: Partial<Choices>): void {
    this.#choices = { ...this.#choices, ...choices };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#choices));
    } catch {
      // The storage is full or forbidden, so the choices are lost when the page is left.
    }
    this.#apply();
  }

  #apply(): void {
    document.documentElement.lang = this.words.locale;
    document.documentElement.dataset["theme"] = this.isDark ? "dark" : "light";
    this.dispatchEvent(new Event("change"));
  }
}

export const preferences = new Preferences();
