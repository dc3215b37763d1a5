/** The page with the users of an app who are online, in the order of the server. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { OnlineDevice, OnlinePage } from "../api/shapes.js";
import "../components/notice.js";
import { icons } from "../components/icons.js";
import { hrefOf, PLATFORMS } from "../router.js";
import { ago, count, moment } from "../text/format.js";
import { errorText } from "../words/errors.js";
import { AppUsersPage } from "./app-users.js";
import { head } from "./page.js";

/** The number of empty pages in a row after which the search stops, until the operator continues it. */
const EMPTY_PAGES = 20;

@customElement("lc-online")
export class OnlineUsersPage extends AppUsersPage<OnlinePage> {
  /** The platform to which the list is restricted; empty for all platforms. */
  @property() on = "";

  /** The error that has stopped the reading of more users. */
  @state() private error: unknown = undefined;

  static override styles = [
    ...AppUsersPage.styles,
    css`
      .body {
        padding: 1rem 1.35rem;
      }
    `,
  ];

  protected override readonly searched = ["on"];

  override render(): unknown {
    const { words } = this;
    const back = hrefOf({ page: "users", app: this.app, by: "id", prefix: "" });
    const crumb = html`<a class="crumb" href=${back}>${icons.back}${words.user.back}</a>`;
    return html`<div class="page">
      ${head(words.online.title, words.online.lead, { crumb })}
      ${this.card(
        (choice) => this.#form(choice),
        (found) => this.#shown(found),
      )}
    </div>`;
  }

  #form(choice: TemplateResult): TemplateResult {
    const { words } = this;
    return html`<form @submit=${this.#again}>
      ${choice}
      <div>
        <label for="on">${words.online.on}</label>
        <select id="on" @change=${this.#choosePlatform}>
          <option value="" .selected=${live(this.on === "")}>${words.online.anyPlatform}</option>
          ${PLATFORMS.map((name) => html`<option value=${name} .selected=${live(name === this.on)}>${name}</option>`)}
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
    ${found.next === null ? nothing : this.moreButton(this.#more)}`;
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
    const app = this.appId ?? 0;
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

  protected override choose(app: number): void {
    location.hash = hrefOf({ page: "online", app, on: this.on });
  }

  protected override async read(app: number, signal: AbortSignal): Promise<void> {
    this.error = undefined;
    await this.#readOn(app, { users: [], next: null }, signal);
  }

  readonly #again = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.find();
  };

  readonly #choosePlatform = (event: Event): void => {
    location.hash = hrefOf({ page: "online", app: this.appId, on: (event.target as HTMLSelectElement).value });
  };

  readonly #more = (): void => {
    if (this.found.state !== "ready") return;
    const before = this.found.value;
    this.error = undefined;
    void this.reading(
      (app, signal) => this.#readOn(app, before, signal),
      (error) => {
        // The rows that were already read stay visible.
        this.error = error;
      },
    );
  };

  /** Reads pages until one has a user, there are no more, or `EMPTY_PAGES` in a row were empty. */
  async #readOn(app: number, before: OnlinePage, signal: AbortSignal): Promise<void> {
    let found = before;
    for (let pages = 0; pages < EMPTY_PAGES; pages += 1) {
      const page = await this.api.online(app, { on: this.on, after: found.next ?? undefined }, signal);
      found = { users: [...found.users, ...page.users], next: page.next };
      if (page.users.length > 0 || page.next === null) break;
    }
    this.found = { state: "ready", value: found };
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-online": OnlineUsersPage;
  }
}
