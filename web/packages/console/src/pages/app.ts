/**
 * The page of one app: its sections, the form with the settings of all sections, and the merge with changes of other
 * operators.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ApiError, type Api, type Tagged } from "../api/client.js";
import type { App, Bounds } from "../api/shapes.js";
import { icons } from "../components/icons.js";
import "../components/notice.js";
import { whenLoaded } from "../components/placeholder.js";
import { base, buttons, cards } from "../components/styles.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { APP_TABS, hrefOf, type AppTab } from "../router.js";
import "../sections/admins.js";
import "../sections/dead-letters.js";
import "../sections/delete-app.js";
import "../sections/devices.js";
import "../sections/general.js";
import "../sections/keys.js";
import "../sections/numbers.js";
import "../sections/jwt.js";
import "../sections/switches.js";
import "../sections/webhook-list.js";
import "../sections/webhooks.js";
import type { Edit, Typing } from "../sections/section.js";
import { LIMIT_FIELDS, TIMING_FIELDS } from "../settings/fields.js";
import { edit, faults, formOf, given, rebase, type, unsaved, type Form } from "../settings/form.js";
import { valueAt, type Merged } from "../settings/paths.js";
import { errorText } from "../words/errors.js";
import { head, pageStyles } from "./page.js";

/** The section of each setting, by the first part of the path. */
const TAB_OF: Record<string, AppTab> = {
  name: "general",
  edition: "general",
  switches: "switches",
  multi_device: "devices",
  limits: "limits",
  timing: "timing",
  webhooks: "webhooks",
  jwt: "jwt",
};

@customElement("lc-app")
export class AppPage extends View {
  @property({ attribute: false }) api!: Api;
  @property({ type: Number }) app = 0;
  @property() tab: AppTab = "general";

  @state() private loaded: Loaded<Form> = LOADING;
  @state() private bounds: Bounds = {};
  @state() private saving = false;
  @state() private saved = false;
  @state() private error: unknown = undefined;
  /** The result of the merge, if another operator has saved changes while this form was open. */
  @state() private merged: Merged | undefined = undefined;

  static override styles = [
    base,
    buttons,
    cards,
    pageStyles,
    css`
      .sections {
        display: grid;
        grid-template-columns: 12rem minmax(0, 1fr);
        gap: 1.75rem;
        align-items: start;
      }
      nav ul {
        display: grid;
        gap: 0.15rem;
      }
      nav a {
        display: flex;
        align-items: center;
        justify-content: space-between;
        padding: 0.48rem 0.8rem;
        border-radius: var(--radius-small);
        color: var(--text);
        font-weight: 530;
        font-size: 0.9333rem;
        white-space: nowrap;
      }
      nav a:hover {
        background: var(--neutral-soft);
        text-decoration: none;
      }
      nav a[aria-current] {
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 600;
      }
      nav a i {
        width: 0.45rem;
        height: 0.45rem;
        border-radius: 50%;
        background: var(--accent);
      }
      nav a i.bad {
        background: var(--bad);
      }
      @media (forced-colors: active) {
        nav a i {
          forced-color-adjust: none;
          background: Highlight;
        }
        nav a i.bad {
          background: Mark;
          outline: 1px solid CanvasText;
        }
      }
      .content {
        display: grid;
        gap: 1.1rem;
      }
      .bar {
        position: sticky;
        bottom: 1rem;
        z-index: 2;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0.6rem 1rem;
        padding: 0.75rem 0.9rem 0.75rem 1.25rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: var(--shadow-raised);
      }
      .bar p {
        font-weight: 570;
      }
      .bar .problem {
        color: var(--bad);
        font-weight: 500;
      }
      .merged {
        margin: 0.5rem 0;
        padding-inline-start: 1.1rem;
        list-style: disc;
      }
      @media (max-width: 860px) {
        .sections {
          grid-template-columns: minmax(0, 1fr);
          gap: 1rem;
        }
        nav ul {
          display: flex;
          overflow-x: auto;
          /* The padding keeps the outline of a focused link from being cut off. */
          padding: 0.25rem;
          margin: -0.25rem;
          scrollbar-width: thin;
        }
      }
    `,
  ];

