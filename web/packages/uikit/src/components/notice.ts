/**
 * The line that says why statuses may be outdated or missing: there is no connection, or the app does not allow
 * statuses.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { SWITCHED_OFF } from "../status/ledger.js";
import type { Words } from "../words/words.js";
import type { Trouble } from "./kit-controller.js";

/**
 * Renders the notice. The element of the notice exists even without a text. Screen readers announce a text only if it
 * appears in an existing element.
 */
export function notice(trouble: Trouble | undefined, words: Words): TemplateResult {
  return html`<div class="notice ${trouble?.is ?? ""}" part="notice" role="status">${content(trouble, words)}</div>`;
}

function content(trouble: Trouble | undefined, words: Words): TemplateResult | typeof nothing {
  switch (trouble?.is) {
    case undefined:
      return nothing;
    case "withheld":
      return html`<span>${trouble.code === SWITCHED_OFF ? words.switchedOff : words.notInEdition}</span>`;
    case "cut": {
      const { isConnecting, reconnect } = trouble;
      return html`<span><strong>${words.cut}</strong> ${words.cutHint}</span>${
          reconnect === undefined
            ? nothing
            : html`<button type="button" aria-disabled=${isConnecting} @click=${reconnect}>
                ${isConnecting ? words.connecting : words.retry}
              </button>`
        }`;
    }
  }
}

export const noticeStyles = css`
  .notice:empty {
    display: none;
  }
  .notice {
    flex: none;
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 0.75rem;
    padding: 0.5rem 1rem;
    border-block-end: 1px solid var(--_line);
    background: var(--_hover);
    font-size: 0.8125em;
  }
  .notice.cut {
    background: var(--_warning);
    color: var(--_on-warning);
  }
  .notice button {
    flex: none;
    padding: 0.25rem 0.625rem;
    border: 1px solid currentColor;
    border-radius: 0.5rem;
    background: none;
    color: inherit;
    font: inherit;
    font-weight: 600;
    cursor: pointer;
  }
  .notice button[aria-disabled="true"] {
    border-color: transparent;
    cursor: default;
  }
  .notice button:focus-visible {
    outline: 2px solid currentColor;
    outline-offset: 1px;
  }
`;
