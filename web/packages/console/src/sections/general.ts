/** The section with the name and the edition of the app. */

import { CODES } from "@lamplight/chat/codes";
import { css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import type { Edition } from "../api/shapes.js";
import { base, cards, fields } from "../components/styles.js";
import { bytes } from "../settings/form.js";
import { Section, sectionStyles } from "./section.js";

const EDITIONS: readonly Edition[] = ["flagship", "standard", "trial"];

@customElement("lc-general")
export class GeneralSection extends Section {
  static override styles = [
    base,
    cards,
    fields,
    sectionStyles,
    css`
      .body {
        display: grid;
        gap: 1.5rem;
      }
      .name {
        max-width: 30rem;
      }
      .name input {
        margin: 0.3rem 0 0.25rem;
      }
    `,
  ];

  override render(): unknown {
    const { words } = this;
    const { name, edition } = this.form.draft;
    const most = this.bounds["name"]?.[1] ?? Infinity;
    const tooLong = bytes(name) > most;
    const refusal = CODES.EDITION_NOT_SUPPORTED;
    return html`<section class="card">
      <header><h2>${words.app.tabs.general}</h2></header>
      <div class="body">
        <div class="name">
          <label for="name">${words.apps.name}</label>
          <input
            id="name"
            .value=${name}
            autocomplete="off"
            aria-invalid=${tooLong}
            aria-describedby="name-hint"
            @input=${this.#rename}
          />
          <p id="name-hint" class=${tooLong ? "problem" : "hint"}>
            ${tooLong ? words.app.nameLong(most) : words.app.nameHint}
          </p>
        </div>
        <fieldset>
          <legend>${words.apps.edition}</legend>
          <div class="choices">
            ${EDITIONS.map(
              (known) =>
                html`<label class="choice">
                  <input
                    type="radio"
                    name="edition"
                    value=${known}
                    .checked=${known === edition}
                    @change=${(): void => {
                      this.edit("edition", known);
                    }}
                  />
                  ${words.editions[known].name}
                  <span>${words.editions[known].text}</span>
                </label>`,
            )}
          </div>
        </fieldset>
        <p class="hint">
          ${words.editions.refusal} <code>${refusal.number}</code>${words.locale === "en" ? ": " : "："}${
            words.locale === "en" ? refusal.english : refusal.chinese
          }${nothing}
        </p>
      </div>
    </section>`;
  }

  readonly #rename = (event: InputEvent): void => {
    this.edit("name", (event.target as HTMLInputElement).value);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-general": GeneralSection;
  }
}
