/** The status type of a user, as a dot and a word. The word is for people who cannot tell the colours apart. */

import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { StatusType } from "../api/shapes.js";
import { base } from "./styles.js";
import { View } from "./view.js";

@customElement("lc-status")
export class Status extends View {
  @property({ reflect: true }) type: StatusType = "UNKNOWN";

  static override styles = [
    base,
    css`
      :host {
        display: inline-flex;
        align-items: center;
        gap: 0.5rem;
        white-space: nowrap;
      }
      i {
        width: 0.65rem;
        height: 0.65rem;
        border-radius: 50%;
        border: 2px solid var(--line-strong);
      }
      :host([type="ONLINE"]) i {
        border-color: var(--good-dot);
        background: var(--good-dot);
      }
      :host([type="OFFLINE"]) i {
        background: var(--line-strong);
      }
      @media (forced-colors: active) {
        i,
        :host([type]) i {
          forced-color-adjust: none;
          border-color: CanvasText;
          background: Canvas;
        }
        :host([type="ONLINE"]) i {
          border-color: Highlight;
          background: Highlight;
        }
        :host([type="OFFLINE"]) i {
          background: GrayText;
        }
      }
    `,
  ];

  override render(): unknown {
    return html`<i aria-hidden="true"></i>${this.words.statuses[this.type]}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-status": Status;
  }
}
