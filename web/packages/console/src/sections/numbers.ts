/** A section of number fields: the limits, or the timing. */

import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base, cards } from "../components/styles.js";
import type { NumberField } from "../settings/fields.js";
import { Section, sectionStyles } from "./section.js";

@customElement("lc-numbers")
export class NumbersSection extends Section {
  @property() heading = "";
  @property() lead = "";
  @property({ attribute: false }) fields: readonly NumberField[] = [];

  static override styles = [
    base,
    cards,
    sectionStyles,
    css`
      .body {
        padding-block: 0.4rem 0.5rem;
      }
    `,
  ];

  override render(): unknown {
    return html`<section class="card">
      <header>
        <h2>${this.heading}</h2>
        <p>${this.lead}</p>
      </header>
      <div class="body lines">${this.numbers(this.fields)}</div>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-numbers": NumbersSection;
  }
}
