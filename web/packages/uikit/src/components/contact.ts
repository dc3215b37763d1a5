/** The list of contacts. */

import type { VirtualItem } from "@tanstack/virtual-core";
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Friend } from "../client.js";
import { type Contacts, contactsOf } from "../rows/contact-rows.js";
import { loadPinyin, needsPinyin, type Pinyin } from "../rows/initials.js";
import { friendName } from "../rows/names.js";
import type { Words } from "../words/words.js";
import { avatar, avatarStyles } from "./avatar.js";
import { blockItems, hasBlockList } from "./blocking.js";
import { moreIcon, peopleIcon } from "./icons.js";
import { type LetterChosen, letterBar, letterBarStyles } from "./letter-bar.js";
import { ListElement } from "./list-element.js";
import { stepOf } from "./list-keys.js";
import { customStatus, indexOf, listBody, rowOf } from "./list-parts.js";
import { ListWindow } from "./list-window.js";
import { Measured } from "./measured.js";
import { MenuGestures } from "./menu-gestures.js";
import { Places } from "./places.js";
import { notice, noticeStyles } from "./notice.js";
import { type Anchor, type MenuItem, RowMenu, rowMenuStyles } from "./row-menu.js";
import { rowStyles } from "./row-styles.js";
import { placeholders, theme } from "./theme.js";

/** The details of the contact list's event. */
export interface ContactEventDetail {
  friend: Friend;
}

const NOBODY: readonly Friend[] = [];

/** The pinyin table for all lists of the page; null until it is loaded. */
let pinyin: Pinyin | null = null;

/**
 * The list of the user's friends, grouped by the first letter of the name. For a Chinese name, it is the first letter
 * of the pinyin. A row has the friend's picture, name, online status and custom status. The header of the current
 * letter stays at the top. The bar at the side jumps to a letter.
 *
 * Keys: the arrows, Home, End, Page Up and Page Down move; Enter or Space opens; a letter jumps to that letter. In the
 * bar, the arrows, Home and End move between letters. Shift+F10, the menu key, a right click or a long press opens the
 * menu of a contact, which can block and unblock.
 *
 * ```html
 * <tuikit-contact></tuikit-contact>
 * ```
 *
 * ```html
 * <tuikit-contact is-show-online-status="false"></tuikit-contact>
 * ```
 *
 * ```html
 * <tuikit-contact theme="dark" language="zh">
 *   <strong slot="top">新的联系人</strong>
 * </tuikit-contact>
 * ```
 *
 * @fires {CustomEvent<ContactEventDetail>} tuikit-contact-tap - The user opens a contact.
 * @slot top - Above the first letter; scrolls with the list.
 * @slot empty - Replaces the default text if there is no contact.
 * @csspart row - A contact; also `row-selected`.
 * @csspart letter - The header of a letter.
 * @csspart avatar - The picture of a contact.
 * @csspart dot - The dot; also `dot-online`, `dot-offline` or `dot-stale`.
 * @csspart notice - The line that reports a lost connection, or an app that allows no statuses.
 * @csspart name - The name of a contact.
 * @csspart status - The custom status of a contact.
 * @csspart until - The time until the end of the custom status.
 * @csspart index - The bar of letters.
 * @csspart menu - The menu of a contact.
 * @cssprop [--tuikit-contact-row-height=3.75rem] - The height of a contact.
 * @cssprop [--tuikit-letter-height=2rem] - The height of a letter's header.
 * @cssprop [--tuikit-avatar-size=2.5rem] - The size of the pictures.
 * @cssprop [--tuikit-background] - The background. Further colours and fonts, with the same prefix: `-text`,
 *   `-text-quiet`, `-line`, `-hover`, `-active`, `-accent`, `-on-accent`, `-saying` (the custom status), `-warning`,
 *   `-on-warning`, `-danger`, `-online`, `-offline`, `-ring`, `-popup`, `-shadow`, `-font`, `-font-size`.
 */
