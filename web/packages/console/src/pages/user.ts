/** The page of one user: the status, devices, subscriptions, watchers, visibility and block list. It is updated while it is visible. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ApiError, type Api } from "../api/client.js";
import type { Device, User, Watchers } from "../api/shapes.js";
import "../components/confirm.js";
import type { Question } from "../components/confirm.js";
import { icons } from "../components/icons.js";
import "../components/notice.js";
import { whenLoaded } from "../components/placeholder.js";
import "../components/status.js";
import { base, buttons, cards, tables } from "../components/styles.js";
import "../components/toggle.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { hrefOf } from "../router.js";
import "../sections/privacy.js";
import { ago, count, moment } from "../text/format.js";
import { head, pageStyles } from "./page.js";

const PERIOD_MS = 2_000;

/** The data for the page. */
interface Shown {
  user: User;
  watchers: Watchers;
}

@customElement("lc-user")
export class UserPage extends View {
  @property({ attribute: false }) api!: Api;
  @property({ type: Number }) app = 0;
  @property() user = "";

  @state() private loaded: Loaded<Shown> = LOADING;
  @state() private live = true;
  @state() private question: Question | undefined = undefined;
  @state() private kicked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  static override styles = [
    base,
    buttons,
    cards,
    tables,
    pageStyles,
    css`
      h1 span {
        overflow-wrap: anywhere;
      }
      .live {
        display: flex;
        align-items: center;
        gap: 0.5rem 1rem;
        flex-wrap: wrap;
      }
      .grid {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
        gap: 1.1rem;
        align-items: start;
      }
      .wide {
        grid-column: 1 / -1;
      }
      .now {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 1rem;
        font-size: 1.2rem;
        font-weight: 600;
      }
      .now .custom {
        font-weight: 450;
        font-size: 1rem;
        overflow-wrap: anywhere;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(7.5rem, auto) minmax(0, 1fr);
        gap: 0.55rem 1.5rem;
        margin-top: 1rem;
      }
      .plain dl {
        margin-top: 0;
      }
      dt {
        color: var(--text-quiet);
      }
      dd {
        overflow-wrap: anywhere;
      }
      dd .quiet {
        display: block;
        font-size: 0.8667rem;
      }
      .people {
        display: flex;
        flex-wrap: wrap;
        gap: 0.4rem;
      }
      .people a {
        max-width: 100%;
        overflow-wrap: anywhere;
        white-space: normal;
        color: var(--text);
      }
      .people a:hover {
        background: var(--accent-soft);
        color: var(--accent);
        text-decoration: none;
      }
      .people small {
        color: var(--text-quiet);
      }
      .body > p + .people,
      .body > .people + p {
        margin-top: 0.75rem;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.#seen);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.#seen);
    clearTimeout(this.#timer);
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("app") || changed.has("user")) {
      this.loaded = LOADING;
      this.kicked = false;
      void this.#read(false);
    }
  }

  override render(): unknown {
    const { words } = this;
    const crumb = html`<a class="crumb" href=${hrefOf({ page: "users", app: this.app, by: "id", prefix: "" })}
      >${icons.back}${words.user.back}</a
    >`;
    const shown = this.loaded.state === "ready" ? this.loaded.value : undefined;
    const at = shown === undefined ? "" : moment(shown.user.at, words.locale);
    const actions = html`<div class="live">
      <span class="quiet small"
        >${this.live ? words.user.liveHint : `${words.user.paused}, ${words.user.asOf(at)}`}</span
      >
      <lc-toggle .checked=${this.live} .label=${words.user.live} @lc-turn=${this.#turn}></lc-toggle>
      <button class="danger" ?disabled=${shown === undefined || !this.api.may("operator")} @click=${this.#ask}>
        ${words.user.kick}
      </button>
    </div>`;
    return html`<div class="page">
        ${head(html`<span>${this.user}</span>`, `${words.apps.id} ${this.app}`, { crumb, actions })}
        ${this.kicked ? html`<lc-notice kind="good">${words.user.kicked}</lc-notice>` : nothing}
        ${whenLoaded(this.loaded, this.#again, ({ user, watchers }) => this.#cards(user, watchers))}
      </div>
      <lc-confirm .question=${this.question} @lc-close=${this.#unasked}></lc-confirm>`;
  }

  #cards(user: User, watchers: Watchers): TemplateResult {
    const { words } = this;
    return html`<div class="grid">
      <section class="card">
        <header><h2>${words.user.evidence}</h2></header>
        <div class="body">${this.#evidence(user)}</div>
      </section>
      <section class="card plain">
        <header><h2>${words.user.account}</h2></header>
        <div class="body">${this.#account(user)}</div>
      </section>
      <section class="card wide">
        <header><h2>${words.user.devices}</h2></header>
        ${this.#devices(user.devices, user.at)}
      </section>
      <section class="card">
        <header><h2>${words.user.watchers}</h2></header>
        <div class="body">${this.#watchers(watchers)}</div>
      </section>
      <section class="card">
        <header><h2>${words.user.subscriptions}</h2></header>
        <div class="body">${this.#subscriptions(user)}</div>
      </section>
      ${this.#privacy(user)}
    </div>`;
  }

  #privacy({ visibility, blocked }: User): TemplateResult | typeof nothing {
    if (visibility === undefined || blocked === undefined) return nothing;
    return html`<lc-privacy
      class="wide"
      .api=${this.api}
      .app=${this.app}
      .user=${this.user}
      .visibility=${visibility}
      .blocked=${blocked}
      @lc-ask=${this.#askFor}
      @lc-privacy=${this.#changed}
    ></lc-privacy>`;
  }

  #evidence({ status, at }: User): TemplateResult {
    const { words } = this;
    const time = (then: number): TemplateResult =>
      html`${moment(then, words.locale)}<span class="quiet">${ago(then, at, words.locale)}</span>`;
    const isOnline = status.status_type === "ONLINE";
    // The server may send no `last_seen` for an online user.
    const isNow = isOnline && (status.last_seen === null || at - status.last_seen < 1_000);
    const lastSeen = isNow
      ? words.user.lastSeenNow
      : status.last_seen === null
        ? words.user.never
        : time(status.last_seen);
    const row = (name: string, value: unknown): TemplateResult =>
      html`<dt>${name}</dt>
        <dd>${value}</dd>`;
    return html`<div class="now">
        <lc-status .type=${status.status_type}></lc-status>
        ${status.custom_status === "" ? nothing : html`<span class="custom">“${status.custom_status}”</span>`}
      </div>
      <dl>
        ${
          // A server of an earlier version sends no `custom_expires`.
          typeof status.custom_expires === "number"
            ? row(words.user.customEnds, time(status.custom_expires))
            : nothing
        }
        ${row(words.user.type, html`<code>${status.status_type} ${status.number}</code>`)}
        ${row(words.user.since, time(status.since))}
        ${row(words.user.reason, html`${words.reasons[status.reason] ?? status.reason} <code>${status.reason}</code>`)}
        ${row(words.user.lastSeen, lastSeen)}
        ${row(words.user.onlineDevices, status.online_devices.length === 0 ? "–" : status.online_devices.join(", "))}
        ${row(
          words.user.version,
          html`<code>${status.version}</code><span class="quiet">${words.user.versionHint}</span>`,
        )}
      </dl>`;
  }

  #account(user: User): TemplateResult {
    const { words } = this;
    const revoked = user.sigs_revoked === null ? words.user.notRevoked : moment(user.sigs_revoked, words.locale);
    return html`<dl>
      <dt>${words.user.created}</dt>
      <dd>${moment(user.created, words.locale)}</dd>
      <dt>${words.user.nick}</dt>
      <dd>${user.nick === "" ? "–" : user.nick}</dd>
      <dt>${words.user.friends}</dt>
      <dd>${count(user.friends, words.locale)}</dd>
      <dt>${words.user.revoked}</dt>
      <dd>${revoked}</dd>
    </dl>`;
  }

  #devices(devices: Device[], at: number): TemplateResult {
    const { words } = this;
    const { locale } = words;
    if (devices.length === 0) return html`<div class="body quiet">${words.user.devicesEmpty}</div>`;
    const link = ({ link }: Device): TemplateResult => {
      switch (link.state) {
        case "connected":
          return html`<span class="pill good">${words.user.connected}</span>`;
        case "held":
          return html`${words.user.held(moment(link.until, locale), words.reasons[link.end] ?? link.end)}`;
        case "gone":
          return html`<span title=${moment(link.lapses, locale)}
            >${words.user.gone(ago(link.lapses, at, locale))}</span
          >`;
      }
    };
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${words.user.devices}>
      <table>
        <thead>
          <tr>
            <th scope="col">${words.user.platform}</th>
            <th scope="col">${words.user.device}</th>
            <th scope="col">${words.user.link}</th>
          </tr>
        </thead>
        <tbody>
          ${devices.map(
            (device) =>
              html`<tr>
                <td>${device.platform}</td>
                <td class="mono">${device.device_id}</td>
                <td>${link(device)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  #watchers({ users, connections, complete }: Watchers): TemplateResult {
    const { words } = this;
    if (users.length === 0) return html`<p class="quiet">${words.user.watchersEmpty}</p>`;
    const why = (watcher: { subscribed: boolean; friend: boolean }): string =>
      [watcher.subscribed ? words.user.bySubscription : "", watcher.friend ? words.user.byFriendship : ""]
        .filter((text) => text !== "")
        .join(", ");
    const shown = complete ? "" : words.user.watchersMore(count(users.length, words.locale));
    return html`<p class="quiet small">
        ${words.user.watchersHint} ${words.user.watchersCount(count(connections, words.locale))} ${shown}
      </p>
      <ul class="people">
        ${users.map((watcher) => html`<li>${this.#person(watcher.user_id, html` <small>${why(watcher)}</small>`)}</li>`)}
      </ul>`;
  }

  #subscriptions({ subscriptions }: User): TemplateResult {
    const { words } = this;
    const { users, count: all } = subscriptions;
    if (all === 0) return html`<p class="quiet">${words.user.subscriptionsEmpty}</p>`;
    const { locale } = words;
    return html`<ul class="people">
        ${users.map((id) => html`<li>${this.#person(id, nothing)}</li>`)}
      </ul>
      ${
        users.length < all
          ? html`<p class="quiet small">
              ${words.user.subscriptionsMore(count(users.length, locale), count(all, locale))}
            </p>`
          : nothing
      }`;
  }

  #person(id: string, more: unknown): TemplateResult {
    return html`<a class="pill" href=${hrefOf({ page: "user", app: this.app, user: id })}>${id}${more}</a>`;
  }

  readonly #turn = (event: CustomEvent<boolean>): void => {
    this.live = event.detail;
    void this.#poll();
  };

  readonly #ask = (): void => {
    const { user } = this.words;
    this.question = {
      heading: user.kickTitle(this.user),
      text: user.kickText,
      action: user.kick,
      act: async () => {
        await this.api.kick(this.app, this.user);
        this.kicked = true;
        await this.#read(false);
      },
    };
  };

  readonly #askFor = ({ detail }: CustomEvent<Question>): void => {
    this.question = detail;
  };

  readonly #changed = (): void => {
    void this.#read(false);
  };

  readonly #unasked = (): void => {
    this.question = undefined;
  };

  readonly #again = (): void => {
    this.loaded = LOADING;
    void this.#read(false);
  };

  readonly #seen = (): void => {
    void this.#poll();
  };

  readonly #poll = async (): Promise<void> => {
    clearTimeout(this.#timer);
    if (this.live && this.isConnected && !document.hidden) await this.#read(true);
  };

  /** Reads the user. If `background`, the page makes the read by itself, not at the request of the operator. */
  async #read(background: boolean): Promise<void> {
    clearTimeout(this.#timer);
    const { app, user: id } = this;
    const isStill = (): boolean => this.isConnected && app === this.app && id === this.user;
    try {
      const [user, watchers] = await Promise.all([
        this.api.user(app, id, background),
        this.api.watchers(app, id, background),
      ]);
      if (isStill()) this.loaded = { state: "ready", value: { user, watchers } };
    } catch (error) {
      if (!isStill()) return;
      // The user stays visible during a short failure of the server, but not if the account does not exist any
      // longer.
      const isAway = error instanceof ApiError && error.status !== 404 && this.loaded.state === "ready";
      if (!isAway) this.loaded = { state: "failed", error };
    }
    if (isStill() && this.live) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#poll(), PERIOD_MS);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-user": UserPage;
  }
}
