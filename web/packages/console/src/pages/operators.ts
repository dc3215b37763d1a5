/** The page of the operators: the accounts of the console, with their roles. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { Api } from "../api/client.js";
import { ROLES, type Operator, type Role } from "../api/shapes.js";
import "../components/confirm.js";
import type { Question } from "../components/confirm.js";
import "../components/dialog.js";
import { icons } from "../components/icons.js";
import "../components/notice.js";
import { whenLoaded } from "../components/placeholder.js";
import "../components/secret.js";
import { base, buttons, cards, fields, tables } from "../components/styles.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { moment } from "../text/format.js";
import { errorText } from "../words/errors.js";
import { head, pageStyles } from "./page.js";

const NAME = /^[a-z0-9._-]{1,32}$/;
/** The name of the operator who always exists. */
const BUILT_IN = "admin";

@customElement("lc-operators")
export class OperatorsPage extends View {
  @property({ attribute: false }) api!: Api;
  /** The name of the operator who is logged in. */
  @property() me = "";

  @state() private loaded: Loaded<Operator[]> = LOADING;
  @state() private adding = false;
  @state() private busy = false;
  @state() private question: Question | undefined = undefined;
  /** The password that was generated last, with its operator. It is shown only once. */
  @state() private made: { name: string; password: string } | undefined = undefined;
  @state() private said = "";
  @state() private error: unknown = undefined;
  @state() private problem: unknown = undefined;

  static override styles = [
    base,
    buttons,
    cards,
    fields,
    tables,
    pageStyles,
    css`
      .page {
        grid-template-columns: minmax(0, 1fr);
      }
      td:first-child {
        min-width: 8rem;
        font-weight: 570;
        overflow-wrap: anywhere;
      }
      td select {
        width: auto;
        min-width: 9rem;
      }
      form {
        display: grid;
        gap: 0.9rem;
      }
      form > div {
        display: grid;
        gap: 0.3rem;
      }
      dl {
        display: grid;
        gap: 0.5rem;
        padding: 1rem 1.35rem 1.25rem;
        border-top: 1px solid var(--line);
        font-size: 0.9rem;
      }
      dt {
        font-weight: 570;
      }
      dd {
        color: var(--text-quiet);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.api.may("admin")) void this.#load();
  }

  override render(): unknown {
    const { words } = this;
    const { operators, errors } = words;
    if (!this.api.may("admin")) {
      return html`<div class="page">
        ${head(operators.title, operators.lead)}
        <lc-notice>${errors.roleTooLow(words.roles.admin.name)}</lc-notice>
        <section class="card">${this.#roles()}</section>
      </div>`;
    }
    const actions = html`<button class="primary" @click=${this.#start}>${icons.plus}${operators.add}</button>`;
    return html`<div class="page">
        ${head(operators.title, operators.lead, { actions })}
        ${
          this.error === undefined
            ? nothing
            : html`<lc-notice kind="bad" .heading=${errors.title}>${errorText(this.error, words)}</lc-notice>`
        }
        ${this.said === "" ? nothing : html`<lc-notice kind="good">${this.said}</lc-notice>`}
        ${this.made === undefined ? nothing : this.#password(this.made)}
        <section class="card">
          ${whenLoaded(this.loaded, this.#load, (all) => this.#table(all))} ${this.#roles()}
        </section>
      </div>
      ${this.#dialog()}
      <lc-confirm .question=${this.question} @lc-close=${this.#unasked}></lc-confirm>`;
  }

  #roles(): TemplateResult {
    const { roles } = this.words;
    return html`<dl>
      ${ROLES.map(
        (role) =>
          html`<div>
            <dt>${roles[role].name}</dt>
            <dd>${roles[role].text}</dd>
          </div>`,
      )}
    </dl>`;
  }

  #password({ name, password }: { name: string; password: string }): TemplateResult {
    const { operators } = this.words;
    return html`<lc-notice kind="good" .heading=${operators.passwordOf(name)}>
      ${operators.passwordText}
      <lc-secret .text=${password} .label=${operators.passwordOf(name)}></lc-secret>
    </lc-notice>`;
  }

