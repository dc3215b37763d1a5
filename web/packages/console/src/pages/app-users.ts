/** The base class of pages that list users of one app. It selects the app, and loads the list. */

import { css, html, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { Api } from "../api/client.js";
import type { AppSummary } from "../api/shapes.js";
import { whenLoaded } from "../components/placeholder.js";
import { base, buttons, cards, fields, tables } from "../components/styles.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { pageStyles } from "./page.js";

export abstract class AppUsersPage<Found> extends View {
  @property({ attribute: false }) api!: Api;
  /** The app whose users are listed; the first app if it is undefined. */
  @property({ attribute: false }) app: number | undefined = undefined;

  @state() protected found: Loaded<Found> = LOADING;
  @state() protected busy = false;
  @state() private apps: Loaded<AppSummary[]> = LOADING;
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
      .user {
        font-weight: 570;
        display: block;
        min-width: 7rem;
        overflow-wrap: anywhere;
      }
      .custom {
        max-width: 18rem;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .more {
        display: grid;
        justify-content: center;
        padding: 1rem;
        border-top: 1px solid var(--line);
      }
      @media (max-width: 760px) {
        form {
          padding: 1rem 1.1rem;
        }
        .app {
          flex: 1 1 100%;
          max-width: none;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#loadApps();
  }

  /** The names of the properties whose changes make the page load the list again, apart from `app`. */
  protected abstract readonly searched: readonly PropertyKey[];

  /** Reads the list from its beginning. `signal` aborts this read when another one begins. */
  protected abstract read(app: number, signal: AbortSignal): Promise<void>;

  /** Opens the same page for another app. */
  protected abstract choose(app: number): void;

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const isOther = ["app", ...this.searched].some((name) => changed.has(name));
    if (isOther && this.apps.state === "ready") void this.find();
  }

  /** Renders the form and the list when the apps are known. */
  protected card(
    form: (choice: TemplateResult) => TemplateResult,
    list: (found: Found) => TemplateResult,
  ): TemplateResult {
    const { words } = this;
    return html`<section class="card">
      ${whenLoaded(this.apps, this.#loadApps, (apps) =>
        apps.length === 0
          ? html`<lc-placeholder kind="empty" .heading=${words.apps.empty}>${words.users.noApp}</lc-placeholder>`
          : html`${form(this.#choice(apps))}${whenLoaded(this.found, this.find, list)}`,
      )}
    </section>`;
  }

  #choice(apps: AppSummary[]): TemplateResult {
    return html`<div class="app">
      <label for="app">${this.words.users.app}</label>
      <select id="app" name="app" @change=${this.#chosen}>
        ${apps.map(
          (app) =>
            html`<option value=${app.id} .selected=${live(app.id === this.appId)}>
              ${app.name === "" ? app.id : `${app.name} · ${app.id}`}
            </option>`,
        )}
      </select>
    </div>`;
  }

  /** Renders the button that loads more rows. */
  protected moreButton(more: () => void): TemplateResult {
    return html`<div class="more"><button ?disabled=${this.busy} @click=${more}>${this.words.more}</button></div>`;
  }

  /** The app whose users are listed; undefined until the apps are known. */
  protected get appId(): number | undefined {
    if (this.app !== undefined) return this.app;
    return this.apps.state === "ready" ? this.apps.value[0]?.id : undefined;
  }

  protected readonly find = async (): Promise<void> => {
    this.found = LOADING;
    await this.reading((app, signal) => this.read(app, signal));
  };

  /**
   * Makes a read, and aborts the previous read. Shows an error in place of the list, unless `keep` handles the error.
   */
  protected async reading(
    read: (app: number, signal: AbortSignal) => Promise<void>,
    keep?: (error: unknown) => void,
  ): Promise<void> {
    const app = this.appId;
    this.#asked?.abort();
    if (app === undefined) return;
    const asked = new AbortController();
    this.#asked = asked;
    this.busy = true;
    try {
      await read(app, asked.signal);
    } catch (error) {
      // Another read has begun, and its result will be shown.
      if (asked.signal.aborted) return;
      if (keep === undefined) this.found = { state: "failed", error };
      else keep(error);
    } finally {
      if (this.#asked === asked) this.busy = false;
    }
  }

  readonly #chosen = (event: Event): void => {
    this.choose(Number((event.target as HTMLSelectElement).value));
  };

  readonly #loadApps = async (): Promise<void> => {
    try {
      this.apps = { state: "ready", value: await this.api.apps() };
    } catch (error) {
      this.apps = { state: "failed", error };
      return;
    }
    await this.find();
  };
}
