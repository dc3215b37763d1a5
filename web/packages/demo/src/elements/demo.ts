/** The whole page. It finds the server, and shows the entrance or the desk. */

import { TUIKit } from "@lamplight/uikit";
import { CODES } from "@lamplight/chat/codes";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { common } from "./styles.js";
import { autoIcon, lampIcon, languageIcon, moonIcon, sunIcon } from "./icons.js";
import type { Actions } from "./desk.js";
import { keepPreferences, type Preferences, readPreferences, type Theme } from "../preferences.js";
import { type Place, readPlace } from "../server.js";
import { codeOf, type Person, Session } from "../session.js";
import { type Words, wordsOf } from "../words/words.js";

/** The time for which a message about an action is shown, in milliseconds. */
const NOTICE = 6_000;

const THEMES: readonly Theme[] = ["auto", "light", "dark"];

@customElement("lamplight-demo")
export class LamplightDemo extends LitElement {
  static override styles = [
    common,
    css`
      :host {
        display: flex;
        flex-direction: column;
        block-size: 100dvh;
      }
      .bar {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        padding: 0.75rem 1.25rem;
      }
      .bar strong {
        display: flex;
        align-items: center;
        gap: 0.375rem;
        flex: 1;
        letter-spacing: -0.01em;
      }
      .bar svg {
        inline-size: 1.75rem;
        block-size: 1.75rem;
      }
      .bar .icon svg {
        inline-size: 1.25rem;
        block-size: 1.25rem;
      }
      .bar a {
        padding: 0.375rem 0.625rem;
        color: var(--quiet);
        text-decoration: none;
        font-size: 0.9375rem;
        white-space: nowrap;
      }
      .bar a:hover {
        color: var(--ink);
      }
      .scroll {
        flex: 1;
        min-block-size: 0;
        overflow-y: auto;
      }
      lamplight-desk {
        flex: 1;
        min-block-size: 0;
      }
      .trouble {
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 0.75rem;
        block-size: 100%;
        padding: 2rem;
        text-align: center;
      }
      .notice {
        position: fixed;
        inset-block-end: 1.25rem;
        inset-inline: 1.25rem;
        z-index: 9;
        inline-size: fit-content;
        max-inline-size: 32rem;
        margin-inline: auto;
        padding: 0.75rem 1.125rem;
        border-radius: 0.875rem;
        background: var(--ink);
        color: var(--page);
        box-shadow: var(--shadow);
      }
    `,
  ];

  @state() private preferences: Preferences = readPreferences(storage("localStorage"), navigator.languages);
  @state() private place: Place | "asked" | "silent" = "asked";
  @state() private notice = "";

  #session: Session | undefined;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #systemDark = matchMedia("(prefers-color-scheme: dark)");
  readonly #redraw = () => {
    this.requestUpdate();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    this.#systemDark.addEventListener("change", this.#redraw);
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#systemDark.removeEventListener("change", this.#redraw);
    clearTimeout(this.#noticeTimer);
  }

  protected override willUpdate(): void {
    document.documentElement.lang = this.#words.locale;
    document.documentElement.dataset["theme"] = this.#theme;
    const stage = this.#session?.stage;
    const unread = stage?.at === "inside" && stage.unread > 0 ? `(${stage.unread}) ` : "";
    const name = stage?.at === "inside" ? `${this.#personOf(stage.userID).name} · ` : "";
    document.title = `${unread}${name}Lamplight`;
  }

  protected override render(): TemplateResult {
    return html`${this.#content()}
    ${this.notice === "" ? nothing : html`<div class="notice" role="alert">${this.notice}</div>`}`;
  }