@customElement("tuikit-contact")
export class TuikitContact extends ListElement<Friend> {
  static override styles = [
    theme,
    placeholders,
    rowStyles,
    avatarStyles,
    rowMenuStyles,
    letterBarStyles,
    noticeStyles,
    css`
      :host {
        --_avatar-size: var(--tuikit-avatar-size, 2.5rem);
      }
      .sizer.of-rows,
      .row {
        block-size: var(--tuikit-contact-row-height, 3.75rem);
      }
      .sizer.of-letters,
      .letter {
        block-size: var(--tuikit-letter-height, 2rem);
      }
      .has-bar .row {
        padding-inline-end: 2.25rem;
      }
      .letter {
        position: absolute;
        inset-block-start: 0;
        inset-inline: 0;
        display: flex;
        align-items: center;
        padding-inline: 1rem;
        background: var(--_background);
        color: var(--_text-quiet);
        font-size: 0.8125em;
        font-weight: 600;
      }
      .letter.sticky {
        position: sticky;
        z-index: 2;
      }
    `,
  ];

  @state() private hasPinyin = pinyin !== null;

  readonly #rowSizer = new Measured(this, ".sizer.of-rows", 60, () => this.#window);
  readonly #letterSizer = new Measured(this, ".sizer.of-letters", 32, () => this.#window);
  readonly #top = new Measured(this, ".header", 0, () => this.#window);
  readonly #window: ListWindow = new ListWindow(this, {
    scroller: () => this.scroller,
    height: (index) => (this.#contacts.rows[index]?.is === "letter" ? this.#letterSizer : this.#rowSizer).height,
    key: (index) => {
      const row = this.#contacts.rows[index];
      return row === undefined ? `${index}` : row.is === "letter" ? `letter ${row.letter}` : row.friend.userID;
    },
    before: () => this.#top.height,
    kept: ({ startIndex }) => [this.#currentRow, this.#stickyRow(startIndex)],
  });
  readonly #menu = new RowMenu(this, () => {
    this.list?.focus();
  });
  readonly #places = new Places<VirtualItem>();
  #source: readonly Friend[] = NOBODY;
  #sortedIn = "";
  #contacts: Contacts = contactsOf([], null, "en");

  protected override willUpdate(changed: PropertyValues<this>): void {
    const loaded = this.kit.kit?.friends.state;
    const source = loaded?.is === "ready" ? loaded.items : NOBODY;
    const how = `${this.words.locale} ${this.hasPinyin}`;
    if (source !== this.#source || changed.has("filter") || how !== this.#sortedIn) {
      this.#source = source;
      this.#sortedIn = how;
      const { filter } = this;
      const friends = filter === null ? source : source.filter((friend) => filter(friend));
      this.#contacts = contactsOf(friends, pinyin, this.words.locale);
      void this.#needPinyin(friends);
      this.#window.setCount(0);
    }
    this.#window.setCount(this.#contacts.rows.length);
  }

  protected override render(): TemplateResult {
    const words = this.words;
    const friends = this.kit.kit?.friends;
    const hasRows = friends?.state.is === "ready" && this.#contacts.rows.length > 0;
    return html`
      <div class="sizer of-rows"></div>
      <div class="sizer of-letters"></div>
      ${notice(this.kit.trouble, words)}
      <div class="scroller ${hasRows ? "has-bar" : ""}" @scroll=${this.#closeMenu}>
        <div class="header"><slot name="top"></slot></div>
        ${listBody(friends, words, {
          icon: peopleIcon,
          none: { title: words.noContacts, text: words.noContactsHint },
          rows: hasRows ? () => this.#list(words) : null,
        })}
      </div>
      ${hasRows ? letterBar(this.#contacts.letters, this.#letterInSight, words, this.#onLetter) : nothing}
      ${this.#menu.render(words)} ${this.renderResult()}
    `;
  }

  protected override updated(): void {
    const { first, last } = this.#window.visible;
    const seen = this.#contacts.rows.slice(first, last + 1);
    this.kit.shows(
      this.#contacts.users,
      seen.flatMap((row) => (row.is === "friend" ? [row.friend.userID] : [])),
    );
  }

  get #currentRow(): number {
    return this.currentID === ""
      ? -1
      : this.#contacts.rows.findIndex((row) => row.is === "friend" && row.friend.userID === this.currentID);
  }

  get #letterInSight(): string {
    const row = this.#contacts.rows[this.#stickyRow(this.#window.visible.first)];
    return row?.is === "letter" ? row.letter : "";
  }

  /** Returns the index of the header that belongs to a row. */
  #stickyRow(index: number): number {
    let found = -1;
    for (const at of this.#contacts.letters.values()) {
      if (at > index) {
        break;
      }
      found = at;
    }
    return found;
  }

  #list(words: Words): TemplateResult {
    const current = this.#currentRow;
    const sticky = this.#stickyRow(this.#window.visible.first);
    const drawn = this.#window.rows;
    const isLetter = ({ index }: VirtualItem) => this.#contacts.rows[index]?.is === "letter";
    return html`<div
      class="list"
      role="listbox"
      tabindex="0"
      aria-label=${words.contacts}
      aria-activedescendant=${current < 0 ? nothing : `row-${current}`}
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
      ${repeat(
        drawn.filter(isLetter),
        ({ key }) => key,
        (item) => this.#letter(item, item.index === sticky),
      )}
      ${this.#places
        .assign(drawn.filter((item) => !isLetter(item)))
        .map(({ row, isFree }) => this.#friend(row, isFree, words))}
    </div>`;
  }

  #letter({ index, start }: VirtualItem, isSticky: boolean): TemplateResult {
    const row = this.#contacts.rows[index];
    const style = isSticky ? "" : `transform: translateY(${start - this.#top.height}px)`;
    return html`<div class="letter ${isSticky ? "sticky" : ""}" part="letter" aria-hidden="true" .style=${style}>
      ${row?.is === "letter" ? row.letter : nothing}
    </div>`;
  }

  #friend({ index, start }: VirtualItem, isFree: boolean, words: Words): TemplateResult {
    const row = this.#contacts.rows[index];
    if (row?.is !== "friend") {
      return html``;
    }
    const { userID, profile } = row.friend;
    const status = this.kit.status(userID);
    const isSelected = userID === this.selectedID;
    return html`<div
      class="row ${userID === this.currentID ? "current" : ""}"
      part="row ${isSelected ? "row-selected" : ""}"
      id=${isFree ? nothing : `row-${index}`}
      ?hidden=${isFree}
      role="option"
      aria-selected=${isSelected}
      aria-setsize=${this.#contacts.users.length}
      aria-posinset=${row.place}
      data-index=${index}
      .style=${`transform: translateY(${start - this.#top.height}px)`}
    >
      ${avatar({
        userID,
        name: row.name,
        picture: profile.avatar,
        status: status?.statusType,
        isStale: this.kit.isStale,
        words,
      })}
      <span class="body">
        <span class="name" part="name">${row.name}</span>
        ${customStatus(status, this.kit.endOf(status, words))}
      </span>
      ${this.#hasMenu ? html`<span class="more" aria-hidden="true" title=${words.more}>${moreIcon}</span>` : nothing}
    </div>`;
  }

  readonly #onFocus = (): void => {
    if (this.#currentRow < 0) {
      const { users, rows } = this.#contacts;
      const seen = rows.slice(this.#window.visible.first).find((row) => row.is === "friend");
      const first = seen?.is === "friend" ? seen.friend.userID : (users[0] ?? "");
      this.currentID = users.includes(this.selectedID) ? this.selectedID : first;
    }
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const { rows, users, letters } = this.#contacts;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (isPlain && /^[a-z#]$/i.test(event.key)) {
      event.preventDefault();
      const at = letters.get(event.key.toUpperCase());
      if (at !== undefined) {
        this.#goTo(at + 1);
      }
      return;
    }
    const step = stepOf(event);
    if (step?.to === "row") {
      event.preventDefault();
      const { first, last } = this.#window.visible;
      const index = users.indexOf(this.currentID);
      const user = users[step.from({ index, count: users.length, page: last - first })];
      this.#goTo(rows.findIndex((row) => row.is === "friend" && row.friend.userID === user));
    } else if (step?.to === "open") {
      event.preventDefault();
      this.#open(this.#currentRow);
    } else if (step?.to === "menu" && this.#hasMenu) {
      event.preventDefault();
      const row = rows[this.#currentRow];
      if (row?.is === "friend") {
        this.#openMenu(row.friend, this.#elementOf(row.friend));
      }
    }
  };

  #goTo(index: number): void {
    const row = this.#contacts.rows[index];
    if (row?.is !== "friend") {
      return;
    }
    this.currentID = row.friend.userID;
    const { first } = this.#window.visible;
    // The sticky header must not cover the row.
    if (index <= first + 1) {
      this.#window.scrollTo(Math.max(0, index - 1), "start");
    } else {
      this.#window.scrollTo(index, "auto");
    }
  }

  readonly #onLetter: LetterChosen = (letter) => {
    const at = this.#contacts.letters.get(letter);
    if (at !== undefined) {
      this.#window.scrollTo(at, "start");
    }
  };

  readonly #onClick = (event: Event): void => {
    const index = indexOf(event.composedPath());
    const row = this.#contacts.rows[index];
    const path = event.composedPath();
    if (row?.is !== "friend" || this.#gestures.touch.wasLong) {
      return;
    }
    this.currentID = row.friend.userID;
    if (path.some((node) => node instanceof Element && node.classList.contains("more"))) {
      this.#openMenu(row.friend, rowOf(path)?.querySelector(".more") ?? this);
    } else {
      this.#open(index);
    }
  };

  readonly #gestures = new MenuGestures((path) => {
    const row = this.#contacts.rows[indexOf(path)];
    if (row?.is !== "friend" || !this.#hasMenu) {
      return undefined;
    }
    this.currentID = row.friend.userID;
    return (at) => {
      this.#openMenu(row.friend, at);
    };
  });

  readonly #closeMenu = (): void => {
    this.#menu.close();
  };

  /** Whether the menu has items. Its only item blocks or unblocks a user. */
  get #hasMenu(): boolean {
    const client = this.kit.kit?.client;
    return client !== undefined && hasBlockList(client);
  }

  #openMenu(friend: Friend, at: Anchor): void {
    this.#menu.open(() => this.#items(friend), at);
  }

  #items(friend: Friend): MenuItem[] {
    return blockItems({ userID: friend.userID, name: friendName(friend) }, this.words, {
      ask: (question) => {
        this.#menu.ask(question, this.#elementOf(friend));
      },
      attempt: (call, done) => {
        this.attempt(call, done);
      },
    });
  }

  /** The row of a friend, or this element if the row is not drawn. */
  #elementOf({ userID }: Friend): Element {
    const index = this.#contacts.rows.findIndex((row) => row.is === "friend" && row.friend.userID === userID);
    return this.renderRoot.querySelector(`#row-${index}`) ?? this;
  }

  #open(index: number): void {
    const row = this.#contacts.rows[index];
    if (row?.is === "friend") {
      const detail: ContactEventDetail = { friend: row.friend };
      this.dispatchEvent(new CustomEvent("tuikit-contact-tap", { detail, bubbles: true, composed: true }));
    }
  }

  /** Loads the pinyin table. Before it is loaded, Chinese names are grouped under `#`. */
  async #needPinyin(friends: readonly Friend[]): Promise<void> {
    if (pinyin === null && needsPinyin(friends.map(friendName))) {
      // If loading fails, Chinese names stay under `#`, and the next change of the list tries again.
      pinyin = await loadPinyin().catch(() => null);
    }
    this.hasPinyin = pinyin !== null;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tuikit-contact": TuikitContact;
  }
  interface HTMLElementEventMap {
    "tuikit-contact-tap": CustomEvent<ContactEventDetail>;
  }
}
