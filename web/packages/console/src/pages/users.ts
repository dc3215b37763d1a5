/** Finding a user of an app by the beginning of the userID or of the nick. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../api/client.js";
import type { AppSummary, FoundUser } from "../api/shapes.js";
import "../components/export.js";
import { whenLoaded } from "../components/placeholder.js";
import "../components/status.js";
import { base, buttons, cards, fields, tables } from "../components/styles.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { hrefOf, type SearchBy } from "../router.js";
import { instant, type Columns } from "../text/csv.js";
import { ago, moment } from "../text/format.js";
import { head, pageStyles } from "./page.js";

/** The columns of an export. */
const COLUMNS: Columns<FoundUser> = {
  user: (user) => user.user_id,
  nick: (user) => user.nick,
  status: (user) => user.status_type,
  custom_status: (user) => user.custom_status,
  devices: (user) => user.online_devices.join(" "),
  created: (user) => instant(user.created),
  last_seen: (user) => (user.last_seen === null ? "" : instant(user.last_seen)),
};

/** The users that the search has found until now. */
interface Found {
  users: FoundUser[];
  more: boolean;
}

@customElement("lc-users")
export class UsersPage extends View {
  @property({ attribute: false }) api!: Api;
  /** The app that is looked at; without one, the first. */
  @property({ attribute: false }) app: number | undefined = undefined;
  @property() by: SearchBy = "id";
  @property() search = "";

  @state() private apps: Loaded<AppSummary[]> = LOADING;
  @state() private found: Loaded<Found> = LOADING;
  @state() private busy = false;
  #asked: AbortController | undefined;

