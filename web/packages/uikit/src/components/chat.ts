/** One conversation: who it is with, what was said, and where to write. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { peerOf } from "../client.js";
import { Dialogue } from "../dialogue.js";
import { type Entry, entriesOf } from "../rows/chat-entries.js";
import { nameOf } from "../rows/names.js";
import { clockText, dayText } from "../words/time.js";
import { type Words, wordsOf } from "../words/words.js";
import { onByDefault } from "./attributes.js";
import { avatar, avatarStyles, statusText } from "./avatar.js";
import { chatsIcon, downIcon, sendIcon } from "./icons.js";
import { KitController } from "./kit-controller.js";
import { placeholder, skeleton } from "./placeholder.js";
import { placeholders, theme } from "./theme.js";

/** This near the end a person reads the newest; new messages then keep the end in sight. */
const NEAR_END = 48;
/** This near the beginning earlier messages are asked for. */
const NEAR_BEGINNING = 240;

/**
 * A conversation with another user: their name and status in the header, the messages, and a field to write in. Marks
 * what it shows as read, and loads what was said earlier when a person scrolls up. Enter sends, Shift+Enter begins a
 * new line.
 *
 * ```html
 * <tuikit-chat conversation-id="C2Cmaya" style="block-size: 26rem"></tuikit-chat>
 * ```
 *
 * @slot header-start - Before the picture, such as a button that leads back.
 * @slot header-end - At the end of the header.
 * @slot empty - Shown while no conversation is chosen.
 * @csspart header - The header.
 * @csspart avatar - The picture in it.
 * @csspart dot - The dot; also `dot-online` or `dot-offline`.
 * @csspart message - A message; also `message-own`.
 * @csspart composer - Where a message is written.
 * @cssprop [--tuikit-bubble] - Behind a message; `--tuikit-bubble-own` behind an own one, `--tuikit-on-bubble-own` on it.
 * @cssprop [--tuikit-background] - Behind everything. Likewise: `-text`, `-text-quiet`, `-line`, `-hover`, `-accent`,
 *   `-on-accent`, `-danger`, `-online`, `-offline`, `-ring`, `-font`, `-font-size`.
 */
