/** A message about a failure or a success, which screen readers announce when it appears. */

import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { icons } from "./icons.js";
import { base } from "./styles.js";
import { View } from "./view.js";

@customElement("lc-notice")
export class Notice extends View {
  @property({ reflect: true }) kind: "bad" | "good" | "warn" | "info" = "info";
  @property() heading = "";

  static override styles = [
    base,
    css`
      .notice {
        display: flex;
        gap: 0.7rem;
        padding: 0.8rem 1rem;
        border-radius: var(--radius-small);
        background: var(--accent-soft);
        overflow-wrap: anywhere;
      }
      svg {
        margin-top: 0.15rem;
        color: var(--accent);
      }
      strong {
        display: block;
        font-weight: 620;
      }
      :host([kind="bad"]) .notice {
        background: var(--bad-soft);
      }
      :host([kind="bad"]) svg {
        color: var(--bad);
      }
      :host([kind="good"]) .notice {
        background: var(--good-soft);
      }
      :host([kind="good"]) svg {
        color: var(--good);
      }
      :host([kind="warn"]) .notice {
        background: var(--warn-soft);
      }
      :host([kind="warn"]) svg {
        color: var(--warn);
      }
    `,
  ];

  override render(): unknown {
    const icon = { bad: icons.alert, warn: icons.alert, good: icons.check, info: icons.info }[this.kind];
    return html`<div class="notice" role=${this.kind === "bad" ? "alert" : "status"}>
      ${icon}
      <div>${this.heading === "" ? nothing : html`<strong>${this.heading}</strong>`}<slot></slot></div>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-notice": Notice;
  }
}
