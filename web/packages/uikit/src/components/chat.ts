/** One conversation: its peer, its messages, and the input field for a new message. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { CODES } from "@lamplight/chat";
import { type ChatClient, peerOf } from "../client.js";
import { presentAt } from "../clock.js";
import { Dialogue } from "../dialogue.js";
import { type Entry, entriesOf } from "../rows/chat-entries.js";
import { messageText } from "../rows/message-text.js";
import { nameOf } from "../rows/names.js";
import { reasonOf } from "../words/reasons.js";
import { clockText, dayText } from "../words/time.js";
import type { Words } from "../words/words.js";
import { avatar, avatarStyles, statusText } from "./avatar.js";
import { chatStyles } from "./chat-styles.js";
import { isComposing } from "./composing.js";
import { chatsIcon, downIcon, sendIcon } from "./icons.js";
import type { ShownEnd } from "./kit-controller.js";
import { notice, noticeStyles } from "./notice.js";
import { placeholder, skeleton } from "./placeholder.js";
import { StatusElement } from "./status-element.js";
import { placeholders, theme } from "./theme.js";

/** The distance from the end, in pixels, up to which the view follows new messages. */
const NEAR_END = 48;
/** The distance from the beginning, in pixels, at which earlier messages are loaded. */
const NEAR_BEGINNING = 240;

/**
 * A conversation with another user: the user's name and status in the header, the messages, and an input field. Marks
 * the messages as read when the newest is visible and the page has the focus, and loads earlier messages when the user
 * scrolls up, up to 2,000 in all. Enter sends the message, and Shift+Enter begins a new line.
 *
 * ```html
 * <tuikit-chat conversation-id="C2Cmaya"></tuikit-chat>
 * ```
 *
 * @slot header-start - Before the picture, for example a back button.
 * @slot header-end - At the end of the header.
 * @slot empty - Shown while no conversation is selected.
 * @csspart header - The header.
 * @csspart avatar - The picture in the header.
 * @csspart dot - The dot; also `dot-online`, `dot-offline` or `dot-stale`.
 * @csspart until - The time until the end of the custom status, in the header.
 * @csspart notice - The line that reports a lost connection.
 * @csspart message - A message; also `message-own`.
 * @csspart composer - The area in which a message is written.
 * @cssprop [--tuikit-bubble] - The background of a message. For messages of this user: `--tuikit-bubble-own`, with the
 *   text colour `--tuikit-on-bubble-own`.
 * @cssprop [--tuikit-background] - The background. Further colours and fonts, with the same prefix: `-text`,
 *   `-text-quiet`, `-line`, `-hover`, `-accent`, `-on-accent`, `-danger`, `-warning`, `-on-warning`, `-online`,
 *   `-offline`, `-ring`, `-popup`, `-shadow`, `-font`, `-font-size`.
 */
@customElement("tuikit-chat")
export class TuikitChat extends StatusElement {
  static override styles = [theme, placeholders, avatarStyles, noticeStyles, chatStyles];

  /** The conversation, such as `C2Calice`. Empty if no conversation is selected. */
  @property({ attribute: "conversation-id" })
  conversationID = "";

  @state() private text = "";
  @state() private isAtEnd = true;
  /** The reason why the text could not be sent; empty if there is none. */
  @state() private problem = "";

  @query(".scroller") private readonly scroller!: HTMLElement | null;
  @query("textarea") private readonly field!: HTMLTextAreaElement | null;

