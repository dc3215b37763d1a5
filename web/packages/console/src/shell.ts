/** The frame of the console: the login page, or the operator's name, the navigation and the current page. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import { live } from "lit/directives/live.js";
import { Api } from "./api/client.js";
import type { Session } from "./api/shapes.js";
import { icons, lamp } from "./components/icons.js";
import "./components/notice.js";
import "./components/password.js";
import { whenLoaded } from "./components/placeholder.js";
import { base, buttons, fields } from "./components/styles.js";
import { LOADING, View, type Loaded } from "./components/view.js";
import "./pages/app.js";
import type { AppPage } from "./pages/app.js";
import "./pages/apps.js";
import "./pages/audit.js";
import "./pages/login.js";
import "./pages/online.js";
import "./pages/operators.js";
import "./pages/overview.js";
import { pageStyles, head } from "./pages/page.js";
import "./pages/user.js";
import "./pages/users.js";
import { hrefOf, routeOf, type Route } from "./router.js";
import { LANGUAGES, preferences, THEMES, type Language, type Theme } from "./words/words.js";

@customElement("lamplight-console")
export class Console extends View {
  @state() private session: Loaded<Session | undefined> = LOADING;
  @state() private route: Route = routeOf(location.hash);
  /** Whether the server has ended the session. */
  @state() private over = false;
  @state() private changingPassword = false;
  /** The message above the page. It is shown until another message replaces it. */
  @state() private told: "password-changed" | "other-operator" | undefined = undefined;

  @query("lc-app") private readonly appPage!: AppPage | null;

  /** The session that has ended. */
  #former: Session | undefined;

  readonly #api = new Api(
    () => {
      if (this.session.state !== "ready" || this.session.value === undefined) return;
      this.#former = this.session.value;
      this.session = { state: "ready", value: undefined };
      this.over = true;
    },
    undefined,
    (session) => {
      this.changingPassword = false;
      this.told = "other-operator";
      this.session = { state: "ready", value: session };
    },
  );

  static override styles = [
    base,
    buttons,
    fields,
    pageStyles,
    css`
      .skip {
        position: absolute;
        inset-block-start: -4rem;
        inset-inline-start: 1rem;
        z-index: 10;
        padding: 0.5rem 1rem;
        border-radius: var(--radius-small);
        background: var(--accent);
        color: var(--on-accent);
      }
      .skip:focus {
        inset-block-start: 0.75rem;
      }
      .frame {
        display: grid;
        grid-template-columns: 15rem minmax(0, 1fr);
        min-height: 100vh;
        min-height: 100dvh;
      }
      aside {
        position: sticky;
        top: 0;
        height: 100vh;
        height: 100dvh;
        display: flex;
        flex-direction: column;
        gap: 1.5rem;
        padding: 1.4rem 1rem 1.1rem;
        border-inline-end: 1px solid var(--line);
        background: var(--surface);
      }
      .brand {
        display: flex;
        align-items: center;
        gap: 0.7rem;
        padding-inline: 0.6rem;
        color: var(--text);
        font-weight: 650;
        font-size: 1.05rem;
        letter-spacing: -0.01em;
      }
      .brand:hover {
        text-decoration: none;
      }
      .brand small {
        display: block;
        color: var(--text-quiet);
        font-size: 0.8rem;
        font-weight: 500;
        letter-spacing: 0;
        line-height: 1.2;
      }
      nav ul {
        display: grid;
        gap: 0.2rem;
      }
      nav a {
        display: flex;
        align-items: center;
        gap: 0.75rem;
        padding: 0.55rem 0.7rem;
        border-radius: var(--radius-small);
        color: var(--text);
        font-weight: 540;
        white-space: nowrap;
      }
      nav a svg {
        color: var(--text-quiet);
      }
      nav a:hover {
        background: var(--surface-hover);
        text-decoration: none;
      }
      nav a[aria-current] {
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 600;
      }
      nav a[aria-current] svg {
        color: inherit;
      }
      .foot {
        display: grid;
        gap: 0.55rem;
        margin-top: auto;
      }
      .foot label {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        padding-inline-start: 0.7rem;
        color: var(--text-quiet);
        font-weight: 500;
      }
      .foot select {
        min-height: 2rem;
        padding: 0 0.4rem;
        border-color: transparent;
        background: transparent;
        font-size: 0.8667rem;
        cursor: pointer;
      }
      .foot select:hover {
        background: var(--surface-hover);
      }
      .foot button {
        justify-content: flex-start;
        gap: 0.75rem;
        padding-inline: 0.7rem;
        font-weight: 540;
      }
      .foot button svg {
        color: var(--text-quiet);
      }
      .version {
        padding-inline: 0.7rem;
        color: var(--text-quiet);
        font-size: 0.8rem;
      }
      main {
        width: 100%;
        max-width: 78rem;
        margin-inline: auto;
        padding: 2rem 2.25rem 4rem;
      }
      .told {
        display: block;
        margin-bottom: 1.4rem;
      }
      main:focus {
        outline: none;
      }
      .start {
        min-height: 100vh;
        display: grid;
        place-items: center;
      }
      @media (max-width: 760px) {
        .frame {
          grid-template-columns: minmax(0, 1fr);
          grid-template-rows: auto 1fr;
        }
        aside {
          position: static;
          height: auto;
          gap: 0.75rem;
          padding: 0.9rem 1rem;
          border-inline-end: 0;
          border-bottom: 1px solid var(--line);
        }
        /* On a narrow screen the navigation is above the page instead of beside it, and is reduced to two lines. */
        aside {
          display: grid;
          grid-template: "brand foot" auto "nav nav" auto / minmax(0, 1fr) auto;
          align-items: center;
          gap: 0.6rem;
          padding-block: 0.7rem 0.5rem;
        }
        .brand {
          grid-area: brand;
          padding-inline: 0.2rem;
        }
        nav {
          grid-area: nav;
          min-width: 0;
        }
        nav ul {
          display: flex;
          overflow-x: auto;
          scrollbar-width: none;
        }
        nav a {
          gap: 0.5rem;
          white-space: nowrap;
        }
        .foot {
          grid-area: foot;
          display: flex;
          gap: 0.15rem;
          margin: 0;
        }
        .foot label,
        .foot button {
          position: relative;
          display: grid;
          place-content: center;
          inline-size: 2.6rem;
          min-height: 2.6rem;
          padding: 0;
          border-radius: var(--radius-small);
        }
        .foot label:focus-within {
          outline: 2px solid var(--accent);
        }
        .foot select {
          position: absolute;
          inset: 0;
          height: 100%;
          opacity: 0;
        }
        .foot button span,
        .version {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
        main {
          padding: 1.4rem 1rem 3rem;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    globalThis.addEventListener("hashchange", this.#moved);
    void this.#resume();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    globalThis.removeEventListener("hashchange", this.#moved);
  }

  override updated(): void {
    document.title = `${this.#title()} · ${this.words.product}`;
  }

  override render(): unknown {
    if (this.session.state !== "ready") {
      return html`<main class="start">${whenLoaded(this.session, this.#resume, () => html``)}</main>`;
    }
    const session = this.session.value;
    const login = html`<lc-login .api=${this.#api} .over=${this.over} @lc-logged-in=${this.#loggedIn}></lc-login>`;
    // The page of an ended session stays in the document behind the login, so that typed text is not lost.
    const shown = session ?? this.#former;
    if (shown === undefined) return login;
    return html`${session === undefined ? login : nothing}
      <div ?hidden=${session === undefined}>${this.#frame(shown)}</div>`;
  }

  #frame(session: Session): TemplateResult {
    const { words } = this;
    return html`<a class="skip" href="#main" @click=${this.#skip}>${words.skip}</a>
      <div class="frame">
        <aside>
          <a class="brand" href=${hrefOf({ page: "overview" })}
            >${lamp(34)}<span>${words.product}<small>${words.console}</small></span></a
          >
          ${this.#nav()} ${this.#foot(session)}
        </aside>
        <main id="main" tabindex="-1">
          ${this.#told(session)}
          ${
            // A page depends on the operator's role, so another operator or role gets a new page.
            keyed(`${session.operator} ${session.role}`, this.#page())
          }
        </main>
      </div>
      <lc-password
        .api=${this.#api}
        .operator=${session.operator}
        .open=${this.changingPassword}
        @lc-password-closed=${this.#passwordClosed}
        @lc-password-changed=${this.#passwordDone}
      ></lc-password>`;
  }

  #told(session: Session): TemplateResult | typeof nothing {
    const { password, login, roles } = this.words;
    switch (this.told) {
      case "password-changed":
        return html`<lc-notice class="told" kind="good">${password.done}</lc-notice>`;
      case "other-operator":
        return html`<lc-notice class="told" kind="warn"
          >${login.otherOperator(session.operator, roles[session.role].name)}</lc-notice
        >`;
      case undefined:
        return nothing;
    }
  }

  #nav(): TemplateResult {
    const { nav } = this.words;
    const { page } = this.route;
    const entry = (route: Route, icon: TemplateResult, name: string, isHere: boolean): TemplateResult =>
      html`<li><a href=${hrefOf(route)} aria-current=${isHere ? "page" : nothing}>${icon}${name}</a></li>`;
    return html`<nav aria-label=${nav.label}>
      <ul>
        ${entry({ page: "overview" }, icons.overview, nav.overview, page === "overview")}
        ${entry({ page: "apps" }, icons.apps, nav.apps, page === "apps" || page === "app")}
        ${entry(
          { page: "users", app: undefined, by: "id", prefix: "" },
          icons.users,
          nav.users,
          page === "users" || page === "user" || page === "online",
        )}
        ${entry({ page: "audit", app: undefined }, icons.audit, nav.audit, page === "audit")}
        ${
          this.#api.may("admin")
            ? entry({ page: "operators" }, icons.operators, nav.operators, page === "operators")
            : nothing
        }
      </ul>
    </nav>`;
  }

  #foot(session: Session): TemplateResult {
    const { words } = this;
    const { language, theme } = preferences.choices;
    return html`<div class="foot">
      <label
        >${icons.language}<span class="unseen">${words.newLanguage}</span>
        <select title=${words.newLanguage} @change=${this.#speak}>
          ${Object.entries(LANGUAGES).map(
            ([name, { language: own }]) =>
              html`<option value=${name} .selected=${live(name === language)}>${own}</option>`,
          )}
        </select>
      </label>
      <label
        >${icons.theme}<span class="unseen">${words.theme}</span>
        <select title=${words.theme} @change=${this.#paint}>
          ${THEMES.map(
            (name) => html`<option value=${name} .selected=${live(name === theme)}>${words.themes[name]}</option>`,
          )}
        </select>
      </label>
      <button class="quiet" title=${words.password.open} @click=${this.#changePassword}>
        ${icons.password}<span>${words.password.open}</span>
      </button>
      <button class="quiet" title=${words.nav.logOut} @click=${this.#logOut}>
        ${icons.logOut}<span>${words.nav.logOut}</span>
      </button>
      <p class="version">
        ${words.nav.as(session.operator, words.roles[session.role].name)}<br />${words.nav.version(session.version)}
      </p>
    </div>`;
  }

  #page(): TemplateResult {
    const { route, words } = this;
    switch (route.page) {
      case "overview":
        return html`<lc-overview .api=${this.#api}></lc-overview>`;
      case "apps":
        return html`<lc-apps .api=${this.#api}></lc-apps>`;
      case "app":
        return html`<lc-app .api=${this.#api} .app=${route.app} .tab=${route.tab}></lc-app>`;
      case "users":
        return html`<lc-users
          .api=${this.#api}
          .app=${route.app}
          .by=${route.by}
          .search=${route.prefix}
        ></lc-users>`;
      case "user":
        return html`<lc-user .api=${this.#api} .app=${route.app} .user=${route.user}></lc-user>`;
      case "online":
        return html`<lc-online .api=${this.#api} .app=${route.app} .on=${route.on}></lc-online>`;
      case "audit":
        return html`<lc-audit .api=${this.#api} .app=${route.app}></lc-audit>`;
      case "operators":
        return html`<lc-operators .api=${this.#api} .me=${this.#me()}></lc-operators>`;
      case "nowhere":
        return html`<div class="page">
          ${head(words.nowhere.title, words.nowhere.text)}
          <p><a href=${hrefOf({ page: "overview" })}>${words.nowhere.back}</a></p>
        </div>`;
    }
  }

  #me(): string {
    const session = this.session.state === "ready" ? (this.session.value ?? this.#former) : this.#former;
    return session?.operator ?? "";
  }

  #title(): string {
    const { route, words } = this;
    if (this.session.state === "ready" && this.session.value === undefined) return words.login.title;
    switch (route.page) {
      case "overview":
        return words.overview.title;
      case "apps":
        return words.apps.title;
      case "app":
        return `${route.app} · ${words.app.tabs[route.tab]}`;
      case "users":
        return words.users.title;
      case "user":
        return route.user;
      case "online":
        return words.online.title;
      case "audit":
        return words.audit.title;
      case "operators":
        return words.operators.title;
      case "nowhere":
        return words.nowhere.title;
    }
  }

  readonly #moved = (event: HashChangeEvent): void => {
    const next = routeOf(location.hash);
    const isLeaving = next.page !== "app" || this.route.page !== "app" || next.app !== this.route.app;
    if (isLeaving && this.appPage?.hasChanges === true && !confirm(this.words.app.leave)) {
      history.replaceState(null, "", event.oldURL);
      return;
    }
    const isOther = next.page !== this.route.page;
    this.told = undefined;
    this.route = next;
    if (isOther) {
      scrollTo(0, 0);
      this.#toContent();
    }
  };

  /**
   * Moves the focus to the beginning of the page, because the element that had it is gone. Screen readers then read
   * the page.
   */
  #toContent(): void {
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>("main")?.focus());
  }

  readonly #skip = (event: Event): void => {
    // The fragment of the address selects the page, so the link must not change it.
    event.preventDefault();
    this.renderRoot.querySelector<HTMLElement>("main")?.focus();
  };

  readonly #resume = async (): Promise<void> => {
    this.session = LOADING;
    try {
      this.session = { state: "ready", value: await this.#api.resume() };
    } catch (error) {
      this.session = { state: "failed", error };
    }
  };

  readonly #loggedIn = (event: CustomEvent<Session>): void => {
    this.over = false;
    this.#former = undefined;
    this.changingPassword = false;
    this.told = undefined;
    this.session = { state: "ready", value: event.detail };
    this.#toContent();
  };

  readonly #changePassword = (): void => {
    this.changingPassword = true;
    this.told = undefined;
  };

  readonly #passwordClosed = (): void => {
    this.changingPassword = false;
  };

  readonly #passwordDone = (event: CustomEvent<Session>): void => {
    this.changingPassword = false;
    this.told = "password-changed";
    this.session = { state: "ready", value: event.detail };
  };

  readonly #logOut = async (): Promise<void> => {
    try {
      await this.#api.logOut();
    } catch {
      // If the session has already ended, nothing is left to do. Otherwise the operator can log out again.
    }
    await this.#resume();
    this.over = false;
  };

  readonly #speak = (event: Event): void => {
    preferences.choose({ language: (event.target as HTMLSelectElement).value as Language });
  };

  readonly #paint = (event: Event): void => {
    preferences.choose({ theme: (event.target as HTMLSelectElement).value as Theme });
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-console": Console;
  }
}
