/** The card of the visitor: the name, the custom status with its editor, the visibility and the block list. */

import type { Profile, UserStatus } from "@lamplight/chat";
import type { StatusDuration } from "@lamplight/uikit";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { common } from "./styles.js";
import type { Words } from "../words/words.js";

/** The durations that a visitor can choose for a custom status. With one minute, the visitor can watch a status end. */
const DURATIONS: readonly StatusDuration[] = ["never", 60, 1_800, 3_600, "tonight", "date"];

@customElement("lamplight-self-card")
export class LamplightSelfCard extends LitElement {
  static override styles = [
    common,
    css`
      :host {
        display: block;
        padding: 0.875rem 1rem 0.75rem;
        border-block-end: 1px solid var(--line);
      }
      .who {
        display: flex;
        align-items: center;
        gap: 0.75rem;
      }
      .names {
        flex: 1;
        min-inline-size: 0;
      }
      .names > * {
        display: block;
      }
      .names strong {
        font-size: 1.0625rem;
      }
      .names span {
        font-size: 0.8125rem;
        color: var(--quiet);
      }
      tuikit-own-status {
        margin-block-start: 0.75rem;
      }
      details {
        margin-block-start: 0.625rem;
        font-size: 0.9375rem;
      }
      summary {
        inline-size: fit-content;
        padding: 0.125rem 0.25rem;
        border-radius: 0.375rem;
        color: var(--quiet);
        font-size: 0.8125rem;
        cursor: pointer;
      }
      summary:hover {
        color: var(--ink);
      }
      h2 {
        margin-block: 0.75rem 0.125rem;
        color: var(--quiet);
        font-size: 0.8125rem;
        font-weight: 400;
      }
      tuikit-visibility {
        margin-block-start: 0.5rem;
      }
      tuikit-block-list {
        max-block-size: 14rem;
        margin-inline: -1rem;
        --tuikit-avatar-size: 2rem;
      }
      tuikit-block-list > span {
        display: block;
        padding: 0.25rem 1rem;
        color: var(--quiet);
        font-size: 0.875rem;
      }
      tuikit-own-status,
      tuikit-visibility,
      tuikit-block-list {
        --tuikit-background: var(--panel);
        --tuikit-line: var(--line);
        --tuikit-hover: var(--hover);
      }
    `,
  ];

  @property({ attribute: false }) words!: Words;
  @property() userID = "";
  @property({ attribute: false }) profile: Profile | undefined;
  @property({ attribute: false }) status: UserStatus | undefined;
  @property() theme: "light" | "dark" = "light";

  @state() private isPrivacyOpen = false;

  protected override render(): TemplateResult {
    const { words, userID, profile, status, theme } = this;
    const name = profile?.nick === undefined || profile.nick === "" ? userID : profile.nick;
    return html`
      <div class="who">
        <tuikit-avatar
          user-id=${userID}
          name=${name}
          picture=${profile?.avatar ?? ""}
          status=${status?.statusType ?? 0}
          language=${words.locale}
          theme=${theme}
        ></tuikit-avatar>
        <div class="names">
          <strong class="one-line">${name}</strong>
          <span class="one-line">${words.userID}: ${userID}</span>
        </div>
        <slot></slot>
      </div>
      <tuikit-own-status language=${words.locale} theme=${theme} .durations=${DURATIONS}></tuikit-own-status>
      <details
        @toggle=${(event: Event) => {
          this.isPrivacyOpen = (event.target as HTMLDetailsElement).open;
        }}
      >
        <summary>${words.privacy}</summary>
        ${this.isPrivacyOpen ? this.#privacy() : nothing}
      </details>
    `;
  }

  /** Renders the settings that are read only when the visitor opens them. */
  #privacy(): TemplateResult {
    const { words, theme } = this;
    return html`<tuikit-visibility language=${words.locale} theme=${theme}></tuikit-visibility>
      <h2>${words.blockList}</h2>
      <tuikit-block-list language=${words.locale} theme=${theme}>
        <span slot="empty">${words.nobodyBlocked}</span>
      </tuikit-block-list>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-self-card": LamplightSelfCard;
  }
}
