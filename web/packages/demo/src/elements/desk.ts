/** Inside: the lists at one side, the conversation in the middle, the evidence at the other side. */

import type { UserStatus } from "@lamplight/chat";
import type { ContactEventDetail, ConversationEventDetail } from "@lamplight/uikit";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { common } from "./styles.js";
import { backIcon, closeIcon, infoIcon, leaveIcon, plusIcon, windowIcon } from "./icons.js";
import type { Picture } from "../picture.js";
import type { Person, Stage } from "../session.js";
import type { Words } from "../words/words.js";

/** What a visitor can do here. Each says whether it was done; what went wrong is shown by who gave it. */
export interface Actions {
  leave(): Promise<void>;
  say(text: string): Promise<boolean>;
  /** Asks for the status of somebody who may not exist. */
  meet(userID: string): Promise<boolean>;
  /** Asks for the status of somebody who is shown; the lists say what is wrong if it fails. */
  glance(userID: string): void;
  befriend(userID: string): Promise<boolean>;
  showStatus(shown: boolean): void;
}

@customElement("lamplight-desk")
export class LamplightDesk extends LitElement {
  static override styles = [
    common,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(17rem, 21.5rem) minmax(0, 1fr) 19.5rem;
        grid-template-rows: minmax(0, 1fr);
        gap: 1px;
        block-size: 100%;
        background: var(--line);
        --tuikit-background: var(--panel);
        --tuikit-line: var(--line);
        --tuikit-hover: var(--hover);
      }
      nav,
      main,
      aside {
        display: flex;
        flex-direction: column;
        min-inline-size: 0;
        min-block-size: 0;
        background: var(--panel);
      }
      .tabs {
        display: flex;
        align-items: center;
        gap: 0.25rem;
        padding: 0.5rem 0.75rem;
        border-block-end: 1px solid var(--line);
      }
      .tabs [role="tablist"] {
        flex: 1;
        display: flex;
        gap: 0.25rem;
      }
      [role="tab"] {
        display: flex;
        align-items: center;
        gap: 0.375rem;
        padding: 0.375rem 0.75rem;
        border-radius: 0.625rem;
        color: var(--quiet);
        font-weight: 600;
      }
      [role="tab"]:hover {
        background: var(--hover);
      }
      [role="tab"][aria-selected="true"] {
        background: var(--glow);
        color: var(--ink);
      }
      .count {
        min-inline-size: 1.25rem;
        padding-inline: 0.375rem;
        border-radius: 1rem;
        background: #d92f36;
        color: #ffffff;
        font-size: 0.75rem;
        line-height: 1.25rem;
        text-align: center;
      }
      .list {
        flex: 1;
        min-block-size: 0;
        display: flex;
        flex-direction: column;
      }
      tuikit-conversation,
      tuikit-contact,
      tuikit-chat {
        flex: 1;
        min-block-size: 0;
      }
      .new {
        display: grid;
        gap: 0.5rem;
        padding: 0.75rem 1rem;
        border-block-end: 1px solid var(--line);
        background: var(--hover);
      }
      .new div {
        display: flex;
        gap: 0.5rem;
      }
      .new div > * {
        flex: 1;
      }
      footer {
        display: grid;
        gap: 0.5rem;
        padding: 0.625rem 1rem;
        border-block-start: 1px solid var(--line);
        font-size: 0.8125rem;
      }
      footer p,
      footer label {
        display: flex;
        align-items: center;
        gap: 0.5rem;
      }
      .net::before {
        content: "";
        flex: none;
        inline-size: 0.5rem;
        block-size: 0.5rem;
        border-radius: 50%;
        background: var(--good);
      }
      .net.connecting::before,
      .net.disconnected::before {
        background: var(--lamp);
      }
      .net.disconnected {
        color: var(--bad);
      }
      footer label {
        justify-content: space-between;
        cursor: pointer;
      }
      .switch {
        appearance: none;
        flex: none;
        position: relative;
        inline-size: 2.25rem;
        block-size: 1.25rem;
        padding: 0;
        border: 0;
        border-radius: 1rem;
        background: var(--quiet);
        cursor: pointer;
        transition: background 120ms;
      }
      .switch:checked {
        background: var(--good);
      }
      .switch::after {
        content: "";
        position: absolute;
        inset-block-start: 0.125rem;
        inset-inline-start: 0.125rem;
        inline-size: 1rem;
        block-size: 1rem;
        border-radius: 50%;
        background: var(--panel);
        transition: inset-inline-start 120ms;
      }
      .switch:checked::after {
        inset-inline-start: 1.125rem;
      }
      aside {
        overflow-y: auto;
        scrollbar-width: thin;
      }
      .nobody {
        flex: 1;
        display: grid;
        place-content: center;
        gap: 0.5rem;
        padding: 2rem;
        text-align: center;
        color: var(--quiet);
      }
      .nobody strong {
        font-size: 1.125rem;
        color: var(--ink);
      }
      .nobody a {
        justify-self: center;
        display: inline-flex;
        align-items: center;
        gap: 0.5rem;
        margin-block-start: 0.75rem;
        text-decoration: none;
        color: var(--ink);
      }
      .nobody a svg {
        inline-size: 1.125rem;
        block-size: 1.125rem;
      }
      .only-narrow {
        display: none;
      }
      @media (max-width: 70rem) {
        :host {
          grid-template-columns: minmax(17rem, 21.5rem) minmax(0, 1fr);
        }
        aside {
          display: none;
          position: fixed;
          inset-block: 0;
          inset-inline-end: 0;
          inline-size: min(21rem, 100%);
          box-shadow: var(--shadow);
          z-index: 3;
        }
        aside.shown {
          display: flex;
        }
        .only-narrow {
          display: inline-grid;
        }
        .close {
          position: absolute;
          inset-block-start: 0.5rem;
          inset-inline-end: 0.5rem;
        }
      }
      .only-small {
        display: none;
      }
      @media (max-width: 46rem) {
        :host {
          grid-template-columns: minmax(0, 1fr);
        }
        :host([open]) nav,
        :host(:not([open])) main {
          display: none;
        }
        .only-small {
          display: inline-grid;
        }
      }
    `,
  ];

  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) inside!: Extract<Stage, { at: "inside" }>;
  @property({ attribute: false }) picture!: Picture;
  @property({ attribute: false }) personOf!: (userID: string) => Person;
  @property({ attribute: false }) actions!: Actions;
  /** The present by the server's clock. */
  @property({ attribute: false }) now!: () => number;
  @property() theme: "light" | "dark" = "light";
  @property({ type: Boolean }) showsStatus = true;
  /** Whether a conversation is open: on a small screen it takes the place of the lists. */
  @property({ type: Boolean, reflect: true }) open = false;

  @state() private tab: "chats" | "contacts" = "chats";
  @state() private peer = "";
  @state() private writing = false;
  @state() private detailed = false;

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("peer")) {
      this.open = this.peer !== "";
    }
  }

  protected override render(): TemplateResult {
    return html`${this.#lists()}${this.#conversation()}${this.#side()}`;
  }

