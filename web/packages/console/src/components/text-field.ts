/**
 * A text field with its name, its explanation, and an error if the text is invalid. Dispatches `lc-edit` after an
 * edit.
 */

import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base, fields } from "./styles.js";
import { View } from "./view.js";

@customElement("lc-text-field")
export class TextField extends View {
  /** The path of the setting, such as `webhooks.push_url`. */
  @property() path = "";
  @property() value = "";
  /** The kind of text: one line, a web address, or several lines. */
  @property() kind: "text" | "url" | "lines" = "text";
  /** The reason why the text cannot be saved; undefined if it can. */
  @property({ attribute: false }) problem: string | undefined = undefined;
  @property({ type: Boolean }) disabled = false;

  static override shadowRootOptions = { ...View.shadowRootOptions, delegatesFocus: true };

  static override styles = [
    base,
    fields,
    css`
      .field {
        display: grid;
        gap: 0.3rem;
        max-width: 44rem;
      }
      textarea {
        min-height: 8rem;
        font-family: var(--font-mono, monospace);
      }
    `,
  ];

  override render(): unknown {
    const { name, text } = this.words.fields[this.path] ?? { name: this.path, text: "" };
    return html`<div class="field">
      <label for="input">${name}</label>
      ${
        this.kind === "lines"
          ? html`<textarea
              id="input"
              .value=${this.value}
              autocomplete="off"
              spellcheck="false"
              ?disabled=${this.disabled}
              aria-describedby="below"
              @change=${this.#edited}
            ></textarea>`
          : html`<input
              id="input"
              type=${this.kind}
              .value=${this.value}
              placeholder=${this.kind === "url" ? "https://" : ""}
              autocomplete="off"
              spellcheck="false"
              ?disabled=${this.disabled}
              aria-invalid=${this.problem !== undefined}
              aria-describedby="below"
              @input=${this.#edited}
            />`
      }
      <p id="below" class=${this.problem === undefined ? "hint" : "problem"}>${this.problem ?? text}</p>
    </div>`;
  }

  readonly #edited = (event: Event): void => {
    const { value } = event.target as HTMLInputElement | HTMLTextAreaElement;
    this.tell("lc-edit", { path: this.path, value: value.trim() });
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-text-field": TextField;
  }
}
