/**
 * A modal dialog. The `dialog` element of the browser keeps the focus inside, and closes on Escape. Dispatches
 * `lc-close` when the operator has closed it. The owner must then set `open` to false.
 */

import { css, html } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { base, buttons } from "./styles.js";
import { View } from "./view.js";

@customElement("lc-dialog")
export class Dialog extends View {
  @property() heading = "";
  @property({ type: Boolean }) open = false;

  @query("dialog") private readonly window!: HTMLDialogElement;

  static override styles = [
    base,
    buttons,
    css`
      dialog {
        width: min(32rem, calc(100vw - 2rem));
        max-height: calc(100vh - 2rem);
        padding: 0;
        border: 0;
        border-radius: 14px;
        background: var(--surface);
        color: var(--text);
        box-shadow: var(--shadow-raised);
      }
      dialog::backdrop {
        background: rgb(10 14 20 / 45%);
      }
      .inner {
        display: grid;
        gap: 0.9rem;
        padding: 1.5rem;
      }
      footer {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: 0.6rem;
        margin-top: 0.5rem;
      }
    `,
  ];

  override updated(changed: Map<PropertyKey, unknown>): void {
    // After Escape, `open` is true until the close event. A render before that event must not show the dialog again.
    if (!changed.has("open")) return;
    if (this.open && !this.window.open) this.window.showModal();
    if (!this.open && this.window.open) this.window.close();
  }

  override render(): unknown {
    return html`<dialog aria-labelledby="heading" @close=${this.#closed}>
      <div class="inner">
        <h2 id="heading">${this.heading}</h2>
        <slot></slot>
        <footer><slot name="actions"></slot></footer>
      </div>
    </dialog>`;
  }

  // The browser delivers the event late. The dialog may be shown again by then.
  readonly #closed = (): void => {
    if (this.open && !this.window.open) this.tell("lc-close", undefined);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-dialog": Dialog;
  }
}
