/** A secret text with a copy button. */

import { css, html } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { icons } from "./icons.js";
import { base, buttons } from "./styles.js";
import { View } from "./view.js";

@customElement("lc-secret")
export class SecretText extends View {
  @property() text = "";
  @property() label = "";

  @state() private copied = false;

  static override styles = [
    base,
    buttons,
    css`
      .secret {
        display: flex;
        align-items: center;
        gap: 0.75rem;
        padding: 0.5rem 0.5rem 0.5rem 0.9rem;
        border: 1px solid var(--line);
        border-radius: var(--radius-small);
        background: var(--surface-sunk);
      }
      code {
        flex: 1;
        overflow-wrap: anywhere;
        user-select: all;
      }
    `,
  ];

  override render(): unknown {
    return html`<div class="secret" role="group" aria-label=${this.label}>
      <code>${this.text}</code>
      <button class="small" @click=${this.#copy}>
        ${this.copied ? icons.check : icons.copy}
        <span role="status">${this.copied ? this.words.copied : this.words.copy}</span>
      </button>
    </div>`;
  }

  readonly #copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(this.text);
      this.copied = true;
    } catch {
      // Without HTTPS, a page cannot copy a text, so the text is only selected.
      const code = this.renderRoot.querySelector("code");
      if (code !== null) getSelection()?.selectAllChildren(code);
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-secret": SecretText;
  }
}
