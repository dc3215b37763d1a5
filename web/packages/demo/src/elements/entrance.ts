/** The entrance, where the visitor chooses a demo user or enters a UserSig. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { common } from "./styles.js";
import { lampIcon } from "./icons.js";
import { moment } from "./time-text.js";
import type { DemoUser, Place, Ticket } from "../server.js";
import type { Ending } from "../session.js";
import { type Claims, readUserSig } from "../user-sig.js";
import type { Words } from "../words/words.js";

@customElement("lamplight-entrance")
export class LamplightEntrance extends LitElement {
  static override styles = [
    common,
    css`
      :host {
        display: block;
        inline-size: min(56rem, 100%);
        margin: 0 auto;
        padding: clamp(0.5rem, 2vh, 2.5rem) 1.25rem 3rem;
      }
      .hero {
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: 0.5rem;
        text-align: center;
        margin-block-end: 1.75rem;
      }
      .hero svg {
        inline-size: 4.75rem;
        block-size: 4.75rem;
        animation: glow 4s ease-in-out 3;
      }
      @keyframes glow {
        50% {
          filter: drop-shadow(0 0 1.25rem var(--glow)) brightness(1.06);
        }
      }
      h1 {
        font-size: clamp(1.5rem, 4vw, 2rem);
        line-height: 1.15;
        letter-spacing: -0.02em;
        text-wrap: balance;
      }
      /* A Chinese title must break between its clauses, not within a word. */
      h1:lang(zh) {
        word-break: keep-all;
      }
      h1:focus,
      .ending:focus {
        outline: none;
      }
      .hero p {
        max-inline-size: 38rem;
        color: var(--quiet);
        text-wrap: balance;
      }
      section {
        background: var(--panel);
        border: 1px solid var(--line);
        border-radius: 1.25rem;
        padding: 1.5rem;
        box-shadow: var(--shadow);
      }
      section + section,
      section + details {
        margin-block-start: 1rem;
      }
      h2 {
        font-size: 1.125rem;
        letter-spacing: -0.01em;
      }
      h2 + p {
        color: var(--quiet);
        font-size: 0.9375rem;
      }
      .ending {
        margin-block-end: 1rem;
        padding: 0.75rem 1rem;
        border-radius: 0.875rem;
        background: var(--glow);
        text-align: center;
      }
      .ending button {
        display: block;
        margin: 0.625rem auto 0;
      }
      .players {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr));
        gap: 0.875rem;
        margin-block: 1rem 1.5rem;
      }
      .player {
        display: flex;
        align-items: center;
        gap: 1rem;
        inline-size: 100%;
        padding: 0.875rem;
        border: 1px solid var(--line);
        border-radius: 1rem;
        background: var(--raised);
        transition:
          border-color 120ms,
          transform 120ms,
          box-shadow 120ms;
      }
      .player:hover:not(:disabled) {
        border-color: var(--lamp);
        box-shadow: 0 0 0 3px var(--glow);
        transform: translateY(-1px);
      }
      .player img {
        inline-size: 3.75rem;
        block-size: 3.75rem;
        border-radius: 1.125rem;
      }
      .player strong {
        display: block;
        font-size: 1.125rem;
      }
      .cast {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(8.75rem, 30%), 1fr));
        gap: 0.5rem;
        margin-block-start: 0.75rem;
      }
      .cast button {
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: 0.375rem;
        inline-size: 100%;
        padding: 0.625rem 0.25rem;
        border-radius: 0.875rem;
        font-size: 0.875rem;
        text-align: center;
      }
      .cast button:hover:not(:disabled) {
        background: var(--hover);
      }
      .cast img {
        inline-size: 2.75rem;
        block-size: 2.75rem;
        border-radius: 0.875rem;
      }
      details {
        margin-block-start: 1rem;
        padding: 0 1.5rem;
        border-radius: 1.25rem;
        border: 1px solid var(--line);
      }
      details[open] {
        background: var(--panel);
        padding-block-end: 1.5rem;
      }
      summary {
        padding-block: 1rem;
        cursor: pointer;
        font-weight: 600;
      }
      form {
        display: grid;
        gap: 0.875rem;
        margin-block-start: 0.75rem;
      }
      label {
        display: grid;
        gap: 0.25rem;
        font-size: 0.875rem;
        font-weight: 600;
      }
      textarea {
        min-block-size: 5rem;
        resize: vertical;
        font:
          0.8125rem/1.5 ui-monospace,
          "Liberation Mono",
          monospace;
        word-break: break-all;
      }
      .pair {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0.875rem;
      }
      .hint {
        font-size: 0.875rem;
        color: var(--quiet);
      }
      .hint.bad {
        color: var(--bad);
      }
      code {
        font-family: ui-monospace, "Liberation Mono", monospace;
        padding: 0.125rem 0.375rem;
        border-radius: 0.375rem;
        background: var(--hover);
        color: var(--ink);
      }
      .primary {
        justify-self: start;
        min-inline-size: 8rem;
      }
    `,
  ];

  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) place!: Place;
  @property({ attribute: false }) ending: Ending | undefined;
  /** The credentials of a login that did not reach the server, or that another login has ended. */
  @property({ attribute: false }) former: Ticket | undefined;
  /** The userID of the visitor who is being logged in; undefined if there is none. */
  @property({ attribute: false }) entering: string | undefined;
  @property({ attribute: false }) onPlay: (userID: string) => void = () => undefined;
  @property({ attribute: false }) onEnter: (ticket: Ticket) => void = () => undefined;

  @state() private sig = "";
  @state() private claims: Claims | undefined;

  /** Moves the focus to the text that says why the visit has ended, because the element that had it is gone. */
  protected override firstUpdated(): void {
    if (this.ending !== undefined) {
      this.renderRoot.querySelector<HTMLElement>(".ending, h1")?.focus();
    }
  }

  protected override render(): TemplateResult {
    const { words, place, ending } = this;
    return html`
      <div class="hero">
        ${lampIcon}
        <h1 tabindex="-1">${words.tagline}</h1>
        <p>${words.lead}</p>
      </div>
      ${ending === undefined || ending === "left" ? nothing : this.#ending(words.endings[ending])}
      ${place.demo === undefined ? nothing : this.#people(place.demo.users)}
      ${
        place.demo === undefined
          ? html`<section aria-labelledby="with-sig">
              <h2 id="with-sig">${words.withSig}</h2>
              ${this.#form()}
            </section>`
          : html`<details>
              <summary>${words.withSig}</summary>
              ${this.#form()}
            </details>`
      }
    `;
  }

  #ending(text: string): TemplateResult {
    const { words, former, entering } = this;
    return html`<div class="ending" role="status" tabindex="-1">
      ${text}
      ${
        former === undefined
          ? nothing
          : html`<button
              class="primary"
              ?disabled=${entering !== undefined}
              @click=${() => {
                this.onEnter(former);
              }}
            >
              ${this.ending === "unreachable" ? words.retry : words.useHere}
            </button>`
      }
    </div>`;
  }

  #people(users: readonly DemoUser[]): TemplateResult {
    const { words, entering } = this;
    const busy = entering !== undefined;
    return html`<section aria-labelledby="choose">
      <h2 id="choose">${words.choose}</h2>
      <p>${words.chooseHint}</p>
      <ul class="players">
        ${users
          .filter((user) => user.isPlayer)
          .map(
            (user) =>
              html`<li>
                <button
                  class="player"
                  data-user=${user.userID}
                  ?disabled=${busy}
                  @click=${() => {
                    this.onPlay(user.userID);
                  }}
                >
                  <img src=${user.avatar} alt="" />
                  <span>
                    <strong>${user.nick}</strong>
                    <span class="quiet">${entering === user.userID ? words.entering : words.enterAs(user.nick)}</span>
                  </span>
                </button>
              </li>`,
          )}
      </ul>
      <h2>${words.step}</h2>
      <p>${words.stepHint}</p>
      <ul class="cast">
        ${users
          .filter((user) => !user.isPlayer)
          .map(
            (user) =>
              html`<li>
                <button
                  data-user=${user.userID}
                  ?disabled=${busy}
                  @click=${() => {
                    this.onPlay(user.userID);
                  }}
                >
                  <img src=${user.avatar} alt="" loading="lazy" />
                  ${user.nick}
                </button>
              </li>`,
          )}
      </ul>
    </section>`;
  }

  #form(): TemplateResult {
    const { words, claims, sig, entering } = this;
    return html`
      <p class="hint">${words.sigHint} <code>lamplight sig alice</code></p>
      <form @submit=${this.#submit}>
        <label>
          ${words.sig}
          <textarea
            name="sig"
            required
            autocomplete="off"
            spellcheck="false"
            .value=${sig}
            @input=${this.#read}
          ></textarea>
        </label>
        ${this.#reading()}
        <div class="pair">
          <label
            >${words.userID} <input name="user" required autocomplete="off" .value=${claims?.userID ?? ""}
          /></label>
          <label>
            ${words.app}
            <input
              name="app"
              required
              inputmode="numeric"
              pattern="[0-9]+"
              .value=${claims?.SDKAppID.toString() ?? ""}
            />
          </label>
        </div>
        <button class="primary" ?disabled=${entering !== undefined}>
          ${entering === undefined ? words.enter : words.entering}
        </button>
      </form>
    `;
  }

  /**
   * Renders the line below the field: the claims of the UserSig, or a notice that it cannot be read. Nothing if the
   * field is empty.
   */
  #reading(): TemplateResult | typeof nothing {
    const { words, claims, sig } = this;
    if (sig.trim() === "") {
      return nothing;
    }
    if (claims === undefined) {
      return html`<p class="hint bad" role="status">${words.sigUnreadable}</p>`;
    }
    const until = moment(claims.expires, Date.now(), words.locale);
    return html`<p class="hint" role="status">${words.sigOf(claims.userID, until)}</p>`;
  }

  async #read(event: Event): Promise<void> {
    const sig = (event.target as HTMLTextAreaElement).value;
    this.sig = sig;
    const claims = await readUserSig(sig);
    // Ignores the result if the visitor has typed another text.
    if (this.sig === sig) {
      this.claims = claims;
    }
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const text = (name: string) => {
      const value = given.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    this.onEnter({ SDKAppID: Number(text("app")), userID: text("user"), userSig: text("sig") });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-entrance": LamplightEntrance;
  }
}
