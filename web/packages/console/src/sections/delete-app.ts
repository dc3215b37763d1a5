/** The section that deletes an app. This cannot be undone, so the operator has to type the SDKAppID. */

import { css, html } from "lit";
import { customElement, state } from "lit/decorators.js";
import "../components/confirm.js";
import type { Question } from "../components/confirm.js";
import { base, buttons, cards } from "../components/styles.js";
import { hrefOf } from "../router.js";
import { Section, sectionStyles } from "./section.js";

@customElement("lc-delete-app")
export class DeleteAppSection extends Section {
  @state() private question: Question | undefined = undefined;

  static override styles = [
    base,
    buttons,
    cards,
    sectionStyles,
    css`
      .body {
        display: grid;
        justify-items: start;
      }
    `,
  ];

  override render(): unknown {
    const { remove } = this.words.app;
    return html`<section class="card">
        <header>
          <h2>${remove.heading}</h2>
          <p>${remove.lead}</p>
        </header>
        <div class="body"><button class="danger" @click=${this.#ask}>${remove.action}</button></div>
      </section>
      <lc-confirm .question=${this.question} @lc-close=${this.#unasked}></lc-confirm>`;
  }

  readonly #unasked = (): void => {
    this.question = undefined;
  };

  readonly #ask = (): void => {
    const { remove } = this.words.app;
    const { id, settings } = this.form.base.value;
    this.question = {
      heading: remove.title(id, settings.name),
      text: remove.text,
      action: remove.action,
      typed: { label: remove.type(id), text: String(id) },
      act: async () => {
        await this.api.deleteApp(id, this.form.base.tag);
        // The unsaved changes in the form are discarded with the app.
        this.tell("lc-deleted", id);
        location.hash = hrefOf({ page: "apps" });
      },
    };
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-delete-app": DeleteAppSection;
  }
}