  static override styles = [
    base,
    buttons,
    cards,
    fields,
    tables,
    pageStyles,
    css`
      form {
        display: flex;
        flex-wrap: wrap;
        align-items: flex-end;
        gap: 0.9rem;
        padding: 1.1rem 1.35rem;
        border-bottom: 1px solid var(--line);
      }
      form > div {
        display: grid;
        gap: 0.3rem;
      }
      .app {
        min-width: 14rem;
      }
      .search {
        flex: 1 1 14rem;
        max-width: 24rem;
      }
      .user {
        font-weight: 570;
        display: block;
        min-width: 7rem;
        overflow-wrap: anywhere;
      }
      @media (max-width: 760px) {
        form {
          padding: 1rem 1.1rem;
        }
        .app,
        .search {
          flex: 1 1 100%;
          max-width: none;
        }
      }
      .custom {
        max-width: 18rem;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .export {
        padding: 0.9rem 1.35rem;
        border-top: 1px solid var(--line);
      }
      .more {
        display: grid;
        justify-content: center;
        padding: 1rem;
        border-top: 1px solid var(--line);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#loadApps();
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if ((changed.has("app") || changed.has("by") || changed.has("search")) && this.apps.state === "ready")
      void this.#find();
  }

  override render(): unknown {
    const { words } = this;
    return html`<div class="page">
      ${head(words.users.title, words.users.lead, {
        actions: html`<a href=${hrefOf({ page: "online", app: this.app, on: "" })}>${words.online.title}</a>`,
      })}
      <section class="card">
        ${whenLoaded(this.apps, this.#loadApps, (apps) =>
          apps.length === 0
            ? html`<lc-placeholder kind="empty" .heading=${words.apps.empty}>${words.users.noApp}</lc-placeholder>`
            : html`${this.#form(apps)}${whenLoaded(this.found, this.#find, (found) => this.#table(found))}`,
        )}
      </section>
    </div>`;
  }

  #form(apps: AppSummary[]): TemplateResult {
    const { words } = this;
    return html`<form role="search" @submit=${this.#submit}>
      <div class="app">
        <label for="app">${words.users.app}</label>
        <select id="app" name="app" @change=${this.#choose}>
          ${apps.map(
            (app) =>
              html`<option value=${app.id} ?selected=${app.id === this.#appId()}>
                ${app.name === "" ? app.id : `${app.name} · ${app.id}`}
              </option>`,
          )}
        </select>
      </div>
      <div>
        <label for="by">${words.users.by}</label>
        <select id="by" name="by">
          <option value="id" ?selected=${this.by === "id"}>${words.users.byId}</option>
          <option value="nick" ?selected=${this.by === "nick"}>${words.users.byNick}</option>
        </select>
      </div>
      <div class="search">
        <label for="prefix">${words.users.search}</label>
        <input
          id="prefix"
          name="prefix"
          type="search"
          .value=${this.search}
          maxlength="500"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
        />
      </div>
      <button class="primary">${words.users.find}</button>
    </form>`;
  }

  #table(found: Found): TemplateResult {
    const { words } = this;
    const { locale } = words;
    const app = this.#appId();
    if (found.users.length === 0 || app === undefined) {
      return html`<lc-placeholder kind="empty" .heading=${words.users.empty}
        >${words.users.emptyHint}</lc-placeholder
      >`;
    }
    const now = this.api.now();
    const seen = (user: FoundUser): unknown => {
      if (user.online_devices.length > 0) return words.users.now;
      if (user.last_seen === null) return html`<span class="quiet">${words.users.never}</span>`;
      return html`<span title=${moment(user.last_seen, locale)}>${ago(user.last_seen, now, locale)}</span>`;
    };
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${words.users.title}>
        <table>
          <thead>
            <tr>
              <th scope="col">${words.users.user}</th>
              <th scope="col">${words.users.nick}</th>
              <th scope="col">${words.users.status}</th>
              <th scope="col">${words.users.custom}</th>
              <th scope="col">${words.users.devices}</th>
              <th scope="col">${words.users.lastSeen}</th>
            </tr>
          </thead>
          <tbody>
            ${found.users.map(
              (user) =>
                html`<tr>
                  <td>
                    <a class="user" href=${hrefOf({ page: "user", app, user: user.user_id })}>${user.user_id}</a>
                  </td>
                  <td><div class="custom">${user.nick}</div></td>
                  <td><lc-status .type=${user.status_type}></lc-status></td>
                  <td><div class="custom">${user.custom_status}</div></td>
                  <td>${user.online_devices.join(", ")}</td>
                  <td>${seen(user)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <div class="export">
        <lc-export .name=${`users-${app}`} .columns=${COLUMNS} .pages=${this.#pages}></lc-export>
      </div>
      ${
        found.more
          ? html`<div class="more"><button ?disabled=${this.busy} @click=${this.#more}>${words.more}</button></div>`
          : nothing
      }`;
  }

  /** All that this search finds, page by page. */
  readonly #pages = async function* (this: UsersPage): AsyncGenerator<FoundUser[]> {
    const [app, by, prefix] = [this.#appId(), this.by, this.search];
    let after: FoundUser | undefined;
    for (let more = app !== undefined; more && app !== undefined;) {
      const page = await this.api.findUsers(app, { by, prefix, after, limit: 200 });
      yield page.users;
      after = page.users.at(-1);
      more = page.more && after !== undefined;
    }
  }.bind(this);

  #appId(): number | undefined {
    if (this.app !== undefined) return this.app;
    return this.apps.state === "ready" ? this.apps.value[0]?.id : undefined;
  }

  #go(app: number | undefined, by: SearchBy, prefix: string): void {
    const href = hrefOf({ page: "users", app, by, prefix });
    // Asked for once more: the same address is no change, and may have another answer.
    if (href === location.hash) void this.#find();
    else location.hash = href;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const prefix = form.get("prefix");
    this.#go(this.#appId(), form.get("by") === "nick" ? "nick" : "id", typeof prefix === "string" ? prefix : "");
  };

  readonly #choose = (event: Event): void => {
    this.#go(Number((event.target as HTMLSelectElement).value), this.by, this.search);
  };

  readonly #loadApps = async (): Promise<void> => {
    try {
      this.apps = { state: "ready", value: await this.api.apps() };
    } catch (error) {
      this.apps = { state: "failed", error };
      return;
    }
    await this.#find();
  };

  readonly #find = async (): Promise<void> => {
    const app = this.#appId();
    this.#asked?.abort();
    if (app === undefined) return;
    const asked = new AbortController();
    this.#asked = asked;
    this.found = LOADING;
    try {
      const value = await this.api.findUsers(app, { by: this.by, prefix: this.search }, asked.signal);
      this.found = { state: "ready", value };
    } catch (error) {
      if (!asked.signal.aborted) this.found = { state: "failed", error };
    }
  };

  readonly #more = async (): Promise<void> => {
    const app = this.#appId();
    if (app === undefined || this.found.state !== "ready") return;
    const before = this.found.value;
    const signal = this.#asked?.signal;
    this.busy = true;
    try {
      const search = { by: this.by, prefix: this.search, after: before.users.at(-1) };
      const next = await this.api.findUsers(app, search, signal);
      this.found = { state: "ready", value: { users: [...before.users, ...next.users], more: next.more } };
    } catch (error) {
      // Another search has begun since, and what it finds is shown.
      if (signal?.aborted !== true) this.found = { state: "failed", error };
    } finally {
      this.busy = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-users": UsersPage;
  }
}
