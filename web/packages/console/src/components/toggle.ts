/** A switch with its name beside it. */

import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base } from "./styles.js";
import { View } from "./view.js";

@customElement("lc-toggle")
export class Toggle extends View {
  @property({ type: Boolean, reflect: true }) checked = false;
  @property({ type: Boolean }) disabled = false;
  /** The name that screen readers announce. */
  @property() label = "";

  static override shadowRootOptions = { ...View.shadowRootOptions, delegatesFocus: true };

  static override styles = [
    base,
    css`
      :host {
        display: inline-block;
      }
      button {
        display: inline-flex;
        align-items: center;
        gap: 0.6rem;
        min-height: 2rem;
        padding: 0.2rem;
        border: 0;
        border-radius: 99px;
        background: none;
        color: var(--text-quiet);
        font: inherit;
        font-weight: 570;
        font-size: 0.9rem;
        cursor: pointer;
      }
      .track {
        width: 2.65rem;
        height: 1.55rem;
        padding: 3px;
        border-radius: 99px;
        background: var(--line-strong);
        transition: background-color 0.15s;
      }
      .knob {
        display: block;
        width: calc(1.55rem - 6px);
        height: calc(1.55rem - 6px);
        border-radius: 50%;
        background: #ffffff;
        box-shadow: 0 1px 3px rgb(0 0 0 / 25%);
        transition: transform 0.15s;
      }
      :host([checked]) .track {
        background: var(--good-dot);
      }
      :host([checked]) .knob {
        transform: translateX(1.1rem);
      }
      /* A system with forced colours removes backgrounds, so the track gets a border, and the knob a system colour. */
      @media (forced-colors: active) {
        .track {
          padding: 2px;
          border: 1px solid ButtonText;
          background: ButtonFace;
        }
        .knob {
          forced-color-adjust: none;
          background: ButtonText;
          box-shadow: none;
        }
        :host([checked]) .track {
          forced-color-adjust: none;
          border-color: Highlight;
          background: Highlight;
        }
        :host([checked]) .knob {
          background: HighlightText;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .track,
        .knob {
          transition: none;
        }
      }
    `,
  ];

  override render(): unknown {
    return html`<button
      role="switch"
      aria-checked=${this.checked}
      aria-label=${this.label}
      ?disabled=${this.disabled}
      @click=${this.#turn}
    >
      <span aria-hidden="true">${this.checked ? this.words.on : this.words.off}</span>
      <span class="track" aria-hidden="true"><span class="knob"></span></span>
    </button>`;
  }

  readonly #turn = (): void => {
    this.checked = !this.checked;
    this.tell("lc-turn", this.checked);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-toggle": Toggle;
  }
}
