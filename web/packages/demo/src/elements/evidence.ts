/** The details of one user's status: the type, the custom status, the reason, the times and the devices. */

import type { UserStatus } from "@lamplight/chat";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { factsOf } from "../facts.js";
import { common } from "./styles.js";
import { ago, ahead, moment } from "./time-text.js";
import type { Person } from "../session.js";
import type { Words } from "../words/words.js";

/** The interval at which relative times such as "2 minutes ago" are updated, in milliseconds. */
const REFRESH = 10_000;
/**
 * The interval at which times are updated, in milliseconds, while the end of a custom status is shown. It is short,
 * because the last minute is shown in seconds.
 */
const REFRESH_END = 1_000;

@customElement("lamplight-evidence")
export class LamplightEvidence extends LitElement {
  static override styles = [
    common,
    css`
      :host {
        display: block;
        --tuikit-avatar-size: 4.5rem;
      }
      .who {
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: 0.5rem;
        padding: 1.5rem 1.25rem 1.125rem;
        text-align: center;
      }
      h2 {
        font-size: 1.125rem;
        max-inline-size: 100%;
      }
      .type {
        display: inline-flex;
        align-items: center;
        gap: 0.4375rem;
        padding: 0.1875rem 0.75rem;
        border-radius: 1rem;
        background: var(--away-soft);
        color: var(--away);
        font-size: 0.8125rem;
        font-weight: 600;
      }
      .type::before {
        content: "";
        inline-size: 0.5rem;
        block-size: 0.5rem;
        border-radius: 50%;
        background: currentColor;
      }
      .type.online {
        background: var(--good-soft);
        color: var(--good);
      }
      .type.stale::before {
        background: none;
        border: 2px solid currentColor;
      }
      @media (forced-colors: active) {
        .type {
          border: 1px solid CanvasText;
        }
        .type::before {
          forced-color-adjust: none;
          background: Canvas;
          border: 2px solid CanvasText;
        }
        .type.online::before {
          background: Highlight;
          border-color: Highlight;
        }
      }
      .withheld {
        margin: 0 1.25rem 1.125rem;
        padding: 0.75rem 1rem;
        border-radius: 0.875rem;
        background: var(--hover);
        color: var(--quiet);
        font-size: 0.875rem;
        text-align: center;
      }
      .says {
        max-inline-size: 100%;
        overflow-wrap: anywhere;
      }
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 0.5rem 0.875rem;
        margin: 0 1.25rem 1.125rem;
        padding: 0.875rem 1rem;
        border-radius: 0.875rem;
        background: var(--hover);
        font-size: 0.875rem;
      }
      dt {
        color: var(--quiet);
      }
      dd {
        text-align: end;
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      .version {
        font-size: 0.8125rem;
        letter-spacing: -0.02em;
      }
      dd small {
        display: block;
        font-size: 0.8125rem;
        color: var(--quiet);
      }
      .devices {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: 0.25rem;
      }
      .devices span {
        padding: 0 0.5rem;
        border-radius: 0.5rem;
        background: var(--good-soft);
        color: var(--good);
        font-weight: 600;
      }
      .devices.last-known span {
        border: 1px dashed var(--quiet);
        background: none;
        color: var(--quiet);
      }
    `,
  ];

  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) person!: Person;
  @property({ attribute: false }) status: UserStatus | undefined;
  /** Returns the current time by the server's clock. */
  @property({ attribute: false }) now: () => number = () => Date.now();
  /** Whether there is no connection. The last known status is then shown. */
  @property({ type: Boolean }) stale = false;
  /** The reason why the app does not allow this user's status; empty if it is allowed. */
  @property() withheld = "";
  @property() theme: "light" | "dark" = "light";

  #timer: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  protected override updated(): void {
    clearTimeout(this.#timer);
    if (this.isConnected) {
      const interval = this.status?.customExpires === undefined ? REFRESH : REFRESH_END;
      this.#timer = setTimeout(() => {
        this.requestUpdate();
      }, interval);
    }
  }

  protected override render(): TemplateResult {
    const { words, person, status, theme, withheld } = this;
    const type = status?.statusType ?? 0;
    const isStale = this.stale && type !== 0;
    const kind = isStale ? "stale" : type === 1 ? "online" : "";
    return html`
      <div class="who">
        <tuikit-avatar
          user-id=${person.userID}
          name=${person.name}
          picture=${person.avatar}
          status=${type}
          ?stale=${isStale}
          language=${words.locale}
          theme=${theme}
        ></tuikit-avatar>
        <h2 class="one-line">${person.name}</h2>
        <span class="type ${kind}">${isStale ? words.lastKnown(words.types[type]) : words.types[type]}</span>
        ${
          status === undefined || status.customStatus === ""
            ? nothing
            : html`<p class="says">${words.says(status.customStatus)}</p>`
        }
      </div>
      ${withheld === "" ? nothing : html`<p class="withheld">${withheld}</p>`}
      ${status === undefined ? nothing : this.#facts(status)}
    `;
  }

  #facts(status: UserStatus): TemplateResult {
    const { words, person } = this;
    const { reason, version } = status;
    const { type, since, lastSeen, textEnds, devices } = factsOf(status, this.stale);
    const term = words.since(words.types[type]);
    return html`<dl aria-label=${words.evidence}>
      <dt>${words.userID}</dt>
      <dd>${person.userID}</dd>
      ${
        since === undefined
          ? nothing
          : html`<dt>${this.stale ? words.lastKnown(term) : term}</dt>
              <dd>${since === 0 ? words.never : this.#when(since)}</dd>`
      }
      ${
        lastSeen === undefined
          ? nothing
          : html`<dt>${words.lastSeen}</dt>
              <dd>${lastSeen.at === undefined ? words.never : this.#when(lastSeen.at)}</dd>`
      }
      ${
        textEnds === undefined
          ? nothing
          : html`<dt>${words.textEnds}</dt>
              <dd>
                ${moment(textEnds, this.now(), words.locale)}<small
                  >${ahead(textEnds, this.now(), words.locale)}</small
                >
              </dd>`
      }
      <dt>${words.lastChange}</dt>
      <dd>${words.reasons[reason]}</dd>
      <dt>${devices.areCurrent ? words.devices : words.lastDevices}</dt>
      <dd class="devices ${devices.areCurrent ? "" : "last-known"}">
        ${devices.names.length === 0 ? words.noDevice : devices.names.map((name) => html`<span>${name}</span>`)}
      </dd>
      <dt>${words.version}</dt>
      <dd class="version">${version}</dd>
    </dl>`;
  }

  #when(at: number): TemplateResult {
    const now = this.now();
    const { locale } = this.words;
    return html`${moment(at, now, locale)}<small>${ago(at, now, locale)}</small>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-evidence": LamplightEvidence;
  }
}