  #table(all: Operator[]): TemplateResult {
    const { operators } = this.words;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${operators.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">${operators.name}</th>
            <th scope="col">${operators.role}</th>
            <th scope="col">${operators.added}</th>
            <th scope="col"><span class="unseen">${operators.actions}</span></th>
          </tr>
        </thead>
        <tbody>
          ${all.map((operator) => this.#row(operator))}
        </tbody>
      </table>
    </div>`;
  }

  #row({ name, role, created }: Operator): TemplateResult {
    const { operators, roles, locale } = this.words;
    const select = html`<select
      aria-label=${operators.roleOf(name)}
      ?disabled=${this.busy}
      @change=${(event: Event): void => {
        void this.#setRole(name, (event.target as HTMLSelectElement).value as Role);
      }}
    >
      ${ROLES.map((known) => html`<option value=${known} .selected=${live(known === role)}>${roles[known].name}</option>`)}
    </select>`;
    return html`<tr>
      <td>${name} ${name === this.me ? html`<span class="pill accent">${operators.you}</span>` : nothing}</td>
      <td>${name === BUILT_IN ? roles[role].name : select}</td>
      <td>${created === null ? html`<span class="quiet">${operators.always}</span>` : moment(created, locale)}</td>
      <td class="end">
        <button
          class="small"
          aria-label="${operators.newPassword}: ${name}"
          @click=${(): void => {
            this.#newPassword(name);
          }}
        >
          ${operators.newPassword}
        </button>
        <button
          class="small danger"
          ?disabled=${name === BUILT_IN}
          aria-label="${operators.remove}: ${name}"
          @click=${(): void => {
            this.#remove(name);
          }}
        >
          ${operators.remove}
        </button>
      </td>
    </tr>`;
  }

  #dialog(): TemplateResult {
    const { words } = this;
    const { operators, roles, errors } = words;
    return html`<lc-dialog .open=${this.adding} .heading=${operators.addTitle} @lc-close=${this.#close}>
      <p class="quiet">${operators.addHint}</p>
      ${
        this.problem === undefined
          ? nothing
          : html`<lc-notice kind="bad" .heading=${errors.title}>${errorText(this.problem, words)}</lc-notice>`
      }
      <form id="new" @submit=${this.#add}>
        <div>
          <label for="name">${operators.name}</label>
          <input
            id="name"
            name="name"
            required
            maxlength="32"
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            aria-describedby="name-hint"
          />
          <p id="name-hint" class="hint">${operators.nameHint}</p>
        </div>
        <div>
          <label for="role">${operators.role}</label>
          <select id="role" name="role">
            ${ROLES.map((role) => html`<option value=${role}>${roles[role].name}</option>`)}
          </select>
        </div>
      </form>
      <button slot="actions" @click=${this.#close}>${words.cancel}</button>
      <button slot="actions" class="primary" form="new" ?disabled=${this.busy}>${operators.add}</button>
    </lc-dialog>`;
  }

  readonly #start = (): void => {
    this.adding = true;
    this.problem = undefined;
  };

  readonly #close = (): void => {
    this.adding = false;
  };

  readonly #unasked = (): void => {
    this.question = undefined;
  };

  readonly #load = async (): Promise<void> => {
    try {
      this.loaded = { state: "ready", value: await this.api.operators() };
    } catch (error) {
      this.loaded = { state: "failed", error };
    }
  };

  #forget(): void {
    this.error = undefined;
    this.made = undefined;
    this.said = "";
  }

  readonly #add = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const data = new FormData(form);
    const given = data.get("name");
    const [name, role] = [typeof given === "string" ? given.trim() : "", data.get("role") as Role];
    if (!NAME.test(name)) {
      this.problem = new Error(this.words.operators.nameHint);
      return;
    }
    this.busy = true;
    try {
      const password = await this.api.addOperator(name, role);
      this.#forget();
      this.made = { name, password };
      this.adding = false;
      form.reset();
      await this.#load();
    } catch (error) {
      this.problem = error;
    } finally {
      this.busy = false;
    }
  };

  async #setRole(name: string, role: Role): Promise<void> {
    const { operators, roles } = this.words;
    this.busy = true;
    this.#forget();
    try {
      await this.api.setRole(name, role);
      this.said = operators.roleSet(name, roles[role].name);
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
      await this.#load();
    }
  }

  #newPassword(name: string): void {
    const { operators } = this.words;
    this.question = {
      heading: operators.newPasswordTitle(name),
      text: operators.newPasswordText,
      action: operators.newPassword,
      act: async () => {
        const password = await this.api.newPassword(name);
        this.#forget();
        this.made = { name, password };
      },
    };
  }

  #remove(name: string): void {
    const { operators } = this.words;
    this.question = {
      heading: operators.removeTitle(name),
      text: operators.removeText,
      action: operators.remove,
      act: async () => {
        await this.api.removeOperator(name);
        this.#forget();
        await this.#load();
      },
    };
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-operators": OperatorsPage;
  }
}