  #lists(): TemplateResult {
    const { words, inside, theme, actions, tab } = this;
    return html`<nav aria-label=${words.chats}>
      <lamplight-self-card
        .words=${words}
        .userID=${inside.userID}
        .profile=${inside.profile}
        .status=${this.#statusOf(inside.userID)}
        .onSay=${(text: string) => actions.say(text)}
        .theme=${theme}
      >
        <slot name="preferences"></slot>
        <button class="icon" title=${words.leave} aria-label=${words.leave} @click=${() => actions.leave()}>
          ${leaveIcon}
        </button>
      </lamplight-self-card>
      <div class="tabs">
        <div role="tablist" aria-label=${words.chats} @keydown=${this.#tabKey}>
          ${this.#tab("chats", words.chats, inside.unread)}${this.#tab("contacts", words.contacts, 0)}
        </div>
        <button
          class="icon"
          title=${words.writeTo}
          aria-label=${words.writeTo}
          aria-expanded=${this.writing ? "true" : "false"}
          @click=${() => {
            this.writing = !this.writing;
          }}
        >
          ${plusIcon}
        </button>
      </div>
      ${this.writing ? this.#newChat() : nothing}
      <div class="list" role="tabpanel" id="panel" aria-labelledby="tab-${tab}">
        ${
          tab === "chats"
            ? html`<tuikit-conversation
                language=${words.locale}
                theme=${theme}
                selected-id=${this.peer === "" ? "" : `C2C${this.peer}`}
                @tuikit-conversation-tap=${({ detail }: CustomEvent<ConversationEventDetail>) => {
                  this.#show(detail.conversation.conversationID.slice(3));
                }}
              ></tuikit-conversation>`
            : html`<tuikit-contact
                language=${words.locale}
                theme=${theme}
                selected-id=${this.peer}
                @tuikit-contact-tap=${({ detail }: CustomEvent<ContactEventDetail>) => {
                  this.#show(detail.friend.userID);
                }}
              ></tuikit-contact>`
        }
      </div>
      <footer>
        <label>
          ${words.showStatus}
          <input
            class="switch"
            type="checkbox"
            role="switch"
            .checked=${this.showsStatus}
            @change=${(event: Event) => {
              actions.showStatus((event.target as HTMLInputElement).checked);
            }}
          />
        </label>
        <p class="net ${inside.net}" role="status">${words.net[inside.net]}</p>
      </footer>
    </nav>`;
  }

  #tab(name: "chats" | "contacts", text: string, count: number): TemplateResult {
    const selected = this.tab === name;
    return html`<button
      role="tab"
      id="tab-${name}"
      aria-controls="panel"
      aria-selected=${selected ? "true" : "false"}
      tabindex=${selected ? 0 : -1}
      @click=${() => {
        this.tab = name;
      }}
    >
      ${text}${count === 0 ? nothing : html`<span class="count">${count > 99 ? "99+" : count}</span>`}
    </button>`;
  }

  async #tabKey(event: KeyboardEvent): Promise<void> {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      this.tab = this.tab === "chats" ? "contacts" : "chats";
      await this.updateComplete;
      this.renderRoot.querySelector<HTMLElement>(`#tab-${this.tab}`)?.focus();
    }
  }

  #newChat(): TemplateResult {
    const { words } = this;
    return html`<form class="new" @submit=${this.#write}>
      <input
        name="user"
        required
        maxlength="32"
        autocomplete="off"
        aria-label=${words.writeToHint}
        placeholder=${words.writeToHint}
      />
      <div>
        <button class="primary" name="then" value="write">${words.open}</button>
        <button class="plain" name="then" value="befriend">${words.addFriend}</button>
      </div>
    </form>`;
  }

  async #write(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement).get("user");
    const userID = typeof given === "string" ? given.trim() : "";
    const then = (event.submitter as HTMLButtonElement | null)?.value;
    const { actions } = this;
    const done = then === "befriend" ? await actions.befriend(userID) : await actions.meet(userID);
    if (done) {
      this.writing = false;
      this.#show(userID);
    }
  }

  #conversation(): TemplateResult {
    const { words, theme, peer } = this;
    if (peer === "") {
      return html`<main>
        <div class="nobody">
          <strong>${words.pickSomebody}</strong>
          <p>${words.pickHint}</p>
          <a class="plain" href="/" target="_blank" rel="noopener">${windowIcon}${words.secondWindow}</a>
        </div>
      </main>`;
    }
    return html`<main>
      <tuikit-chat conversation-id="C2C${peer}" language=${words.locale} theme=${theme}>
        <button
          slot="header-start"
          class="icon only-small"
          aria-label=${words.back}
          @click=${() => {
            this.peer = "";
          }}
        >
          ${backIcon}
        </button>
        <button
          slot="header-end"
          class="icon only-narrow"
          title=${words.details}
          aria-label=${words.details}
          @click=${() => {
            this.detailed = true;
          }}
        >
          ${infoIcon}
        </button>
      </tuikit-chat>
    </main>`;
  }

  #side(): TemplateResult {
    const { words, picture, inside, theme, personOf } = this;
    const shown = this.peer === "" ? inside.userID : this.peer;
    return html`<aside class=${this.detailed ? "shown" : ""} aria-label=${words.about(personOf(shown).name)}>
      <button
        class="icon only-narrow close"
        aria-label=${words.close}
        @click=${() => {
          this.detailed = false;
        }}
      >
        ${closeIcon}
      </button>
      <lamplight-evidence
        .words=${words}
        .person=${personOf(shown)}
        .status=${this.#statusOf(shown)}
        .now=${this.now}
        .theme=${theme}
      ></lamplight-evidence>
      <lamplight-happenings
        .words=${words}
        .happenings=${picture.happenings}
        .personOf=${personOf}
      ></lamplight-happenings>
    </aside>`;
  }

  /** What is known of somebody. Without a connection nobody sees the visitor as the server said last. */
  #statusOf(userID: string): UserStatus | undefined {
    const { inside, picture } = this;
    const status = picture.statuses.get(userID);
    const isStale = userID === inside.userID && inside.net !== "connected";
    return status !== undefined && isStale ? { ...status, statusType: 0 } : status;
  }

  #show(peer: string): void {
    this.peer = peer;
    if (this.showsStatus) {
      this.actions.glance(peer);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-desk": LamplightDesk;
  }
}
