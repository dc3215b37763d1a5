/** The card of the visitor: the name, the custom status, and the form that changes it. */

import type { Profile, UserStatus } from "@lamplight/chat";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { common } from "./styles.js";
import { smileIcon } from "./icons.js";
import type { Words } from "../words/words.js";

/**
 * The maximum length of a custom status in bytes of UTF-8. An app may have another limit, which the server checks.
 */
const LONGEST = 100;

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
      .status {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        inline-size: 100%;
        margin-block-start: 0.75rem;
        padding: 0.5rem 0.75rem;
        border: 1px solid var(--line);
        border-radius: 0.75rem;
        background: var(--hover);
      }
      .status:hover {
        border-color: var(--lamp);
      }
      .status svg {
        flex: none;
        inline-size: 1.125rem;
        block-size: 1.125rem;
        color: var(--quiet);
      }
      .status span {
        min-inline-size: 0;
      }
      form {
        margin-block-start: 0.75rem;
      }
      .chips {
        display: flex;
        flex-wrap: wrap;
        gap: 0.375rem;
        margin-block: 0.625rem;
      }
      .chips button {
        padding: 0.25rem 0.625rem;
        border-radius: 1rem;
        border: 1px solid var(--line);
        font-size: 0.875rem;
      }
      .chips button:hover {
        border-color: var(--lamp);
        background: var(--glow);
      }
      .row {
        display: flex;
        gap: 0.5rem;
      }
      .row .primary {
        flex: 1;
      }
      .bad {
        margin-block-start: 0.375rem;
        font-size: 0.8125rem;
        color: var(--bad);
      }
    `,
  ];

  @property({ attribute: false }) words!: Words;
  @property() userID = "";
  @property({ attribute: false }) profile: Profile | undefined;
  @property({ attribute: false }) status: UserStatus | undefined;
  @property({ attribute: false }) onSay: (text: string) => Promise<boolean> = () => Promise.resolve(true);
  @property() theme: "light" | "dark" = "light";

  @state() private editing = false;
  @state() private text = "";

  @query("input") private input!: HTMLInputElement | null;
  @query(".status") private button!: HTMLButtonElement | null;

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
      ${this.editing ? this.#editor() : this.#shown(status?.customStatus ?? "")}
    `;
  }

  #shown(text: string): TemplateResult {
    return html`<button
      class="status"
      aria-label="${this.words.ownStatus}: ${text || this.words.saySomething}"
      @click=${this.#edit}
    >
      ${smileIcon}<span class="one-line ${text === "" ? "quiet" : ""}">${text || this.words.saySomething}</span>
    </button>`;
  }

  #editor(): TemplateResult {
    const { words, text } = this;
    const tooLong = new TextEncoder().encode(text).length > LONGEST;
    return html`<form @submit=${this.#submit} @keydown=${this.#key}>
      <input
        aria-label=${words.ownStatus}
        aria-invalid=${tooLong ? "true" : "false"}
        placeholder=${words.saySomething}
        autocomplete="off"
        .value=${text}
        @input=${(event: Event) => {
          this.text = (event.target as HTMLInputElement).value;
        }}
      />
      ${tooLong ? html`<p class="bad" role="status">${words.tooLong}</p>` : nothing}
      <div class="chips">
        ${words.suggestions.map(
          (suggestion) => html`<button type="button" @click=${() => this.#say(suggestion)}>${suggestion}</button>`,
        )}
      </div>
      <div class="row">
        <button class="primary" ?disabled=${tooLong || text.trim() === ""}>${words.say}</button>
        ${
          (this.status?.customStatus ?? "") === ""
            ? nothing
            : html`<button class="plain" type="button" @click=${() => this.#say("")}>${words.clear}</button>`
        }
        <button class="plain" type="button" @click=${this.#close}>${words.cancel}</button>
      </div>
    </form>`;
  }

  async #edit(): Promise<void> {
    this.text = this.status?.customStatus ?? "";
    this.editing = true;
    await this.updateComplete;
    this.input?.select();
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    await this.#say(this.text.trim());
  }

  async #say(text: string): Promise<void> {
    if (await this.onSay(text)) {
      await this.#close();
    }
  }

  async #close(): Promise<void> {
    this.editing = false;
    await this.updateComplete;
    this.button?.focus();
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      // Without this, the handler of the surrounding element would also close something.
      event.stopPropagation();
      void this.#close();
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-self-card": LamplightSelfCard;
  }
}
