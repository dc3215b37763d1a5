/** The list of blocked users. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { ChatClient, Profile } from "../client.js";
import { currentKit, onKitChange, TUIKit } from "../kit.js";
import type { LoadedList } from "../loaded-list.js";
import { type BlockedRow, blockedRows } from "../rows/blocked-rows.js";
import { reasonOf } from "../words/reasons.js";
import { type Words, wordsOf } from "../words/words.js";
import { avatar, avatarStyles } from "./avatar.js";
import { questionOf } from "./blocking.js";
import { peopleIcon } from "./icons.js";
import { listBody } from "./list-parts.js";
import { RowMenu, rowMenuStyles } from "./row-menu.js";
import { placeholders, theme } from "./theme.js";

/** The number of profiles that are read with one call. */
const BATCH = 100;

/**
 * The list of blocked users, sorted by their names. Each row has a button that ends the block after a confirmation. The
 * list also changes when another device of the user blocks or unblocks somebody.
 *
 * ```html
 * <tuikit-block-list></tuikit-block-list>
 * ```
 *
 * ```html
 * <tuikit-block-list theme="dark" language="zh"></tuikit-block-list>
 * ```
 *
 * @slot empty - Replaces the default text if nobody is blocked.
 * @csspart row - A blocked user.
 * @csspart avatar - The picture of a user.
 * @csspart name - The name of a user.
 * @csspart unblock - The button that ends the block.
 * @csspart menu - The confirmation.
 * @cssprop [--tuikit-avatar-size=2.5rem] - The size of the pictures.
 * @cssprop [--tuikit-background] - The background. Further colours and fonts, with the same prefix: `-text`,
 *   `-text-quiet`, `-line`, `-hover`, `-accent`, `-on-accent`, `-danger`, `-popup`, `-shadow`, `-font`, `-font-size`.
 */
@customElement("tuikit-block-list")
export class TuikitBlockList extends LitElement {
  static override styles = [
    theme,
    placeholders,
    avatarStyles,
    rowMenuStyles,
    css`
      :host {
        display: block;
        overflow-y: auto;
        --_avatar-size: var(--tuikit-avatar-size, 2.5rem);
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        align-items: center;
        gap: 0.875rem;
        padding: 0.625rem 1rem;
      }
      .names {
        flex: 1;
        min-inline-size: 0;
      }
      .name,
      .id {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        unicode-bidi: plaintext;
        text-align: start;
      }
      .name {
        font-weight: 600;
      }
      .id {
        font-size: 0.8125em;
        color: var(--_text-quiet);
      }
      .unblock {
        flex: none;
        padding: 0.375rem 0.75rem;
        border: 1px solid var(--_line);
        border-radius: 0.625rem;
        background: var(--_background);
        color: inherit;
        font: inherit;
        font-size: 0.875em;
        cursor: pointer;
      }
      .unblock:hover {
        background: var(--_hover);
      }
      :is(.unblock, .content):focus-visible {
        outline: 2px solid var(--_accent);
        outline-offset: 1px;
      }
      .error {
        margin: 0;
        padding: 0.625rem 1rem;
        color: var(--_danger);
        font-size: 0.875em;
      }
      .error:empty {
        display: none;
      }
    `,
  ];

  /** The language: `en` or `zh`. Default: the language of the kit, or else the language of the page. */
  @property()
  language = "";

  /** The theme: `light` or `dark`; default: the browser's setting. */
  @property({ reflect: true })
  theme: "light" | "dark" | "" = "";

  @state() private problem = "";
  @state() private announcement = "";

