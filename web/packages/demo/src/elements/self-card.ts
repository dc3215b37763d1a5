/** The card of the visitor: the name, and the custom status with its editor. */

import type { Profile, UserStatus } from "@lamplight/chat";
import type { StatusDuration } from "@lamplight/uikit";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { common } from "./styles.js";
import type { Words } from "../words/words.js";

/** The choices of an end. With a minute, a visitor can watch a status end. */
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
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-self-card": LamplightSelfCard;
  }
}
