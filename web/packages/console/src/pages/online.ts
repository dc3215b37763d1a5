/** The users of an app who are online now, page by page, in the order of the server. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../api/client.js";
import type { AppSummary, OnlineDevice, OnlinePage } from "../api/shapes.js";
import "../components/notice.js";
import { icons } from "../components/icons.js";
import { whenLoaded } from "../components/placeholder.js";
import { base, buttons, cards, fields, tables } from "../components/styles.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { hrefOf, PLATFORMS } from "../router.js";
import { ago, count, moment } from "../text/format.js";
import { errorText } from "../words/errors.js";
import { head, pageStyles } from "./page.js";

/** Pages without anybody that are asked for in a row before the operator is asked: each is a bounded look. */
const EMPTY_PAGES = 20;

@customElement("lc-online")
export class OnlineUsersPage extends View {
  @property({ attribute: false }) api!: Api;
  /** The app that is looked at; without one, the first. */
  @property({ attribute: false }) app: number | undefined = undefined;
  /** The platform on which a listed user is connected; empty for any. */
  @property() on = "";

  @state() private apps: Loaded<AppSummary[]> = LOADING;
  @state() private found: Loaded<OnlinePage> = LOADING;
  @state() private busy = false;
  @state() private error: unknown = undefined;
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
      .user {
        font-weight: 570;
        overflow-wrap: anywhere;
      }
      .custom {
        max-width: 18rem;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .body,
      .more {
        padding: 1rem 1.35rem;
      }
      .more {
        display: grid;
        justify-content: center;
        border-top: 1px solid var(--line);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#loadApps();
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if ((changed.has("app") || changed.has("on")) && this.apps.state === "ready") void this.#find();
  }

  override render(): unknown {
    const { words } = this;
    const back = hrefOf({ page: "users", app: this.app, by: "id", prefix: "" });
    const crumb = html`<a class="crumb" href=${back}>${icons.back}${words.user.back}</a>`;
    return html`<div class="page">
      ${head(words.online.title, words.online.lead, { crumb })}
      <section class="card">
        ${whenLoaded(this.apps, this.#loadApps, (apps) =>
          apps.length === 0
            ? html`<lc-placeholder kind="empty" .heading=${words.apps.empty}>${words.users.noApp}</lc-placeholder>`
            : html`${this.#form(apps)}${whenLoaded(this.found, this.#find, (found) => this.#shown(found))}`,
        )}
      </section>
    </div>`;
  }

  #form(apps: AppSummary[]): TemplateResult {
    const { words } = this;
    return html`<form @submit=${this.#again}>
      <div>
        <label for="app">${words.users.app}</label>
        <select id="app" @change=${this.#chooseApp}>
          ${apps.map(
            (app) =>
              html`<option value=${app.id} ?selected=${app.id === this.#appId()}>
                ${app.name === "" ? app.id : `${app.name} · ${app.id}`}
              </option>`,
          )}
        </select>
      </div>
      <div>
        <label for="on">${words.online.on}</label>
        <select id="on" @change=${this.#choosePlatform}>
          <option value="" ?selected=${this.on === ""}>${words.online.anyPlatform}</option>
          ${PLATFORMS.map((name) => html`<option value=${name} ?selected=${name === this.on}>${name}</option>`)}
        </select>
      </div>
      <button class="primary">${words.online.again}</button>
    </form>`;
  }

  #shown(found: OnlinePage): TemplateResult {
    const { words } = this;
    return html`${
      this.error === undefined
        ? nothing
        : html`<div class="body">
            <lc-notice kind="bad" .heading=${words.errors.title}>${errorText(this.error, words)}</lc-notice>
          </div>`
    }
    ${found.users.length === 0 ? this.#nobody(found) : this.#table(found)}
    ${
      found.next === null
        ? nothing
        : html`<div class="more"><button ?disabled=${this.busy} @click=${this.#more}>${words.more}</button></div>`
    }`;
  }

  #nobody(found: OnlinePage): TemplateResult {
    const { online } = this.words;
    return html`<lc-placeholder kind="empty" .heading=${online.empty}
      >${found.next === null ? "" : online.notAll}</lc-placeholder
    >`;
  }

  #table(found: OnlinePage): TemplateResult {
    const { words } = this;
    const { locale } = words;
    const app = this.#appId() ?? 0;
    const now = this.api.now();
    return html`<div class="body quiet">${words.online.shown(count(found.users.length, locale))}</div>
      <div class="scroll" tabindex="0" role="region" aria-label=${words.online.title}>
        <table>
          <thead>
            <tr>
              <th scope="col">${words.users.user}</th>
              <th scope="col">${words.users.nick}</th>
              <th scope="col">${words.users.custom}</th>
              <th scope="col">${words.online.since}</th>
              <th scope="col">${words.users.devices}</th>
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
                  <td><div class="custom">${user.custom_status}</div></td>
                  <td><span title=${moment(user.since, locale)}>${ago(user.since, now, locale)}</span></td>
                  <td>${user.devices.map((device) => html`<div>${this.#device(device)}</div>`)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`;
  }

  #device({ platform, link }: OnlineDevice): string {
    const { user, locale } = this.words;
    switch (link.state) {
      case "connected":
        return `${platform}: ${user.connected}`;
      case "held":
        return `${platform}: ${user.held(moment(link.until, locale), link.end)}`;
      case "gone":
        return `${platform}: ${user.gone(moment(link.lapses, locale))}`;
    }
  }

  #appId(): number | undefined {
    if (this.app !== undefined) return this.app;
    return this.apps.state === "ready" ? this.apps.value[0]?.id : undefined;
  }

  readonly #again = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.#find();
  };

  readonly #chooseApp = (event: Event): void => {
    const app = Number((event.target as HTMLSelectElement).value);
    location.hash = hrefOf({ page: "online", app, on: this.on });
  };

  readonly #choosePlatform = (event: Event): void => {
    location.hash = hrefOf({ page: "online", app: this.#appId(), on: (event.target as HTMLSelectElement).value });
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
    this.found = LOADING;
    await this.#read({ users: [], next: null });
  };

  readonly #more = async (): Promise<void> => {
    if (this.found.state === "ready") await this.#read(this.found.value);
  };

  /** Reads on behind what is shown, until there is somebody more or nothing left. */
  async #read(before: OnlinePage): Promise<void> {
    const app = this.#appId();
    this.#asked?.abort();
    if (app === undefined) return;
    const asked = new AbortController();
    this.#asked = asked;
    this.busy = true;
    this.error = undefined;
    let found = before;
    try {
      for (let pages = 0; pages < EMPTY_PAGES; pages += 1) {
        const page = await this.api.online(app, { on: this.on, after: found.next ?? undefined }, asked.signal);
        found = { users: [...found.users, ...page.users], next: page.next };
        if (page.users.length > 0 || page.next === null) break;
      }
      this.found = { state: "ready", value: found };
    } catch (error) {
      if (asked.signal.aborted) return;
      // The rows that were read stay.
      if (before.users.length > 0) this.error = error;
      else this.found = { state: "failed", error };
    } finally {
      if (this.#asked === asked) this.busy = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-online": OnlineUsersPage;
  }
}