@customElement("tuikit-chat")
export class TuikitChat extends LitElement {
  static override styles = [
    theme,
    placeholders,
    avatarStyles,
    css`
      :host {
        --_avatar-size: 2.5rem;
        position: relative;
        display: flex;
        flex-direction: column;
        min-block-size: 0;
        overflow: hidden;
      }
      header {
        flex: none;
        display: flex;
        align-items: center;
        gap: 0.75rem;
        min-block-size: 4rem;
        padding: 0.625rem 1rem;
        border-block-end: 1px solid var(--_line);
      }
      .who {
        flex: 1;
        min-inline-size: 0;
      }
      .who > * {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        unicode-bidi: plaintext;
        text-align: left;
      }
      :host(:dir(rtl)) .who > * {
        text-align: right;
      }
      .who h2 {
        margin: 0;
        font-size: 1em;
        font-weight: 600;
      }
      .who span {
        font-size: 0.8125em;
        color: var(--_text-quiet);
      }
      .scroller {
        flex: 1;
        min-block-size: 0;
        overflow-y: auto;
        overscroll-behavior: contain;
        scrollbar-width: thin;
        padding: 0.75rem 1rem;
        outline-offset: -2px;
      }
      .scroller:focus-visible {
        outline: 2px solid var(--_accent);
      }
      .messages {
        display: flex;
        flex-direction: column;
        min-block-size: 100%;
        justify-content: flex-end;
      }
      .day,
      .earlier {
        align-self: center;
        margin-block: 0.75rem 0.5rem;
        padding: 0.1875rem 0.625rem;
        border-radius: 1rem;
        background: var(--_hover);
        color: var(--_text-quiet);
        font-size: 0.75em;
      }
      .message {
        align-self: flex-start;
        max-inline-size: min(34rem, 82%);
        margin-block-start: 0.125rem;
        padding: 0.5rem 0.75rem;
        border-radius: 0.375rem 1.125rem 1.125rem 0.375rem;
        background: var(--_bubble);
        overflow-wrap: anywhere;
        content-visibility: auto;
        contain-intrinsic-block-size: auto 2.5rem;
      }
      .text {
        display: block;
        white-space: pre-wrap;
        unicode-bidi: plaintext;
      }
      .message.first {
        margin-block-start: 0.5rem;
        border-start-start-radius: 1.125rem;
      }
      .message.last {
        border-end-start-radius: 1.125rem;
      }
      .message.own {
        align-self: flex-end;
        background: var(--_bubble-own);
        color: var(--_on-bubble-own);
        border-radius: 1.125rem 0.375rem 0.375rem 1.125rem;
      }
      .message.own.first {
        border-start-end-radius: 1.125rem;
      }
      .message.own.last {
        border-end-end-radius: 1.125rem;
      }
      :host(:dir(rtl)) .message:not(.own) {
        border-start-end-radius: 1.125rem;
        border-end-end-radius: 1.125rem;
        border-start-start-radius: 0.375rem;
        border-end-start-radius: 0.375rem;
      }
      :host(:dir(rtl)) .message.own {
        border-start-start-radius: 1.125rem;
        border-end-start-radius: 1.125rem;
        border-start-end-radius: 0.375rem;
        border-end-end-radius: 0.375rem;
      }
      .note {
        align-self: flex-start;
        margin: 0.1875rem 0.375rem 0;
        color: var(--_text-quiet);
        font-size: 0.6875em;
      }
      .note.own {
        align-self: flex-end;
      }
      .note.failed {
        color: var(--_danger);
      }
      .note button {
        padding: 0;
        border: 0;
        background: none;
        color: var(--_accent);
        font: inherit;
        font-weight: 600;
        text-decoration: underline;
        cursor: pointer;
      }
      .to-end {
        position: absolute;
        inset-inline-end: 1rem;
        inset-block-end: 5rem;
        inline-size: 2.5rem;
        block-size: 2.5rem;
        padding: 0.5rem;
        border: 0;
        border-radius: 50%;
        background: var(--_popup);
        color: var(--_text-quiet);
        box-shadow: var(--_shadow);
        cursor: pointer;
      }
      form {
        flex: none;
        display: flex;
        align-items: flex-end;
        gap: 0.5rem;
        padding: 0.625rem 1rem 0.75rem;
        border-block-start: 1px solid var(--_line);
      }
      textarea {
        flex: 1;
        min-inline-size: 0;
        max-block-size: 8rem;
        field-sizing: content;
        resize: none;
        padding: 0.5625rem 0.875rem;
        border: 1px solid transparent;
        border-radius: 1.25rem;
        background: var(--_bubble);
        color: inherit;
        font: inherit;
        line-height: 1.3;
      }
      textarea::placeholder {
        color: var(--_text-quiet);
        opacity: 1;
      }
      textarea:focus-visible {
        outline: 2px solid var(--_accent);
      }
      .send {
        flex: none;
        inline-size: 2.5rem;
        block-size: 2.5rem;
        padding: 0.5625rem;
        border: 0;
        border-radius: 50%;
        background: var(--_accent);
        color: var(--_on-accent);
        cursor: pointer;
      }
      .send:disabled {
        background: var(--_hover);
        color: var(--_text-quiet);
        cursor: default;
      }
      .send svg,
      .to-end svg {
        display: block;
      }
      :host(:dir(rtl)) .send svg {
        transform: scaleX(-1);
      }
      button:focus-visible {
        outline: 2px solid var(--_accent);
        outline-offset: 2px;
      }
    `,
  ];

  /** The conversation, such as `C2Calice`. Empty: none is chosen. */
  @property({ attribute: "conversation-id" })
  conversationID = "";

  /**
   * Whether the header shows whether the other one is online; default `true`. Counts only while the kit's own switch
   * is on.
   */
  @property({ attribute: "is-show-online-status", converter: onByDefault })
  isShowOnlineStatus = true;

  /** `en` or `zh`; default: that of the kit, else that of the page. */
  @property()
  language = "";

  /** `light` or `dark`; default: that of the browser. */
  @property({ reflect: true })
  theme: "light" | "dark" | "" = "";

