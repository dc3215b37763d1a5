/** The list of conversations. */

import type { VirtualItem } from "@tanstack/virtual-core";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { type Conversation, peerOf } from "../client.js";
import { presentAt } from "../clock.js";
import { badgeOf, inOrder, lastTime, peersOf, summaryOf } from "../rows/conversation-rows.js";
import { conversationName } from "../rows/names.js";
import { listTime } from "../words/time.js";
import type { Words } from "../words/words.js";
import { avatar, avatarStyles } from "./avatar.js";
import { blockItems } from "./blocking.js";
import { conversationStyles } from "./conversation-styles.js";
import { chatsIcon, moreIcon, pinIcon } from "./icons.js";
import { ListElement } from "./list-element.js";
import { type Step, stepOf } from "./list-keys.js";
import { customStatus, indexOf, listBody, rowOf } from "./list-parts.js";
import { ListWindow } from "./list-window.js";
import { Measured } from "./measured.js";
import { MenuGestures } from "./menu-gestures.js";
import { Places } from "./places.js";
import { notice, noticeStyles } from "./notice.js";
import { type Anchor, type MenuItem, RowMenu, rowMenuStyles } from "./row-menu.js";
import { rowStyles } from "./row-styles.js";
import { placeholders, theme } from "./theme.js";

/** The details of the conversation list's events. */
export interface ConversationEventDetail {
  conversation: Conversation;
}

const NOBODY: readonly string[] = [];

/**
 * The list of the user's conversations. A row has the peer's picture, name, online status and custom status. It also
 * has the last message with its time, and the number of unread messages. Pinned conversations are at the top.
 *
 * Keys: the arrows, Home, End, Page Up and Page Down move; Enter or Space opens; Delete asks whether to delete.
 * Shift+F10, the menu key, a right click or a long press opens the menu of a row.
 *
 * ```html
 * <tuikit-conversation></tuikit-conversation>
 * ```
 *
 * ```html
 * <tuikit-conversation is-show-online-status="false"></tuikit-conversation>
 * ```
 *
 * ```html
 * <tuikit-conversation language="zh" theme="dark">
 *   <strong slot="header">消息</strong>
 * </tuikit-conversation>
 * ```
 *
 * @fires {CustomEvent<ConversationEventDetail>} tuikit-conversation-tap - The user opens a conversation.
 * @fires {CustomEvent<ConversationEventDetail>} tuikit-conversation-delete - The user has confirmed the deletion of a
 *   conversation. To keep the conversation, or to delete it in another way, prevent the default action.
 * @slot header - Above the rows; scrolls with them.
 * @slot empty - Replaces the default text if there is no conversation.
 * @slot extra:{conversationID} - At the end of the second line of that row, such as `extra:C2Calice`.
 * @csspart row - A row; also `row-pinned` and `row-selected`.
 * @csspart avatar - The picture of a row.
 * @csspart dot - The dot; also `dot-online`, `dot-offline` or `dot-stale`.
 * @csspart notice - The line that reports a lost connection, or an app that allows no statuses.
 * @csspart name - The name of the peer.
 * @csspart status - The custom status of the peer.
 * @csspart until - The time until the end of the custom status.
 * @csspart summary - The last message.
 * @csspart time - The time of the last message.
 * @csspart badge - The number of unread messages.
 * @csspart menu - The menu of a row.
 * @cssprop [--tuikit-conversation-row-height=4.75rem] - The height of a row.
 * @cssprop [--tuikit-avatar-size=3rem] - The size of the pictures.
 * @cssprop [--tuikit-background] - The background. Further colours and fonts, with the same prefix: `-text`,
 *   `-text-quiet`, `-line`, `-hover`, `-pinned`, `-active`, `-accent`, `-on-accent`, `-saying` (the custom status),
 *   `-badge`, `-on-badge`, `-warning`, `-on-warning`, `-danger`, `-online`, `-offline`, `-ring`, `-popup`, `-shadow`,
 *   `-font`, `-font-size`.
 */
