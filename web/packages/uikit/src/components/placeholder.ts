/** The content that a list shows while it has no rows. */

import { html, nothing, type TemplateResult } from "lit";
import type { Words } from "../words/words.js";

export interface Placeholder {
  readonly icon: TemplateResult;
  readonly title: string;
  readonly text: string;
  readonly action?: { readonly text: string; readonly act: () => void };
}

export function placeholder({ icon, title, text, action }: Placeholder): TemplateResult {
  return html`<div class="placeholder" part="placeholder" role=${action === undefined ? nothing : "alert"}>
    ${icon}<strong>${title}</strong><span>${text}</span>
    ${
      action === undefined
        ? nothing
        : html`<button class="button" type="button" @click=${action.act}>${action.text}</button>`
    }
  </div>`;
}

/** Renders placeholders for rows that are loading. */
export function skeleton(words: Words): TemplateResult {
  return html`<div role="status">
    <span class="hidden-text">${words.loading}</span>
    ${[1, 2, 3, 4, 5, 6].map(() => html`<div class="skeleton" aria-hidden="true"><i></i><i></i></div>`)}
  </div>`;
}
