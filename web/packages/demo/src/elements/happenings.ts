/** The list of the status changes of other users, the newest first, as they arrive. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import { repeat } from "lit/directives/repeat.js";
import { common } from "./styles.js";
import { moment } from "./time-text.js";
import type { Happening } from "../picture.js";
import type { Person } from "../session.js";
import type { Words } from "../words/words.js";

@customElement("lamplight-happenings")
export class LamplightHappenings extends LitElement {
  static override styles = [
    common,
    css`
      :host {
        display: block;
        padding: 0 1.25rem 1.25rem;
        font-size: 0.875rem;
      }
      h2 {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        position: sticky;
        inset-block-start: 0;
        padding-block: 0.625rem;
        background: var(--panel);
        font-size: 0.8125rem;
        color: var(--quiet);
        font-weight: 600;
      }
      h2 i {
        position: relative;
        margin: 0;
        background: var(--lamp);
      }
      /* A page may be open all day, so the animation must not need much processor time: it runs once for each change,
         and changes only properties that need no painting. */
      h2 i::after {
        content: "";
        position: absolute;
        inset: 0;
        border-radius: 50%;
        background: var(--lamp);
        animation: beat 1.5s ease-out both;
      }
      @keyframes beat {
        to {
          transform: scale(3);
          opacity: 0;
        }
      }
      li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        align-items: start;
        gap: 0.125rem 0.5rem;
        padding-block: 0.4375rem;
        animation: arrive 260ms ease-out;
      }
      @keyframes arrive {
        from {
          opacity: 0;
          transform: translateY(-0.375rem);
        }
      }
      i {
        inline-size: 0.5rem;
        block-size: 0.5rem;
        margin-block-start: 0.4rem;
        border-radius: 50%;
        background: var(--away);
      }
      i.online {
        background: var(--good);
      }
      i.text {
        border-radius: 0.125rem;
        background: var(--lamp);
      }
      @media (forced-colors: active) {
        i,
        h2::before {
          forced-color-adjust: none;
          border: 1px solid CanvasText;
          background: Canvas;
        }
        i.online {
          background: Highlight;
          border-color: Highlight;
        }
        i.text,
        h2::before {
          background: CanvasText;
        }
      }
      time {
        color: var(--quiet);
        font-size: 0.75rem;
        font-variant-numeric: tabular-nums;
        line-height: 1.7;
      }
      li span {
        overflow-wrap: anywhere;
        unicode-bidi: plaintext;
      }
      small {
        font-size: 0.8125rem;
        color: var(--quiet);
      }
    `,
  ];

  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) happenings: readonly Happening[] = [];
  @property({ attribute: false }) personOf!: (userID: string) => Person;

  protected override render(): TemplateResult {
    const { words, happenings } = this;
    return html`
      <h2>${keyed(happenings[0]?.number, html`<i></i>`)}${words.live}</h2>
      ${
        happenings.length === 0
          ? html`<p class="quiet">${words.liveHint}</p>`
          : html`<ol>
              ${repeat(
                happenings,
                ({ number }) => number,
                (happening) => this.#item(happening),
              )}
            </ol>`
      }
    `;
  }

  #item({ at, userID, what }: Happening): TemplateResult {
    const { words } = this;
    const { status } = what;
    const kind = what.kind === "text" ? "text" : status.statusType === 1 ? "online" : "";
    return html`<li>
      <i class=${kind}></i>
      <span><strong>${this.personOf(userID).name}</strong> ${this.#text(what)}</span>
      <time datetime=${new Date(at).toISOString()}>${moment(at, at, words.locale)}</time>
    </li>`;
  }

  #text(what: Happening["what"]): TemplateResult {
    const { words } = this;
    switch (what.kind) {
      case "type": {
        const { statusType, reason } = what.status;
        return html`${words.turned(words.types[statusType])} <small>${words.reasons[reason]}</small>`;
      }
      case "text": {
        const { customStatus, reason } = what.status;
        if (customStatus !== "") {
          return html`${words.says(customStatus)}`;
        }
        const why = reason === "custom_expired" ? html`<small>${words.reasons[reason]}</small>` : nothing;
        return html`${words.saysNothing} ${why}`;
      }
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-happenings": LamplightHappenings;
  }
}