@customElement("tuikit-conversation")
export class TuikitConversation extends ListElement<Conversation> {
  static override styles = [
    theme,
    placeholders,
    rowStyles,
    avatarStyles,
    rowMenuStyles,
    noticeStyles,
    conversationStyles,
  ];

  /**
   * Renders further content at the end of the second line of a row: a text, an element, or anything else that Lit can
   * render.
   */
  @property({ attribute: false })
  itemExtra: ((conversation: Conversation) => unknown) | null = null;

  readonly #sizer = new Measured(this, ".sizer", 76, () => this.#window);
  readonly #header = new Measured(this, ".header", 0, () => this.#window);
  readonly #window: ListWindow = new ListWindow(this, {
    scroller: () => this.scroller,
    height: () => this.#sizer.height,
    key: (index) => this.#rows[index]?.conversationID ?? `${index}`,
    before: () => this.#header.height,
    kept: () => [this.#currentIndex],
  });
  readonly #menu = new RowMenu(this, () => {
    this.list?.focus();
  });
  readonly #places = new Places<VirtualItem>();
  #source: readonly Conversation[] | null = null;
  #rows: readonly Conversation[] = [];
  /**
   * The names of the slots that the page has filled. Only their rows have a slot, because removing slots from a
   * document is slow.
   */
  #extras: ReadonlySet<string> = new Set();
  readonly #children = new MutationObserver(() => {
    this.requestUpdate();
  });
  #peers: readonly string[] = NOBODY;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#children.observe(this, { childList: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#children.disconnect();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const loaded = this.kit.kit?.conversations.state;
    const source = loaded?.is === "ready" ? loaded.items : null;
    if (source !== this.#source || changed.has("filter")) {
      this.#source = source;
      const { filter } = this;
      this.#rows = inOrder(filter === null ? (source ?? []) : (source ?? []).filter((one) => filter(one)));
      this.#peers = peersOf(this.#rows);
    }
    this.#extras = new Set(Array.from(this.children, ({ slot }) => slot));
    this.#window.setCount(this.#rows.length);
  }

  protected override render(): TemplateResult {
    const words = this.words;
    return html`
      <div class="sizer"></div>
      ${notice(this.kit.trouble, words)}
      <div class="scroller" @scroll=${this.#closeMenu}>
        <div class="header"><slot name="header"></slot></div>
        ${listBody(this.kit.kit?.conversations, words, {
          icon: chatsIcon,
          none: { title: words.noConversations, text: words.noConversationsHint },
          rows: this.#rows.length === 0 ? null : () => this.#list(words),
        })}
      </div>
      ${this.#menu.render(words)} ${this.renderResult()}
    `;
  }

  protected override updated(): void {
    const { first, last } = this.#window.visible;
    this.kit.shows(this.#peers, peersOf(this.#rows.slice(first, last + 1)));
  }

  get #currentIndex(): number {
    return this.currentID === ""
      ? -1
      : this.#rows.findIndex(({ conversationID }) => conversationID === this.currentID);
  }

  #list(words: Words): TemplateResult {
    const now = presentAt(this.kit.kit?.client);
    const current = this.#currentIndex;
    return html`<div
      class="list"
      role="listbox"
      tabindex="0"
      aria-label=${words.conversations}
      aria-activedescendant=${current < 0 ? nothing : rowID(current)}
      .style=${`block-size: ${this.#window.height}px`}
      @keydown=${this.#onKey}
      @focus=${this.#onFocus}
      @click=${this.#onClick}
      @contextmenu=${this.#gestures.onContextMenu}
      @pointerdown=${this.#gestures.touch.onDown}
      @pointermove=${this.#gestures.touch.onMove}
      @pointerup=${this.#gestures.touch.onUp}
      @pointercancel=${this.#gestures.touch.give}
    >
      ${this.#places.assign(this.#window.rows).map(({ row, isFree }) => this.#row(row, isFree, now, words))}
    </div>`;
  }

  #row({ index, start }: VirtualItem, isFree: boolean, now: number, words: Words): TemplateResult {
    const conversation = this.#rows[index];
    if (conversation === undefined) {
      return html``;
    }
    const { conversationID, unreadCount, isPinned } = conversation;
    const peer = peerOf(conversationID);
    const status = peer === undefined ? undefined : this.kit.status(peer);
    const name = conversationName(conversation);
    const time = lastTime(conversation);
    const { draft, text } = summaryOf(conversation, words);
    const isSelected = conversationID === this.selectedID;
    const isCurrent = conversationID === this.currentID;
    const kind = ["row", isPinned ? "pinned" : "", unreadCount > 0 ? "unread" : "", isCurrent ? "current" : ""].join(
      " ",
    );
    return html`<div
      class=${kind}
      part="row ${isPinned ? "row-pinned" : ""} ${isSelected ? "row-selected" : ""}"
      id=${isFree ? nothing : rowID(index)}
      ?hidden=${isFree}
      role="option"
      aria-selected=${isSelected}
      aria-setsize=${this.#rows.length}
      aria-posinset=${index + 1}
      data-index=${index}
      .style=${`transform: translateY(${start - this.#header.height}px)`}
    >
      ${avatar({
        userID: peer ?? conversationID,
        name,
        picture: conversation.userProfile?.avatar ?? "",
        status: status?.statusType,
        isStale: this.kit.isStale,
        words,
      })}
      <span class="body">
        <span class="line">
          <span class="name" part="name">${name}</span>
          ${
            time > 0
              ? html`<time class="time" part="time" datetime=${new Date(time * 1000).toISOString()}
                  >${listTime(time * 1000, now, words.locale)}</time
                >`
              : nothing
          }
        </span>
        ${customStatus(status, this.kit.endOf(status, words))}
        <span class="line">
          <span class="summary" part="summary"
            >${draft ? html`<span class="draft">${words.draft}</span> ` : nothing}${text}</span
          >
          <span class="marks">
            ${
              this.#extras.has(`extra:${conversationID}`)
                ? html`<slot name="extra:${conversationID}"></slot>`
                : (this.itemExtra?.(conversation) ?? nothing)
            }
            ${isPinned ? html`<span class="pin" role="img" aria-label=${words.pinned}>${pinIcon}</span>` : nothing}
            ${
              unreadCount > 0
                ? html`<span class="badge" part="badge" role="img" aria-label=${words.unread(unreadCount)}
                    >${badgeOf(unreadCount)}</span
                  >`
                : nothing
            }
            <span class="more" aria-hidden="true" title=${words.more}>${moreIcon}</span>
          </span>
        </span>
      </span>
    </div>`;
  }

  readonly #onFocus = (): void => {
    if (this.#currentIndex < 0) {
      const selected = this.#rows.find(({ conversationID }) => conversationID === this.selectedID);
      this.currentID = (selected ?? this.#rows[this.#window.visible.first] ?? this.#rows[0])?.conversationID ?? "";
    }
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const step = stepOf(event);
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    const current = this.#rows[this.#currentIndex];
    switch (step.to) {
      case "row":
        this.#move(step);
        break;
      case "open":
        this.#open(current);
        break;
      case "delete":
        if (current !== undefined) {
          this.#askDelete(current);
        }
        break;
      case "menu":
        if (current !== undefined) {
          this.#openMenu(current, this.#rowElement(this.#currentIndex));
        }
        break;
    }
  };

  #move(step: Extract<Step, { to: "row" }>): void {
    const { first, last } = this.#window.visible;
    const index = step.from({ index: this.#currentIndex, count: this.#rows.length, page: last - first });
    this.currentID = this.#rows[index]?.conversationID ?? "";
    this.#window.scrollTo(index, "auto");
  }

  readonly #onClick = (event: Event): void => {
    const row = rowOf(event.composedPath());
    const conversation = this.#rows[indexOf(event.composedPath())];
    if (row === undefined || conversation === undefined || this.#gestures.touch.wasLong) {
      return;
    }
    this.currentID = conversation.conversationID;
    if (event.composedPath().some((node) => node instanceof Element && node.classList.contains("more"))) {
      this.#openMenu(conversation, row.querySelector(".more"));
    } else {
      this.#open(conversation);
    }
  };

  readonly #gestures = new MenuGestures((path) => {
    const conversation = this.#rows[indexOf(path)];
    if (conversation === undefined) {
      return undefined;
    }
    this.currentID = conversation.conversationID;
    return (at) => {
      this.#openMenu(conversation, at);
    };
  });

  readonly #closeMenu = (): void => {
    this.#menu.close();
  };

  #rowElement(index: number): Element | null {
    return this.renderRoot.querySelector(`#${rowID(index)}`);
  }

  #open(conversation: Conversation | undefined): void {
    if (conversation !== undefined) {
      this.#emit("tuikit-conversation-tap", conversation);
    }
  }

  #openMenu(conversation: Conversation, at: Anchor | null): void {
    this.#menu.open(() => this.#items(conversation), at ?? this);
  }

  #items(conversation: Conversation): MenuItem[] {
    const words = this.words;
    const { conversationID, isPinned, unreadCount } = conversation;
    const client = this.kit.kit?.client;
    const userID = peerOf(conversationID);
    return [
      {
        text: isPinned ? words.unpin : words.pin,
        act: () => {
          this.attempt(() => client?.pinConversation({ conversationID, isPinned: !isPinned }));
        },
      },
      ...(unreadCount > 0
        ? [
            {
              text: words.markRead,
              act: () => {
                this.attempt(() => client?.setMessageRead({ conversationID }));
              },
            },
          ]
        : []),
      ...(userID === undefined
        ? []
        : blockItems({ userID, name: conversationName(conversation) }, words, {
            ask: (question) => {
              this.#menu.ask(question, this.#elementOf(conversation));
            },
            attempt: (call, done) => {
              this.attempt(call, done);
            },
          })),
      {
        text: words.remove,
        isDangerous: true,
        act: () => {
          this.#askDelete(conversation);
        },
      },
    ];
  }

  /** The row of a conversation, or this element if the row is not drawn. */
  #elementOf({ conversationID }: Conversation): Element {
    return this.#rowElement(this.#rows.findIndex((one) => one.conversationID === conversationID)) ?? this;
  }

  #askDelete(conversation: Conversation): void {
    const words = this.words;
    this.#menu.ask(
      {
        title: words.removeTitle,
        text: words.removeText(conversationName(conversation)),
        yes: words.remove,
        no: words.cancel,
        act: () => {
          if (this.#emit("tuikit-conversation-delete", conversation)) {
            this.attempt(() => this.kit.kit?.client.deleteConversation(conversation.conversationID));
          }
        },
      },
      this.#elementOf(conversation),
    );
  }

  /** Dispatches an event. Returns false if a listener has prevented the default action. */
  #emit(name: keyof ConversationEvents, conversation: Conversation): boolean {
    const detail: ConversationEventDetail = { conversation };
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }
}

function rowID(index: number): string {
  return `row-${index}`;
}

interface ConversationEvents {
  "tuikit-conversation-tap": CustomEvent<ConversationEventDetail>;
  "tuikit-conversation-delete": CustomEvent<ConversationEventDetail>;
}

declare global {
  interface HTMLElementTagNameMap {
    "tuikit-conversation": TuikitConversation;
  }
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an interface is what can be merged
  interface HTMLElementEventMap extends ConversationEvents {}
}
