/** The section with the settings of the webhooks. */

import { css, html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { base, cards } from "../components/styles.js";
import "../components/text-field.js";
import "../components/write-only.js";
import { isWebAddress } from "../settings/form.js";
import { Section, sectionStyles } from "./section.js";

@customElement("lc-webhooks")
export class WebhooksSection extends Section {
  static override styles = [
    base,
    cards,
    sectionStyles,
    css`
      .body {
        display: grid;
        gap: 1.4rem;
      }
    `,
  ];

  override render(): unknown {
    const { app, webhooks } = this.words;
    const { token, token_set } = this.form.draft.webhooks;
    return html`<section class="card">
      <header>
        <h2>${app.tabs.webhooks}</h2>
        <p>${webhooks.lead}</p>
      </header>
      <div class="body">
        ${this.#url("state_change_url")} ${this.#url("push_url")}
        <lc-write-only
          path="webhooks.token"
          .value=${token}
          .stored=${token_set}
          .texts=${webhooks.token}
        ></lc-write-only>
      </div>
    </section>`;
  }

  #url(name: "state_change_url" | "push_url"): TemplateResult {
    const value = this.form.draft.webhooks[name];
    return html`<lc-text-field
      path="webhooks.${name}"
      kind="url"
      .value=${value}
      .problem=${isWebAddress(value) ? undefined : this.words.webhooks.urlBad}
    ></lc-text-field>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-webhooks": WebhooksSection;
  }
}
