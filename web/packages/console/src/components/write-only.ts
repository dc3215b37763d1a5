/**
 * The control of a setting that the server does not return, such as a secret or a token. It shows whether the server
 * has a value, and can set, replace or remove it. The section passes the draft. The control dispatches `lc-edit` after
 * an edit.
 */

import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Words } from "../words/words.js";
import { base, buttons, fields } from "./styles.js";
import { View } from "./view.js";

/** The texts for one setting. */
export type WriteOnlyWords = Words["jwt"]["secret"];

@customElement("lc-write-only")
export class WriteOnlyField extends View {
  /** The path of the setting, such as `jwt.secret`. */
  @property() path = "";
  /** The draft. `undefined` keeps the value that the server has, and an empty text removes it. */
  @property({ attribute: false }) value: string | undefined = undefined;
  /** Whether the server has a value. */
  @property({ type: Boolean }) stored = false;
  @property({ type: Number }) longest = 200;
  @property({ attribute: false }) texts!: WriteOnlyWords;
  /** The reason why the draft cannot be saved; undefined if it can. */
  @property({ attribute: false }) problem: string | undefined = undefined;
  @property({ type: Boolean }) disabled = false;

  @state() private typing = false;

  static override shadowRootOptions = { ...View.shadowRootOptions, delegatesFocus: true };

  static override styles = [
    base,
    buttons,
    fields,
    css`
      .field {
        display: grid;
        gap: 0.3rem;
        max-width: 44rem;
      }
      .control {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.6rem;
      }
      input {
        flex: 1 1 16rem;
        width: auto;
      }
    `,
  ];

  override willUpdate(changed: PropertyValues<this>): void {
    // The draft was saved or discarded, so the input is closed.
    if (changed.has("value") && this.value === undefined && !this.#cleared) this.typing = false;
    if (this.value !== undefined) this.#cleared = false;
  }

  override render(): unknown {
    const { name, text } = this.words.fields[this.path] ?? { name: this.path, text: "" };
    return html`<div class="field" role="group" aria-labelledby="name" aria-describedby="below">
      <label id="name" for="input">${name}</label>
      <div class="control">${this.typing ? this.#input() : this.#state()}</div>
      <p id="below" class=${this.problem === undefined ? "hint" : "problem"}>${this.problem ?? text}</p>
    </div>`;
  }

  #input(): unknown {
    return html`<input
        id="input"
        .value=${this.value ?? ""}
        maxlength=${this.longest}
        autocomplete="off"
        spellcheck="false"
        ?disabled=${this.disabled}
        aria-invalid=${this.problem !== undefined}
        aria-describedby="below"
        @input=${this.#typed}
      />${this.stored ? this.#keepButton() : nothing}`;
  }

  #state(): unknown {
    const { texts, stored, value, disabled } = this;
    const state = value === "" ? texts.willGo : stored || value !== undefined ? texts.set : texts.none;
    const removeButton = html`<button class="small danger" ?disabled=${disabled} @click=${this.#remove}>
      ${this.words.writeOnly.remove}
    </button>`;
    return html`<span class="pill ${value === undefined && stored ? "good" : ""}">${state}</span>
      <button class="small" ?disabled=${disabled} @click=${this.#type}>${stored ? texts.replace : texts.new}</button>
      ${value === "" ? this.#keepButton() : stored && value === undefined ? removeButton : nothing}`;
  }

  #keepButton(): unknown {
    return html`<button class="small quiet" ?disabled=${this.disabled} @click=${this.#keep}>
      ${this.words.writeOnly.keep}
    </button>`;
  }

  /** Whether the operator has emptied the input. The input then stays open. */
  #cleared = false;

  readonly #type = async (): Promise<void> => {
    this.typing = true;
    await this.updateComplete;
    this.renderRoot.querySelector("input")?.focus();
  };

  readonly #typed = (event: InputEvent): void => {
    const { value } = event.target as HTMLInputElement;
    this.#cleared = value === "";
    this.#edit(value === "" ? undefined : value);
  };

  readonly #remove = (): void => {
    this.#edit("");
  };

  readonly #keep = (): void => {
    this.typing = false;
    this.#cleared = false;
    this.#edit(undefined);
  };

  #edit(value: string | undefined): void {
    this.tell("lc-edit", { path: this.path, value });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-write-only": WriteOnlyField;
  }
}
