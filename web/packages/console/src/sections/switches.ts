/**
 * The section with the two switches. A text beside each switch says what the switch does, and with which code calls are
 * refused while it is off.
 */

import { CODES } from "@lamplight/chat/codes";
import { css, html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { base, cards } from "../components/styles.js";
import "../components/toggle.js";
import { Section, sectionStyles } from "./section.js";

@customElement("lc-switches")
export class SwitchesSection extends Section {
  static override styles = [
    base,
    cards,
    sectionStyles,
    css`
      .switch {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0.3rem 2rem;
        padding: 1.1rem 0;
      }
      .switch:last-child {
        padding-bottom: 0.2rem;
      }
      .switch p {
        grid-column: 1;
        color: var(--text-quiet);
        max-width: 68ch;
      }
      @media (max-width: 760px) {
        .switch {
          column-gap: 0.75rem;
        }
        .switch p {
          grid-column: 1 / -1;
        }
      }
      .off {
        font-size: 0.8667rem;
      }
      .off code {
        padding: 0.05rem 0.35rem;
        border-radius: 5px;
        background: var(--neutral-soft);
        color: var(--text);
      }
      lc-toggle {
        grid-column: 2;
        grid-row: 1;
        margin-top: -0.25rem;
      }
    `,
  ];

  override render(): unknown {
    const { switches, app, locale } = this.words;
    const { user_status, friend_notification } = this.form.draft.switches;
    const off = CODES.STATUS_SWITCHED_OFF;
    const meaning = locale === "en" ? off.english : off.chinese;
    const refusal = html`${switches.whenOff} <code>${off.number}</code>${locale === "en" ? ": " : "："}${meaning}`;
    return html`<section class="card">
      <header>
        <h2>${app.tabs.switches}</h2>
        <p>${switches.lead}</p>
      </header>
      <div class="body lines">
        ${this.#switch("user_status", user_status, switches.userStatus, switches.userStatusText, refusal)}
        ${this.#switch(
          "friend_notification",
          friend_notification,
          switches.friendNotification,
          switches.friendNotificationText,
          html`${switches.whenOffNothing}`,
        )}
      </div>
    </section>`;
  }

  #switch(name: string, on: boolean, label: string, text: string, whenOff: TemplateResult): TemplateResult {
    return html`<div class="switch">
      <h3>${label}</h3>
      <p>${text}</p>
      <p class="off">${whenOff}</p>
      <lc-toggle
        id=${name}
        .checked=${on}
        .label=${label}
        @lc-turn=${(event: CustomEvent<boolean>): void => {
          this.edit(`switches.${name}`, event.detail);
        }}
      ></lc-toggle>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-switches": SwitchesSection;
  }
}
