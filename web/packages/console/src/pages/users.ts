/** The search for users of an app, by the beginning of the userID or of the nick. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { FoundUser } from "../api/shapes.js";
import "../components/export.js";
import "../components/status.js";
import { hrefOf, type SearchBy } from "../router.js";
import { instant, type Columns } from "../text/csv.js";
import { ago, moment } from "../text/format.js";
import { AppUsersPage } from "./app-users.js";
import { head } from "./page.js";

/** The columns of the exported file. */
const COLUMNS: Columns<FoundUser> = {
  user: (user) => user.user_id,
  nick: (user) => user.nick,
  status: (user) => user.status_type,
  custom_status: (user) => user.custom_status,
  devices: (user) => user.online_devices.join(" "),
  created: (user) => instant(user.created),
  last_seen: (user) => (user.last_seen === null ? "" : instant(user.last_seen)),
};

/** The users that the search has found so far. */
interface Found {
  users: FoundUser[];
  more: boolean;
}

@customElement("lc-users")
export class UsersPage extends AppUsersPage<Found> {
  @property() by: SearchBy = "id";
  @property() search = "";

  static override styles = [
    ...AppUsersPage.styles,
    css`
      .search {
        flex: 1 1 14rem;
        max-width: 24rem;
      }
      .export {
        padding: 0.9rem 1.35rem;
        border-top: 1px solid var(--line);
      }
      @media (max-width: 760px) {
        .search {
          flex: 1 1 100%;
          max-width: none;
        }
      }
    `,
  ];

  protected override readonly searched = ["by", "search"];

  override render(): unknown {
    const { words } = this;
    return html`<div class="page">
      ${head(words.users.title, words.users.lead, {
        actions: html`<a href=${hrefOf({ page: "online", app: this.app, on: "" })}>${words.online.title}</a>`,
      })}
      ${this.card(
        (choice) => this.#form(choice),
        (found) => this.#table(found),
      )}
    </div>`;
  }

  #form(choice: TemplateResult): TemplateResult {
    const { words } = this;
    return html`<form role="search" @submit=${this.#submit}>
      ${choice}
      <div>
        <label for="by">${words.users.by}</label>
        <select id="by" name="by">
          <option value="id" .selected=${this.by === "id"}>${words.users.byId}</option>
          <option value="nick" .selected=${this.by === "nick"}>${words.users.byNick}</option>
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
    const app = this.appId;
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
      ${found.more ? this.moreButton(this.#more) : nothing}`;
  }

  /** Returns all results of the current search, page by page. */
  readonly #pages = async function* (this: UsersPage): AsyncGenerator<FoundUser[]> {
    const [app, by, prefix] = [this.appId, this.by, this.search];
    let after: FoundUser | undefined;
    for (let more = app !== undefined; more && app !== undefined;) {
      const page = await this.api.findUsers(app, { by, prefix, after, limit: 200 });
      yield page.users;
      after = page.users.at(-1);
      more = page.more && after !== undefined;
    }
  }.bind(this);

  protected override choose(app: number): void {
    this.#go(app, this.by, this.search);
  }

  protected override async read(app: number, signal: AbortSignal): Promise<void> {
    this.found = {
      state: "ready",
      value: await this.api.findUsers(app, { by: this.by, prefix: this.search }, signal),
    };
  }

  #go(app: number | undefined, by: SearchBy, prefix: string): void {
    const href = hrefOf({ page: "users", app, by, prefix });
    // The same search again does not change the address, but may give another result.
    if (href === location.hash) void this.find();
    else location.hash = href;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const prefix = form.get("prefix");
    this.#go(this.appId, form.get("by") === "nick" ? "nick" : "id", typeof prefix === "string" ? prefix : "");
  };

  readonly #more = (): void => {
    if (this.found.state !== "ready") return;
    const { users } = this.found.value;
    const { by, search: prefix } = this;
    void this.reading(async (app, signal) => {
      const next = await this.api.findUsers(app, { by, prefix, after: users.at(-1) }, signal);
      this.found = { state: "ready", value: { users: [...users, ...next.users], more: next.more } };
    });
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-users": UsersPage;
  }
}
