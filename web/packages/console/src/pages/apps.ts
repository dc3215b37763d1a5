/** The list of apps, and the form that creates one. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../api/client.js";
import type { App, AppList, AppSummary, Edition, Secret } from "../api/shapes.js";
import "../components/dialog.js";
import { icons } from "../components/icons.js";
import "../components/notice.js";
import { whenLoaded } from "../components/placeholder.js";
import "../components/secret.js";
import { base, buttons, cards, fields, tables } from "../components/styles.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { hrefOf } from "../router.js";
import { errorText } from "../words/errors.js";
import { head, pageStyles } from "./page.js";

const EDITIONS: readonly Edition[] = ["flagship", "standard", "trial"];
const GREATEST_ID = 4_294_967_295;

@customElement("lc-apps")
export class AppsPage extends View {
  @property({ attribute: false }) api!: Api;

  @state() private loaded: Loaded<AppList> = LOADING;
  @state() private making = false;
  @state() private busy = false;
  @state() private badId = false;
  @state() private error: unknown = undefined;
  @state() private made: { app: App; key: Secret } | undefined = undefined;

  static override styles = [
    base,
    buttons,
    cards,
    fields,
    tables,
    pageStyles,
    css`
      .name {
        font-weight: 570;
      }
      form {
        display: grid;
        gap: 1rem;
      }
      form label + input,
      form label + select {
        margin-top: 0.3rem;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render(): unknown {
    const { words } = this;
    const actions = html`<button class="primary" ?disabled=${!this.api.may("admin")} @click=${this.#start}>
      ${icons.plus}${words.apps.create}
    </button>`;
    return html`<div class="page">
        ${head(words.apps.title, words.apps.lead, { actions })}
        <section class="card">${whenLoaded(this.loaded, this.#load, ({ apps }) => this.#table(apps))}</section>
        ${this.#beingDeleted()}
      </div>
      ${this.#dialog()}`;
  }

  #beingDeleted(): TemplateResult | typeof nothing {
    if (this.loaded.state !== "ready" || this.loaded.value.being_deleted.length === 0) return nothing;
    return html`<lc-notice>${this.words.apps.beingDeleted(this.loaded.value.being_deleted.join(", "))}</lc-notice>`;
  }

  #table(apps: AppSummary[]): TemplateResult {
    const { words } = this;
    if (apps.length === 0) {
      return html`<lc-placeholder kind="empty" .heading=${words.apps.empty}>${words.apps.emptyHint}</lc-placeholder>`;
    }
    const turned = (on: boolean): TemplateResult =>
      html`<span class="pill ${on ? "good" : ""}">${on ? words.on : words.off}</span>`;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${words.apps.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">${words.apps.name}</th>
            <th scope="col">${words.apps.id}</th>
            <th scope="col">${words.apps.edition}</th>
            <th scope="col">${words.apps.userStatus}</th>
            <th scope="col">${words.apps.friendNotification}</th>
            <th scope="col" class="number">${words.apps.keys}</th>
          </tr>
        </thead>
        <tbody>
          ${apps.map(
            (app) =>
              html`<tr>
                <td>
                  <a class="name" href=${hrefOf({ page: "app", app: app.id, tab: "general" })}
                    >${app.name === "" ? words.apps.unnamed : app.name}</a
                  >
                </td>
                <td class="mono">${app.id}</td>
                <td>${words.editions[app.edition].name}</td>
                <td>${turned(app.switches.user_status)}</td>
                <td>${turned(app.switches.friend_notification)}</td>
                <td class="number">${app.keys}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  #dialog(): TemplateResult {
    const { words, made } = this;
    if (made !== undefined) {
      return html`<lc-dialog open .heading=${words.apps.made(made.app.id)} @lc-close=${this.#close}>
        <p class="quiet">${words.keys.newText}</p>
        <h3>${words.keys.key(made.key.id)}</h3>
        <lc-secret .text=${made.key.text} .label=${words.keys.secret(made.key.id)}></lc-secret>
        <a slot="actions" class="button" href=${hrefOf({ page: "app", app: made.app.id, tab: "general" })}
          >${words.close}</a
        >
      </lc-dialog>`;
    }
    return html`<lc-dialog .open=${this.making} .heading=${words.apps.createTitle} @lc-close=${this.#close}>
      <p class="quiet">${words.apps.createHint}</p>
      ${
        this.error === undefined
          ? nothing
          : html`<lc-notice kind="bad" .heading=${words.errors.title}>${errorText(this.error, words)}</lc-notice>`
      }
      <form id="new" @submit=${this.#create}>
        <div>
          <label for="name">${words.apps.name}</label>
          <input id="name" name="name" maxlength="200" autocomplete="off" />
        </div>
        <div>
          <label for="edition">${words.apps.edition}</label>
          <select id="edition" name="edition">
            ${EDITIONS.map((edition) => html`<option value=${edition}>${words.editions[edition].name}</option>`)}
          </select>
        </div>
        <div>
          <label for="id">${words.apps.id}</label>
          <input
            id="id"
            name="id"
            inputmode="numeric"
            autocomplete="off"
            aria-invalid=${this.badId}
            aria-describedby="id-hint"
          />
          <p id="id-hint" class=${this.badId ? "problem" : "hint"}>
            ${this.badId ? words.apps.idBad : words.apps.idHint}
          </p>
        </div>
        <div>
          <label for="key">${words.keys.own}</label>
          <input id="key" name="key" type="password" autocomplete="off" aria-describedby="key-hint" />
          <p id="key-hint" class="hint">${words.apps.keyHint}</p>
        </div>
      </form>
      <button slot="actions" @click=${this.#close}>${words.cancel}</button>
      <button slot="actions" class="primary" form="new" ?disabled=${this.busy}>${words.apps.make}</button>
    </lc-dialog>`;
  }

  readonly #start = (): void => {
    this.making = true;
  };

  readonly #close = (): void => {
    this.making = false;
    this.made = undefined;
    this.error = undefined;
    this.badId = false;
    void this.#load();
  };

  readonly #create = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const data = new FormData(form);
    const text = (name: string): string => {
      const value = data.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    const id = text("id");
    this.badId = id !== "" && (!/^\d+$/.test(id) || Number(id) < 1 || Number(id) > GREATEST_ID);
    if (this.badId) return;
    const edition = EDITIONS.find((known) => known === text("edition")) ?? "flagship";
    this.busy = true;
    this.error = undefined;
    try {
      const key = text("key");
      this.made = await this.api.createApp({
        name: text("name"),
        edition,
        ...(id === "" ? {} : { id: Number(id) }),
        ...(key === "" ? {} : { key }),
      });
      form.reset();
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  };

  readonly #load = async (): Promise<void> => {
    try {
      this.loaded = { state: "ready", value: await this.api.appList() };
    } catch (error) {
      this.loaded = { state: "failed", error };
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-apps": AppsPage;
  }
}