  @state() private text = "";
  @state() private isAtEnd = true;

  @query(".scroller") private readonly scroller!: HTMLElement | null;
  @query("textarea") private readonly field!: HTMLTextAreaElement | null;

  readonly #kit = new KitController(this);
  #dialogue: Dialogue | null = null;
  #peers: readonly string[] = [];
  /** What is written in the conversations that are not open now. */
  readonly #drafts = new Map<string, string>();
  /** The distance from the end before earlier messages came in above. */
  #keptFromEnd: number | null = null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#dialogue?.stop();
    this.#dialogue = null;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get("conversationID");
    if (before !== undefined) {
      this.#drafts.set(before, this.text);
      this.text = this.#drafts.get(this.conversationID) ?? "";
    }
    const client = this.#kit.kit?.client ?? null;
    const { conversationID } = this;
    if (this.#dialogue?.client !== client || this.#dialogue.conversationID !== conversationID) {
      this.#dialogue?.stop();
      const peer = peerOf(conversationID);
      this.#peers = peer === undefined ? [] : [peer];
      this.#dialogue =
        client === null || peer === undefined
          ? null
          : new Dialogue({
              client,
              conversationID,
              peer,
              onChange: () => {
                this.requestUpdate();
              },
            });
      this.isAtEnd = true;
    }
    const scroller = this.scroller;
    this.#keptFromEnd = scroller === null || this.isAtEnd ? null : scroller.scrollHeight - scroller.scrollTop;
  }

  protected override render(): TemplateResult {
    const words = this.#words;
    const dialogue = this.#dialogue;
    if (dialogue === null) {
      return html`<slot name="empty">
        ${placeholder({ icon: chatsIcon, title: words.chooseConversation, text: "" })}
      </slot>`;
    }
    return html`
      ${this.#header(dialogue.peer, words)} ${this.#messages(dialogue, words)}
      ${
        this.isAtEnd
          ? nothing
          : html`<button class="to-end" type="button" aria-label=${words.latest} @click=${this.#toEnd}>
              ${downIcon}
            </button>`
      }
      <form part="composer" @submit=${this.#onSubmit}>
        <textarea
          rows="1"
          maxlength="4000"
          aria-label=${words.write}
          placeholder=${words.write}
          dir="auto"
          .value=${live(this.text)}
          @input=${this.#onInput}
          @keydown=${this.#onKey}
        ></textarea>
        <button
          class="send"
          type="submit"
          aria-label=${words.send}
          title=${words.send}
          ?disabled=${!this.text.trim()}
        >
          ${sendIcon}
        </button>
      </form>
    `;
  }

  protected override updated(): void {
    this.#kit.shows(this.#peers, this.#peers);
    const scroller = this.scroller;
    if (scroller === null) {
      return;
    }
    if (this.isAtEnd) {
      scroller.scrollTop = scroller.scrollHeight;
    } else if (this.#keptFromEnd !== null && this.#dialogue?.hasGrownAbove() === true) {
      scroller.scrollTop = scroller.scrollHeight - this.#keptFromEnd;
    }
    this.#readAlong();
    if (this.#dialogue?.state === "ready" && scroller.scrollHeight <= scroller.clientHeight) {
      this.#dialogue.loadEarlier();
    }
  }

  get #words(): Words {
    return wordsOf(this.language || this.#kit.language || document.documentElement.lang);
  }

  #header(peer: string, words: Words): TemplateResult {
    const { remark, profile } = this.#person(peer);
    const name = nameOf(remark, profile, peer);
    const status = this.#kit.status(peer);
    const isSaying = status !== undefined && status.customStatus !== "";
    const said = isSaying ? status.customStatus : statusText(status?.statusType, words);
    return html`<header part="header">
      <slot name="header-start"></slot>
      ${avatar({ userID: peer, name, picture: profile?.avatar ?? "", status: status?.statusType, words })}
      <div class="who">
        <h2>${name}</h2>
        ${said === undefined ? nothing : html`<span>${said}</span>`}
      </div>
      <slot name="header-end"></slot>
    </header>`;
  }

  /** What the lists say of the other one. */
  #person(peer: string) {
    const friends = this.#kit.kit?.friends.state;
    const friend = friends?.is === "ready" ? friends.items.find(({ userID }) => userID === peer) : undefined;
    const conversations = this.#kit.kit?.conversations.state;
    const conversation =
      conversations?.is === "ready"
        ? conversations.items.find(({ conversationID }) => conversationID === this.conversationID)
        : undefined;
    return {
      remark: friend?.remark ?? conversation?.remark ?? "",
      profile: friend?.profile ?? conversation?.userProfile,
    };
  }

  #messages(dialogue: Dialogue, words: Words): TemplateResult {
    if (dialogue.state === "failed") {
      return html`<div class="scroller">
        ${placeholder({
          icon: chatsIcon,
          title: words.failed,
          text: dialogue.why,
          action: {
            text: words.retry,
            act: () => {
              dialogue.retry();
            },
          },
        })}
      </div>`;
    }
    if (dialogue.state === "loading") {
      return html`<div class="scroller">${skeleton(words)}</div>`;
    }
    const now = Date.now();
    const entries = entriesOf(dialogue.messages);
    return html`<div
      class="scroller"
      tabindex="0"
      role="group"
      aria-label=${words.messages}
      @scroll=${this.#onScroll}
    >
      <div class="messages" role="log" aria-label=${words.messages}>
        ${dialogue.isLoadingEarlier ? html`<span class="earlier">${words.earlier}</span>` : nothing}
        ${entries.length === 0 ? html`<span class="day">${words.noMessages}</span>` : nothing}
        ${repeat(
          entries,
          ({ message }) => message.ID,
          (entry) => this.#entry(entry, dialogue, now, words),
        )}
      </div>
    </div>`;
  }

  #entry(
    { message, isNewDay, isFirst, isLast }: Entry,
    dialogue: Dialogue,
    now: number,
    words: Words,
  ): TemplateResult {
    const own = message.flow === "out" ? "own" : "";
    const at = message.time * 1000;
    const text = message.isRevoked === true ? words.recalled : (message.payload.text ?? "");
    const isFailed = message.status === "fail";
    return html`${isNewDay ? html`<span class="day">${dayText(at, now, words.locale)}</span>` : nothing}
      <div
        class="message ${own} ${isFirst ? "first" : ""} ${isLast ? "last" : ""}"
        part="message ${own === "" ? "" : "message-own"}"
      >
        ${own === "" ? nothing : html`<span class="hidden-text">${words.you}: </span>`}<span class="text"
          >${text}</span
        >
      </div>
      ${
        isFailed
          ? html`<span class="note own failed"
              >${words.notSent}
              <button
                type="button"
                @click=${() => {
                  void dialogue.sendAgain(message);
                }}
              >
                ${words.sendAgain}
              </button></span
            >`
          : message.status === "unSend"
            ? html`<span class="note own">${words.sending}</span>`
            : isLast
              ? html`<span class="note ${own}">${clockText(at, words.locale)}</span>`
              : nothing
      }`;
  }

  readonly #onScroll = (): void => {
    const scroller = this.scroller;
    if (scroller === null) {
      return;
    }
    this.isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
    if (scroller.scrollTop < NEAR_BEGINNING) {
      this.#dialogue?.loadEarlier();
    }
    this.#readAlong();
  };

  /** What a person can see is read. */
  #readAlong(): void {
    if (this.isAtEnd && document.visibilityState === "visible" && document.hasFocus()) {
      this.#dialogue?.markRead();
    }
  }

  readonly #toEnd = (): void => {
    this.isAtEnd = true;
    this.field?.focus();
  };

  readonly #onInput = (event: Event): void => {
    this.text = (event.target as HTMLTextAreaElement).value;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    // Enter that ends the writing of a Chinese word does not send.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    }
  };

  readonly #onSubmit = (event: Event): void => {
    event.preventDefault();
    this.#send();
  };

  #send(): void {
    const text = this.text.trim();
    if (text !== "") {
      this.text = "";
      this.isAtEnd = true;
      void this.#dialogue?.send(text);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tuikit-chat": TuikitChat;
  }
}