  /** Whether the form has changes that would be lost if the operator left the page. */
  get hasChanges(): boolean {
    return this.loaded.state === "ready" && unsaved(this.loaded.value).length > 0;
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("app")) {
      this.loaded = LOADING;
      this.merged = undefined;
      void this.#load();
    }
    if (changed.has("tab")) this.saved = false;
  }

  override updated(): void {
    // On a narrow screen, the sections are one scrolling line. The current section must be visible.
    const here = this.renderRoot.querySelector<HTMLElement>("nav a[aria-current]");
    const line = here?.closest("ul");
    if (here && line && line.scrollWidth > line.clientWidth) {
      const [inner, outer] = [here.getBoundingClientRect(), line.getBoundingClientRect()];
      if (inner.left < outer.left || inner.right > outer.right) {
        line.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
      }
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    globalThis.addEventListener("beforeunload", this.#unload);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    globalThis.removeEventListener("beforeunload", this.#unload);
  }

  override render(): unknown {
    const { words } = this;
    const name = this.loaded.state === "ready" ? this.loaded.value.base.value.settings.name : "";
    const crumb = html`<a class="crumb" href=${hrefOf({ page: "apps" })}>${icons.back}${words.app.back}</a>`;
    const title = name === "" ? `${words.apps.id} ${this.app}` : name;
    return html`<div class="page">
      ${head(title, name === "" ? "" : `${words.apps.id} ${this.app}`, { crumb })}
      ${whenLoaded(this.loaded, this.#load, (form) => this.#sections(form))}
    </div>`;
  }

  #sections(form: Form): TemplateResult {
    const { words } = this;
    const changed = unsaved(form);
    const faulty = faults(form, this.bounds);
    const tabOf = (path: string): AppTab | undefined => TAB_OF[path.split(".")[0] ?? ""];
    const mark = (tab: AppTab): TemplateResult | typeof nothing =>
      changed.some((path) => tabOf(path) === tab)
        ? html`<i class=${faulty.some((path) => tabOf(path) === tab) ? "bad" : ""} aria-hidden="true"></i>`
        : nothing;
    return html`<div class="sections">
      <nav aria-label=${words.app.sections}>
        <ul>
          ${APP_TABS.map(
            (tab) =>
              html`<li>
                <a
                  href=${hrefOf({ page: "app", app: this.app, tab })}
                  aria-current=${tab === this.tab ? "page" : nothing}
                  >${words.app.tabs[tab]}${mark(tab)}</a
                >
              </li>`,
          )}
        </ul>
      </nav>
      <div
        class="content"
        @lc-edit=${this.#edited}
        @lc-type=${this.#typed}
        @lc-app=${this.#replaced}
        @lc-failed=${this.#failed}
      >
        ${this.#notices(form)} ${this.#section(form)} ${this.#bar(changed, faulty)}
      </div>
    </div>`;
  }

  #section(form: Form): TemplateResult {
    const { words, api, bounds } = this;
    switch (this.tab) {
      case "general":
        return html`<lc-general .api=${api} .form=${form} .bounds=${bounds}></lc-general>
          <lc-delete-app .api=${api} .form=${form} .bounds=${bounds} @lc-deleted=${this.#discard}></lc-delete-app>`;
      case "switches":
        return html`<lc-switches .api=${api} .form=${form} .bounds=${bounds}></lc-switches>`;
      case "devices":
        return html`<lc-devices .api=${api} .form=${form} .bounds=${bounds}></lc-devices>`;
      case "limits":
      case "timing":
        return html`<lc-numbers
          .api=${api}
          .form=${form}
          .bounds=${bounds}
          .heading=${words.app.tabs[this.tab]}
          .lead=${words[this.tab].lead}
          .fields=${this.tab === "limits" ? LIMIT_FIELDS : TIMING_FIELDS}
        ></lc-numbers>`;
      case "keys":
        return html`<lc-keys .api=${api} .form=${form} .bounds=${bounds}></lc-keys>`;
      case "jwt":
        return html`<lc-jwt .api=${api} .form=${form} .bounds=${bounds}></lc-jwt>`;
      case "admins":
        return html`<lc-admins .api=${api} .form=${form} .bounds=${bounds}></lc-admins>`;
      case "webhooks":
        return html`<lc-webhooks .api=${api} .form=${form} .bounds=${bounds}></lc-webhooks>
          <lc-webhook-list .api=${api} .app=${this.app} .tag=${form.base.tag}></lc-webhook-list>
          <lc-dead-letters .api=${api} .app=${this.app}></lc-dead-letters>`;
    }
  }

  #notices(form: Form): TemplateResult {
    const { words, merged } = this;
    const name = (path: string): string => words.fields[path]?.name ?? path;
    const both = (path: string): TemplateResult => {
      const theirs = valueAt(form.base.value.settings, path);
      const value = theirs === undefined ? nothing : html`; ${words.app.fieldValue(String(theirs))}`;
      return html`<li>${name(path)}: ${words.app.conflictBoth}${value}</li>`;
    };
    return html`${
      this.api.may("admin") ? nothing : html`<lc-notice>${words.readOnly(words.roles.admin.name)}</lc-notice>`
    }
    ${
      merged === undefined
        ? nothing
        : html`<lc-notice kind="warn" .heading=${words.app.conflictTitle}>
            ${words.app.conflictText}
            <ul class="merged">
              ${merged.conflicts.map(both)}
              ${merged.theirs.map((path) => html`<li>${name(path)}: ${words.app.conflictTakenOver}</li>`)}
              ${
                merged.conflicts.length + merged.theirs.length === 0
                  ? html`<li>${words.app.conflictOther}</li>`
                  : nothing
              }
            </ul>
            ${words.app.conflictHint}
          </lc-notice>`
    }
    ${
      this.error === undefined
        ? nothing
        : html`<lc-notice kind="bad" .heading=${words.errors.title}>${errorText(this.error, words)}</lc-notice>`
    }
    ${this.saved ? html`<lc-notice kind="good">${words.app.saved}</lc-notice>` : nothing}`;
  }

  #bar(changed: string[], faulty: string[]): TemplateResult | typeof nothing {
    const { words } = this;
    if (changed.length === 0) return nothing;
    return html`<div class="bar" role="region" aria-label=${words.app.save}>
      <p>
        ${words.app.unsaved(changed.length)}
        ${faulty.length === 0 ? nothing : html`<span class="problem"> · ${words.app.invalid(faulty.length)}</span>`}
      </p>
      <div class="row">
        <button ?disabled=${this.saving} @click=${this.#discard}>${words.app.discard}</button>
        <button class="primary" ?disabled=${this.saving || faulty.length > 0} @click=${this.#save}>
          ${this.saving ? words.app.saving : words.app.save}
        </button>
      </div>
    </div>`;
  }

  #change(change: (form: Form) => Form): void {
    if (this.loaded.state !== "ready") return;
    this.loaded = { state: "ready", value: change(this.loaded.value) };
    this.saved = false;
    this.error = undefined;
  }

  readonly #edited = (event: CustomEvent<Edit>): void => {
    const { path, value } = event.detail;
    this.#change((form) => edit(form, path, value));
  };

  readonly #typed = (event: CustomEvent<Typing>): void => {
    const { field, text } = event.detail;
    this.#change((form) => type(form, field, text));
  };

  /** Handles a change of a key or an admin that was saved. The form continues with the new state of the app. */
  readonly #replaced = (event: CustomEvent<Tagged<App>>): void => {
    this.#change((form) => rebase(form, event.detail).form);
  };

  readonly #failed = (event: CustomEvent<unknown>): void => {
    if (isStale(event.detail)) void this.#readAgain();
  };

  readonly #discard = (): void => {
    this.#change((form) => formOf(form.base));
    this.merged = undefined;
  };

  readonly #save = async (): Promise<void> => {
    if (this.loaded.state !== "ready") return;
    const form = this.loaded.value;
    this.saving = true;
    this.error = undefined;
    try {
      const app = await this.api.saveSettings(this.app, given(form), form.base.tag);
      this.loaded = { state: "ready", value: formOf(app) };
      this.saved = true;
      this.merged = undefined;
    } catch (error) {
      if (isStale(error)) await this.#readAgain();
      else this.error = error;
    } finally {
      this.saving = false;
    }
  };

  /**
   * Handles the refusal of a save after another operator has saved. Reads the app again, and applies the changes of
   * this form to it.
   */
  async #readAgain(): Promise<void> {
    if (this.loaded.state !== "ready") return;
    try {
      const { form, merged } = rebase(this.loaded.value, await this.api.app(this.app));
      this.loaded = { state: "ready", value: form };
      this.merged = merged;
    } catch (error) {
      this.error = error;
    }
  }

  readonly #load = async (): Promise<void> => {
    const { app } = this;
    try {
      const [tagged, bounds] = await Promise.all([this.api.app(app), this.api.bounds()]);
      if (app !== this.app) return;
      this.bounds = bounds;
      this.loaded = { state: "ready", value: formOf(tagged) };
    } catch (error) {
      this.loaded = { state: "failed", error };
    }
  };

  readonly #unload = (event: BeforeUnloadEvent): void => {
    if (this.hasChanges) event.preventDefault();
  };
}

function isStale(error: unknown): boolean {
  return error instanceof ApiError && error.status === 412;
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-app": AppPage;
  }
}
