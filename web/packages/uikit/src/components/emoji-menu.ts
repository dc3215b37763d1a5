/** The menu with the emojis of a custom status. It is in the top layer, so that its surroundings do not clip it. */

import { css, html, nothing, type ReactiveControllerHost, type TemplateResult } from "lit";
import { smileIcon } from "./icons.js";
import type { Words } from "../words/words.js";

export interface EmojiMenuOptions {
  /** Called with the chosen emoji; with an empty text if the user chooses none. */
  readonly onChoice: (emoji: string) => void;
}

/** The number of emojis in a row of the menu. */
const COLUMNS = 8;
/** The distance between the menu and the edge of the window, in pixels. */
const MARGIN = 8;

export class EmojiMenu {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #onChoice: EmojiMenuOptions["onChoice"];
  #isOpen = false;

  constructor(host: ReactiveControllerHost & HTMLElement, { onChoice }: EmojiMenuOptions) {
    this.#host = host;
    this.#onChoice = onChoice;
  }

  /** Renders the button that opens the menu, and the open menu. */
  render(chosen: string, emojis: readonly string[], words: Words): TemplateResult {
    const items = chosen === "" || emojis.includes(chosen) ? emojis : [chosen, ...emojis];
    return html`<button
        class="emoji-button"
        part="emoji"
        type="button"
        aria-haspopup="menu"
        aria-expanded=${this.#isOpen}
        aria-label=${chosen === "" ? words.emoji : `${words.emoji}: ${chosen}`}
        title=${words.emoji}
        @click=${this.#open}
      >
        ${chosen === "" ? smileIcon : chosen}
      </button>
      ${
        this.#isOpen
          ? html`<div
              class="emojis"
              popover="auto"
              role="menu"
              aria-label=${words.emoji}
              @keydown=${this.#onKey}
              @toggle=${this.#onToggle}
            >
              ${items.map((emoji) => this.#item(emoji, emoji === chosen, emoji))}
              ${this.#item("", chosen === "", words.noEmoji)}
            </div>`
          : nothing
      }`;
  }

  #item(emoji: string, isChosen: boolean, text: string): TemplateResult {
    return html`<button
      type="button"
      role="menuitemradio"
      aria-checked=${isChosen}
      tabindex="-1"
      class=${emoji === "" ? "none" : ""}
      @click=${() => {
        this.#menu?.hidePopover();
        this.#onChoice(emoji);
      }}
    >
      ${text}
    </button>`;
  }

  get #menu(): HTMLElement | null {
    return this.#host.shadowRoot?.querySelector<HTMLElement>(".emojis") ?? null;
  }

  get #button(): HTMLElement | null {
    return this.#host.shadowRoot?.querySelector<HTMLElement>(".emoji-button") ?? null;
  }

  readonly #open = async (): Promise<void> => {
    if (this.#isOpen) {
      this.#menu?.hidePopover();
      return;
    }
    this.#isOpen = true;
    this.#host.requestUpdate();
    await this.#host.updateComplete;
    const [menu, button] = [this.#menu, this.#button];
    if (menu === null || button === null) {
      return;
    }
    menu.showPopover();
    place(menu, button);
    const chosen = menu.querySelector<HTMLElement>('[aria-checked="true"]');
    (chosen ?? menu.querySelector<HTMLElement>("button"))?.focus();
  };

  readonly #onToggle = (event: ToggleEvent): void => {
    if (event.newState === "closed") {
      this.#isOpen = false;
      this.#host.requestUpdate();
      // If the user has clicked elsewhere, that click has already moved the focus.
      const focused = this.#host.shadowRoot?.activeElement;
      if (focused === null || focused === undefined || this.#menu?.contains(focused) === true) {
        this.#button?.focus();
      }
    }
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const buttons = [...(this.#menu?.querySelectorAll<HTMLElement>("button") ?? [])];
    const active = buttons.findIndex((button) => button === this.#host.shadowRoot?.activeElement);
    const forward = getComputedStyle(this.#host).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backward = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
    const to = new Map([
      [forward, active + 1],
      [backward, active - 1],
      ["ArrowDown", Math.min(active + COLUMNS, buttons.length - 1)],
      ["ArrowUp", Math.max(active - COLUMNS, 0)],
      ["Home", 0],
      ["End", -1],
    ]).get(event.key);
    if (to !== undefined) {
      event.preventDefault();
      buttons.at(to % buttons.length)?.focus();
    } else if (event.key === "Tab") {
      this.#menu?.hidePopover();
    } else if (event.key === "Escape") {
      // The browser closes the menu. The editor behind it must not close as well.
      event.stopPropagation();
    }
  };
}

/** Places the menu below the button, within the window. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const { width, height } = menu.getBoundingClientRect();
  const box = button.getBoundingClientRect();
  const x = getComputedStyle(menu).direction === "rtl" ? box.right - width : box.left;
  menu.style.left = `${Math.max(MARGIN, Math.min(x, window.innerWidth - width - MARGIN))}px`;
  menu.style.top = `${Math.max(MARGIN, Math.min(box.bottom + MARGIN, window.innerHeight - height - MARGIN))}px`;
}

export const emojiMenuStyles = css`
  .emoji-button {
    flex: none;
    display: grid;
    place-items: center;
    inline-size: 2.5rem;
    padding: 0;
    font-size: 1.25rem;
    line-height: 1;
  }
  .emoji-button svg,
  .status svg {
    display: block;
    inline-size: 1.25rem;
    block-size: 1.25rem;
    color: var(--_text-quiet);
  }
  .emojis:popover-open {
    position: fixed;
    inset: auto;
    display: grid;
    grid-template-columns: repeat(8, 2.25rem);
    gap: 0.125rem;
    margin: 0;
    padding: 0.375rem;
    border: 0;
    border-radius: 0.75rem;
    background: var(--_popup);
    color: var(--_text);
    box-shadow: var(--_shadow);
  }
  .emojis button {
    display: grid;
    place-items: center;
    min-block-size: 2.25rem;
    padding: 0;
    border: 0;
    background: none;
    font-size: 1.25rem;
    line-height: 1;
  }
  .emojis .none {
    grid-column: 1 / -1;
    font-size: 0.875rem;
  }
  .emojis button:hover,
  .emojis button:focus-visible {
    background: var(--_hover);
  }
  .emojis button[aria-checked="true"] {
    background: var(--_active);
  }
`;
