/** The dialog in which operators change their own password. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { ApiError, type Api } from "../api/client.js";
import type { Session } from "../api/shapes.js";
import { passwordProblem } from "../text/password.js";
import { count } from "../text/format.js";
import { errorText } from "../words/errors.js";
import type { Words } from "../words/words.js";
import "./dialog.js";
import "./notice.js";
import { base, buttons, fields } from "./styles.js";
import { View } from "./view.js";

@customElement("lc-password")
export class PasswordDialog extends View {
  @property({ attribute: false }) api!: Api;
  /** The operator whose password is changed. */
  @property() operator = "";
  @property({ type: Boolean }) open = false;

  @state() private busy = false;
  @state() private problem = "";
  @query("form") private readonly form!: HTMLFormElement;

  static override styles = [
    base,
    buttons,
    fields,
    css`
      :host {
        display: contents;
      }
      form,
      form > div {
        display: grid;
        gap: 0.3rem;
      }
      form {
        gap: 0.9rem;
      }
    `,
  ];

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("open")) this.problem = "";
  }

  override render(): unknown {
    const { words } = this;
    const { password } = words;
    return html`<lc-dialog .heading=${password.title} .open=${this.open} @lc-close=${this.#close}>
      ${this.open ? this.#content() : nothing}
    </lc-dialog>`;
  }

  #content(): TemplateResult {
    const { words } = this;
    const { password } = words;
    return html`<p class="quiet">${password.text}</p>
      ${
        this.problem === ""
          ? nothing
          : html`<lc-notice kind="bad" .heading=${words.errors.title}>${this.problem}</lc-notice>`
      }
      <form id="change" @submit=${this.#submit}>
        <input type="text" name="username" autocomplete="username" .value=${this.operator} hidden />
        ${this.#field("old", password.old, "current-password")}
        ${this.#field("next", password.next, "new-password", password.nextHint)}
        ${this.#field("again", password.again, "new-password")}
      </form>
      <button slot="actions" @click=${this.#close}>${words.cancel}</button>
      <button slot="actions" class="primary" form="change" ?disabled=${this.busy}>${password.submit}</button>`;
  }

  #field(name: string, label: string, autocomplete: string, hint?: string): TemplateResult {
    return html`<div>
      <label for=${name}>${label}</label>
      <input
        id=${name}
        name=${name}
        type="password"
        autocomplete=${autocomplete}
        required
        aria-describedby=${hint === undefined ? nothing : `${name}-hint`}
      />
      ${hint === undefined ? nothing : html`<p id="${name}-hint" class="hint">${hint}</p>`}
    </div>`;
  }

  readonly #close = (): void => {
    this.open = false;
    this.tell("lc-password-closed", undefined);
  };

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (this.busy) return;
    const data = new FormData(this.form);
    const [old = "", next = "", again = ""] = ["old", "next", "again"].map((name) => {
      const value = data.get(name);
      return typeof value === "string" ? value : "";
    });
    const { password, locale } = this.words;
    const problem = passwordProblem(next, again);
    if (problem !== undefined) {
      this.problem = problem.kind === "bounds" ? password.bounds(count(problem.bytes, locale)) : password.differ;
      return;
    }
    this.busy = true;
    this.problem = "";
    try {
      const session = await this.api.changePassword(old, next);
      this.open = false;
      this.tell<Session>("lc-password-changed", session);
    } catch (error) {
      this.problem = problemText(error, this.words);
    } finally {
      this.busy = false;
    }
  };
}

/** Returns the text of an error. Two refusals have their own texts in this dialog. */
function problemText(error: unknown, words: Words): string {
  if (error instanceof ApiError) {
    if (error.reason === "old_password") return words.password.wrongOld;
    if (error.status === 409) return words.password.changedMeanwhile;
  }
  return errorText(error, words);
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-password": PasswordDialog;
  }
}
