/** Asks before something that cannot be taken back, and does it: busy while it runs, with what failed if it fails. */

import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { errorText } from "../words/errors.js";
import "./dialog.js";
import "./notice.js";
import { base, buttons } from "./styles.js";
import { View } from "./view.js";

/** What is asked. */
export interface Question {
  heading: string;
  text: string;
  action: string;
  act: () => Promise<void>;
}

@customElement("lc-confirm")
export class Confirm extends View {
  @property({ attribute: false }) question: Question | undefined = undefined;

  @state() private busy = false;
  @state() private error: unknown = undefined;

  static override styles = [
    base,
    buttons,
    css`
      :host {
        display: contents;
      }
    `,
  ];

  override render(): unknown {
    const { question, words } = this;
    return html`<lc-dialog
      .heading=${question?.heading ?? ""}
      .open=${question !== undefined}
      @lc-close=${this.#close}
    >
      <p class="quiet">${question?.text ?? ""}</p>
      ${
        this.error === undefined
          ? nothing
          : html`<lc-notice kind="bad" .heading=${words.errors.title}>${errorText(this.error, words)}</lc-notice>`
      }
      <button slot="actions" ?disabled=${this.busy} @click=${this.#close}>${words.cancel}</button>
      <button slot="actions" class="danger" ?disabled=${this.busy} @click=${this.#act}>
        ${question?.action ?? ""}
      </button>
    </lc-dialog>`;
  }

  readonly #close = (): void => {
    this.error = undefined;
    this.question = undefined;
  };

  readonly #act = async (): Promise<void> => {
    if (this.question === undefined) return;
    this.busy = true;
    this.error = undefined;
    try {
      await this.question.act();
      this.question = undefined;
    } catch (error) {
      this.error = error;
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