  #client: ChatClient | undefined;
  #stopKit: (() => void) | null = null;
  #rows: readonly BlockedRow[] = [];
  /** The profiles of users who are in no list. */
  #profiles: ReadonlyMap<string, Profile> = new Map();
  /** The users whose profiles were requested. */
  readonly #requested = new Set<string>();
  /** The user whose row gets the focus after the confirmation. */
  #asked = "";
  readonly #menu = new RowMenu(this, () => {
    void this.#focusOn(this.#asked);
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stopKit = onKitChange(() => {
      this.requestUpdate();
    });
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopKit?.();
  }

  protected override willUpdate(): void {
    const kit = currentKit();
    if (kit?.client !== this.#client) {
      this.#client = kit?.client;
      this.#profiles = new Map();
      this.#requested.clear();
    }
    const known = {
      friends: itemsOf(kit?.friends),
      conversations: itemsOf(kit?.conversations),
      profiles: this.#profiles,
    };
    this.#rows = blockedRows(itemsOf(kit?.blocked), known, this.#words.locale);
  }

  protected override render(): TemplateResult {
    const words = this.#words;
    return html`<div class="content" tabindex="-1">
        ${listBody(currentKit()?.blocked, words, {
          icon: peopleIcon,
          none: { title: words.noBlocked, text: words.noBlockedHint },
          rows: this.#rows.length === 0 ? null : () => this.#list(words),
        })}
      </div>
      <p class="error" role="alert">${this.problem}</p>
      <span class="hidden-text" role="status">${this.announcement}</span>
      ${this.#menu.render(words)} `;
  }

  protected override updated(): void {
    const kit = currentKit();
    // The names of friends and peers come with their lists.
    if (kit?.friends.state.is === "ready" && kit.conversations.state.is === "ready") {
      void this.#readProfiles(kit.client);
    }
  }

  /** Focuses the first button. */
  override focus(options?: FocusOptions): void {
    this.renderRoot.querySelector<HTMLElement>(".unblock")?.focus(options);
  }

  get #words(): Words {
    return wordsOf(this.language || TUIKit.config.language || document.documentElement.lang);
  }

  #list(words: Words): TemplateResult {
    return html`<ul aria-label=${words.blockList}>
      ${repeat(
        this.#rows,
        ({ userID }) => userID,
        ({ userID, name, picture }) =>
          html`<li part="row" data-user=${userID}>
            ${avatar({ userID, name, picture, status: undefined, words })}
            <span class="names">
              <span class="name" part="name">${name}</span>
              ${name === userID ? nothing : html`<span class="id">${userID}</span>`}
            </span>
            <button
              class="unblock"
              part="unblock"
              type="button"
              aria-label=${words.unblockUser(name)}
              @click=${(event: Event) => {
                this.#ask({ userID, name }, event.currentTarget as Element);
              }}
            >
              ${words.unblock}
            </button>
          </li>`,
      )}
    </ul>`;
  }

  #ask(meant: { readonly userID: string; readonly name: string }, at: Element): void {
    this.#asked = meant.userID;
    const question = questionOf(meant, true, this.#words, (call, done) => {
      this.#attempt(call, done);
    });
    this.#menu.ask(question, at);
  }

  #attempt(call: () => Promise<unknown> | undefined, done: string): void {
    const place = this.#rows.findIndex(({ userID }) => userID === this.#asked);
    this.problem = "";
    this.announcement = "";
    call()?.then(
      async () => {
        this.announcement = done;
        await this.updateComplete;
        this.#asked = (this.#rows[place] ?? this.#rows.at(-1))?.userID ?? "";
        // The removed row had the focus.
        if (document.activeElement === document.body) {
          await this.#focusOn(this.#asked);
        }
      },
      (error: unknown) => {
        this.problem = this.#words.actionFailed(reasonOf(error, this.#words));
      },
    );
  }

  /** Focuses the button of a user, or else this element. */
  async #focusOn(userID: string): Promise<void> {
    await this.updateComplete;
    const row = [...this.renderRoot.querySelectorAll("li")].find(({ dataset }) => dataset["user"] === userID);
    (row?.querySelector("button") ?? this.renderRoot.querySelector<HTMLElement>(".content"))?.focus();
  }

  /** Reads the profiles of users who are in no list. If that fails, their userIDs stay visible. */
  async #readProfiles(client: ChatClient): Promise<void> {
    const missing = this.#rows
      .filter(({ userID, isStranger }) => isStranger && !this.#requested.has(userID))
      .map(({ userID }) => userID);
    missing.forEach((userID) => this.#requested.add(userID));
    for (let from = 0; from < missing.length; from += BATCH) {
      try {
        const answer = await client.getUserProfile?.({ userIDList: missing.slice(from, from + BATCH) });
        if (client !== this.#client) {
          return;
        }
        const read = (answer?.data ?? []).map((profile) => [profile.userID, profile] as const);
        this.#profiles = new Map([...this.#profiles, ...read]);
        this.requestUpdate();
      } catch {
        return;
      }
    }
  }
}

function itemsOf<T>(list: LoadedList<T> | undefined): readonly T[] {
  const state = list?.state;
  return state?.is === "ready" ? state.items : [];
}

declare global {
  interface HTMLElementTagNameMap {
    "tuikit-block-list": TuikitBlockList;
  }
}