  #content(): TemplateResult {
    const session = this.#session;
    const words = this.#words;
    if (this.place === "silent") {
      return html`<div class="trouble">
        <h1>${words.noServer}</h1>
        <p class="quiet">${words.noServerHint}</p>
        <button class="primary" @click=${() => this.#begin()}>${words.retry}</button>
      </div>`;
    }
    if (this.place === "asked" || session === undefined) {
      return html``;
    }
    const { stage } = session;
    if (stage.at === "inside") {
      return html`<lamplight-desk
        .words=${words}
        .inside=${stage}
        .picture=${session.picture}
        .personOf=${this.#personOf}
        .actions=${this.#actions}
        .now=${this.#now}
        .theme=${this.#theme}
        ?showsStatus=${TUIKit.config.isShowOnlineStatus}
      >
        <span slot="preferences">${this.#themeButton()}${this.#languageButton()}</span>
      </lamplight-desk>`;
    }
    return html`<header class="bar">
        <strong>${lampIcon} Lamplight</strong>
        <a href="/console/">${words.console}</a>
        <a href="/docs/uikit/">${words.kitPages}</a>
        ${this.#themeButton()}${this.#languageButton()}
      </header>
      <main class="scroll">
        <lamplight-entrance
          .words=${words}
          .place=${this.place}
          .ending=${stage.at === "entrance" ? stage.ending : undefined}
          .former=${stage.at === "entrance" ? stage.former : undefined}
          .entering=${stage.at === "entering" ? stage.userID : undefined}
          .onPlay=${(userID: string) => this.#try(() => session.play(userID))}
          .onEnter=${(ticket: Parameters<Session["enter"]>[0]) => this.#try(() => session.enter(ticket))}
        ></lamplight-entrance>
      </main>`;
  }

  #themeButton(): TemplateResult {
    const { theme } = this.preferences;
    const words = this.#words;
    const label = `${words.theme}: ${words.themes[theme]}`;
    const icon = { auto: autoIcon, light: sunIcon, dark: moonIcon }[theme];
    return html`<button class="icon" title=${label} aria-label=${label} @click=${this.#nextTheme}>${icon}</button>`;
  }

  #languageButton(): TemplateResult {
    const { otherLanguage } = this.#words;
    return html`<button class="icon" title=${otherLanguage} aria-label=${otherLanguage} @click=${this.#nextLanguage}>
      ${languageIcon}
    </button>`;
  }

  async #begin(): Promise<void> {
    this.place = "asked";
    try {
      const place = await readPlace();
      const session = new Session(place, storage("sessionStorage"), this.#redraw);
      this.#session = session;
      this.place = place;
      await this.#try(() => session.resume());
    } catch {
      this.place = "silent";
    }
  }

  readonly #actions: Actions = {
    leave: async () => {
      // The next visitor must not begin at this visitor's views.
      history.replaceState(null, "", location.pathname);
      await this.#try(() => this.#session?.leave());
    },
    meet: (userID) => this.#try(() => this.#session?.look(userID)),
    glance: (userID) => {
      this.#session?.look(userID).catch(() => undefined);
    },
    befriend: (userID) =>
      this.#try(async () => {
        await this.#session?.befriend(userID);
        this.#tell(this.#words.friendAdded(this.#personOf(userID).name));
      }),
    showStatus: (isShowOnlineStatus) => {
      TUIKit.setConfig({ isShowOnlineStatus });
      this.requestUpdate();
    },
  };

  readonly #personOf = (userID: string): Person =>
    this.#session?.personOf(userID) ?? { userID, name: userID, avatar: "" };

  readonly #now = (): number => this.#session?.now() ?? Date.now();

  /** Runs an action and shows its error. Returns whether it succeeded. */
  async #try(action: () => Promise<unknown> | undefined): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.#tell(this.#words.failed(reasonOf(error, this.preferences.language)));
      return false;
    }
  }

  #tell(notice: string): void {
    this.notice = notice;
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => {
      this.notice = "";
    }, NOTICE);
  }

  get #words(): Words {
    return wordsOf(this.preferences.language);
  }

  get #theme(): "light" | "dark" {
    const { theme } = this.preferences;
    return theme === "auto" ? (this.#systemDark.matches ? "dark" : "light") : theme;
  }

  #nextTheme(): void {
    const next = THEMES[(THEMES.indexOf(this.preferences.theme) + 1) % THEMES.length] ?? "auto";
    this.#prefer({ ...this.preferences, theme: next });
  }

  #nextLanguage(): void {
    this.#prefer({ ...this.preferences, language: this.preferences.language === "en" ? "zh" : "en" });
  }

  #prefer(preferences: Preferences): void {
    this.preferences = preferences;
    keepPreferences(storage("localStorage"), preferences);
  }
}

/** Returns the reason for an error: the text of its code in the language of the page, if the code is known. */
function reasonOf(error: unknown, language: Preferences["language"]): string {
  const code = codeOf(error);
  const known = Object.values(CODES).find(({ number }) => number === code && number !== 0);
  const message = error instanceof Error ? error.message : String(error);
  return known === undefined ? message : `${language === "zh" ? known.chinese : message} (${code})`;
}

/** Returns a storage of the browser; undefined if the browser forbids access to it. */
function storage(name: "localStorage" | "sessionStorage"): Storage | undefined {
  try {
    return window[name];
  } catch {
    return undefined;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-demo": LamplightDemo;
  }
}