  #dialogue: Dialogue | null = null;
  #peers: readonly string[] = [];
  /** The drafts of the conversations that are not open. */
  readonly #drafts = new Map<string, string>();
  /**
   * A visible message and its position. The message stays at this position when earlier messages are added above it.
   */
  #anchor: { readonly element: Element; readonly top: number } | null = null;
  /** Whether earlier messages are being loaded, or are added by this update. */
  #isBusy = false;
  /** Whether earlier messages were being loaded at the last update. */
  #wasLoading = false;
  /** The user who has written the text and the drafts, and the client of that user; null before the first login. */
  #writer: { readonly client: ChatClient; readonly user: string } | null = null;

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
      this.problem = "";
    }
    const client = this.kit.kit?.client ?? null;
    this.#forgetOthers(client);
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
    this.#anchor = this.isAtEnd ? null : this.#findAnchor();
    const isLoading = this.#dialogue?.isLoadingEarlier === true;
    this.#isBusy = isLoading || this.#wasLoading;
    this.#wasLoading = isLoading;
  }

  /** Removes the text and the drafts of another user. A user who logs in again finds them. */
  #forgetOthers(client: ChatClient | null): void {
    const user = client?.isReady() === true ? client.getLoginUser() : "";
    const writer = this.#writer;
    if (client === null || (client === writer?.client && user === "")) {
      return;
    }
    if (writer !== null && (client !== writer.client || (user !== writer.user && writer.user !== ""))) {
      this.#drafts.clear();
      this.text = "";
      this.problem = "";
    }
    this.#writer = { client, user };
  }

  protected override render(): TemplateResult {
    const words = this.words;
    const dialogue = this.#dialogue;
    if (dialogue === null) {
      return html`<slot name="empty">
        ${placeholder({ icon: chatsIcon, title: words.chooseConversation, text: "" })}
      </slot>`;
    }
    return html`
      ${this.#header(dialogue.peer, words)} ${this.#notice(words)} ${this.#messages(dialogue, words)}
      ${
        this.isAtEnd
          ? nothing
          : html`<button class="to-end" type="button" aria-label=${words.latest} @click=${this.#toEnd}>
              ${downIcon}
            </button>`
      }
      ${this.problem === "" ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
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
    this.kit.shows(this.#peers, this.#peers);
    const scroller = this.scroller;
    if (scroller === null) {
      return;
    }
    if (this.isAtEnd) {
      scroller.scrollTop = scroller.scrollHeight;
    } else if (this.#anchor?.element.isConnected === true) {
      scroller.scrollTop += this.#anchor.element.getBoundingClientRect().top - this.#anchor.top;
    }
    this.#readAlong();
    if (this.#isBusy && !this.#wasLoading) {
      // The earlier messages were added just now. Screen readers must not read them out as new ones.
      setTimeout(() => {
        this.requestUpdate();
      });
    }
    if (this.#dialogue?.state === "ready" && scroller.scrollHeight <= scroller.clientHeight) {
      this.#dialogue.loadEarlier();
    }
  }

  #header(peer: string, words: Words): TemplateResult {
    const { remark, profile } = this.#person(peer);
    const name = nameOf(remark, profile, peer);
    const status = this.kit.status(peer);
    const isSaying = status !== undefined && status.customStatus !== "";
    const isStale = this.kit.isStale;
    const end = isSaying && !isStale ? this.kit.endOf(status, words) : undefined;
    const said = isSaying && !isStale ? status.customStatus : statusText(status?.statusType, words, isStale);
    return html`<header part="header">
      <slot name="header-start"></slot>
      ${avatar({ userID: peer, name, picture: profile?.avatar ?? "", status: status?.statusType, isStale, words })}
      <div class="who">
        <h2>${name}</h2>
        ${said === undefined ? nothing : saying(said, end)}
      </div>
      <slot name="header-end"></slot>
    </header>`;
  }

  /** Renders the notice of a lost connection. Only the lists report that the app does not allow statuses. */
  #notice(words: Words): TemplateResult {
    const { trouble } = this.kit;
    return notice(trouble?.is === "cut" ? trouble : undefined, words);
  }

  /** Returns the remark on the peer and the profile of the peer, from the lists. */
  #person(peer: string) {
    const friends = this.kit.kit?.friends.state;
    const friend = friends?.is === "ready" ? friends.items.find(({ userID }) => userID === peer) : undefined;
    const conversations = this.kit.kit?.conversations.state;
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
          text: reasonOf(dialogue.why, words),
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
    const now = presentAt(dialogue.client);
    const entries = entriesOf(dialogue.messages);
    return html`<div
      class="scroller"
      tabindex="0"
      role="group"
      aria-label=${words.messages}
      @scroll=${this.#onScroll}
    >
      <div class="messages" role="log" aria-label=${words.messages} aria-busy=${this.#isBusy}>
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
    const text = messageText(message, words);
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
              >${dialogue.refusalOf(message) === CODES.BLOCKED.number ? words.notSentBlocked : words.notSent}
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

  #findAnchor(): { readonly element: Element; readonly top: number } | null {
    const edge = this.scroller?.getBoundingClientRect().top ?? 0;
    for (const element of this.renderRoot.querySelectorAll(".message")) {
      const { top, bottom } = element.getBoundingClientRect();
      if (bottom > edge) {
        return { element, top };
      }
    }
    return null;
  }

  readonly #onScroll = (): void => {
    const scroller = this.scroller;
    if (scroller === null) {
      return;
    }
    this.isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
    if (scroller.scrollTop < NEAR_BEGINNING) {
      this.#dialogue?.loadEarlier(true);
    }
    this.#readAlong();
  };

  /**
   * Marks the messages as read if three conditions hold: the page is visible, it has the focus, and the end of the
   * messages is in view.
   */
  #readAlong(): void {
    if (this.isAtEnd && document.visibilityState === "visible" && document.hasFocus()) {
      this.#dialogue?.markRead();
    }
  }

  /** Focuses the input field. */
  override focus(options?: FocusOptions): void {
    this.field?.focus(options);
  }

  readonly #toEnd = (): void => {
    this.isAtEnd = true;
    this.field?.focus();
  };

  readonly #onInput = (event: Event): void => {
    this.text = (event.target as HTMLTextAreaElement).value;
    this.problem = "";
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    // An Enter that completes an input method's word, as in Chinese, does not send the message.
    if (event.key === "Enter" && !event.shiftKey && !isComposing(event)) {
      event.preventDefault();
      this.#send();
    }
  };

  readonly #onSubmit = (event: Event): void => {
    event.preventDefault();
    this.#send();
  };

  #send(): void {
    // A text that was cut may have half of a surrogate pair, which the server would refuse.
    const text = this.text.trim().replace(/\p{Surrogate}/gu, "\ufffd");
    const dialogue = this.#dialogue;
    if (text === "" || dialogue === null) {
      return;
    }
    try {
      dialogue.send(text);
    } catch (error) {
      // The text stays in the field, so that the user can send it later.
      this.problem = this.words.actionFailed(reasonOf(error, this.words));
      return;
    }
    this.text = "";
    this.problem = "";
    this.isAtEnd = true;
  }
}

/** Renders the line below the name: the custom status with the time until its end, or the online status. */
function saying(said: string, end: ShownEnd | undefined): TemplateResult {
  return end === undefined
    ? html`<span>${said}</span>`
    : html`<span class="saying" title=${`${said} (${end.title})`}
        ><span>${said}</span><span class="until" part="until">${end.text}</span></span
      >`;
}

declare global {
  interface HTMLElementTagNameMap {
    "tuikit-chat": TuikitChat;
  }
}
