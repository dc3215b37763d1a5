/**
 * A confirmation of an irreversible action. It runs the action, is disabled meanwhile, and shows an error if the action
 * fails. Dispatches `lc-close` when the question ends: after the action, or if the operator cancels it.
 *
 * The owner must then forget the question, because Lit assigns an object again in each render, even if it is the same.
 */

import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { errorText } from "../words/errors.js";
import "./dialog.js";
import "./notice.js";
import { base, buttons, fields } from "./styles.js";
import { View } from "./view.js";

/** The texts of a confirmation, and the action that it confirms. */
export interface Question {
  heading: string;
  text: string;
  action: string;
  /** The text that the operator must type before the action is enabled. */
  typed?: { label: string; text: string };
  act: () => Promise<void>;
}

@customElement("lc-confirm")
export class Confirm extends View {
  @property({ attribute: false }) question: Question | undefined = undefined;

  @state() private busy = false;
  @state() private typed = "";
  @state() private error: unknown = undefined;

  static override styles = [
    base,
    buttons,
    fields,
    css`
      :host {
        display: contents;
      }
      .typed {
        display: grid;
        gap: 0.3rem;
        margin-top: 0.9rem;
      }
    `,
  ];

  override render(): unknown {
    const { question, words } = this;
    return html`<lc-dialog
      .heading=${question?.heading ?? ""}
      .open=${question !== undefined}
      @lc-close=${this.#forget}
    >
      <p class="quiet">${question?.text ?? ""}</p>
      ${
        question?.typed === undefined
          ? nothing
          : html`<div class="typed">
              <label for="typed">${question.typed.label}</label>
              <input
                id="typed"
                .value=${this.typed}
                autocomplete="off"
                spellcheck="false"
                inputmode="numeric"
                @input=${this.#type}
              />
            </div>`
      }
      ${
        this.error === undefined
          ? nothing
          : html`<lc-notice kind="bad" .heading=${words.errors.title}>${errorText(this.error, words)}</lc-notice>`
      }
      <button slot="actions" ?disabled=${this.busy} @click=${this.#end}>${words.cancel}</button>
      <button
        slot="actions"
        class="danger"
        ?disabled=${this.busy || (question?.typed !== undefined && this.typed.trim() !== question.typed.text)}
        @click=${this.#act}
      >
        ${question?.action ?? ""}
      </button>
    </lc-dialog>`;
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("question")) this.typed = "";
  }

  readonly #type = (event: InputEvent): void => {
    this.typed = (event.target as HTMLInputElement).value;
  };

  // The event of the dialog bubbles on to the owner.
  readonly #forget = (): void => {
    this.error = undefined;
    this.question = undefined;
  };

  readonly #end = (): void => {
    this.#forget();
    this.tell("lc-close", undefined);
  };

  readonly #act = async (): Promise<void> => {
    const { question } = this;
    if (question === undefined) return;
    // Escape may close the dialog meanwhile, and another question may follow.
    const isStill = (): boolean => question === this.question;
    this.busy = true;
    this.error = undefined;
    try {
      await question.act();
      if (isStill()) this.#end();
    } catch (error) {
      if (isStill()) this.error = error;
    } finally {
      this.busy = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-confirm": Confirm;
  }
}
