/** The words of the console, and which language and theme a person has chosen. */

import { EN, type Words } from "./en.js";
import { ZH } from "./zh.js";

export type { Words } from "./en.js";

export const LANGUAGES = { en: EN, zh: ZH } as const;
export type Language = keyof typeof LANGUAGES;

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "lamplight-console";

/** The preferences of a person, kept in this browser. */
export interface Choices {
  language: Language;
  theme: Theme;
}

/** The language that somebody with these preferences reads best. */
export function languageFor(preferences: readonly string[]): Language {
  for (const preference of preferences) {
    if (/^zh\b/i.test(preference)) return "zh";
    if (/^en\b/i.test(preference)) return "en";
  }
  return "en";
}

/** Choices that were kept; what is missing or unheard of is as the browser has it. */
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

/** The choices of this browser, for every component; says when they change. */
class Preferences extends EventTarget {
  #choices: Choices = { language: "en", theme: "auto" };
  #dark: MediaQueryList | undefined;

  get choices(): Choices {
    return this.#choices;
  }

  get words(): Words {
    return LANGUAGES[this.#choices.language];
  }

  /** Whether the page is dark now. */
  get isDark(): boolean {
    return this.#choices.theme === "dark" || (this.#choices.theme === "auto" && this.#dark?.matches === true);
  }

  /** Reads what was chosen before, and follows the system from here on. */
  start(): void {
    this.#dark = globalThis.matchMedia("(prefers-color-scheme: dark)");
    this.#dark.addEventListener("change", () => {
      this.#apply();
    });
    let kept: string | null = null;
    try {
      kept = localStorage.getItem(KEY);
    } catch {
      // A browser that keeps nothing chooses anew each time.
    }
    this.#choices = readChoices(kept, navigator.languages);
    this.#apply();
  }

  choose(choices: Partial<Choices>): void {
    this.#choices = { ...this.#choices, ...choices };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#choices));
    } catch {
      // As above.
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
