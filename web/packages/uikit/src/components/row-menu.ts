/**
 * The menu of a row, and the confirmation of an action. Both are in the top layer, so that the list does not clip
 * them.
 */

import { css, html, nothing, type ReactiveControllerHost, type TemplateResult } from "lit";
import type { Words } from "../words/words.js";

export interface MenuItem {
  readonly text: string;
  readonly isDangerous?: boolean;
  readonly act: () => void;
}

export interface Question {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly no: string;
  /** Whether the action removes nothing. If false or undefined, the button has the colour of danger. */
  readonly isHarmless?: boolean;
  readonly act: () => void;
}

type Content =
  | { readonly is: "closed" }
  | { readonly is: "menu"; readonly items: () => readonly MenuItem[] }
  | { readonly is: "question"; readonly question: Question };

/** The place at which a menu opens: beside an element, or at a point of the window. */
export type Anchor = Element | { readonly x: number; readonly y: number };

/** The distance between the menu and the edge of the window, in pixels. */
const MARGIN = 8;

export class RowMenu {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #giveFocusBack: () => void;
  #content: Content = { is: "closed" };

  constructor(host: ReactiveControllerHost & HTMLElement, giveFocusBack: () => void) {
    this.#host = host;
    this.#giveFocusBack = giveFocusBack;
  }

  /** Opens the menu. Its items are read at each rendering, so that they can change while the menu is open. */
  open(items: () => readonly MenuItem[], at: Anchor): void {
    void this.#show({ is: "menu", items }, at);
  }

  ask(question: Question, at: Anchor): void {
    void this.#show({ is: "question", question }, at);
  }

  close(): void {
    if (this.#content.is !== "closed") {
      this.#popup?.hidePopover();
    }
  }

  render(words: Words): TemplateResult | typeof nothing {
    const content = this.#content;
    switch (content.is) {
      case "closed":
        return nothing;
      case "menu":
        return html`<div
          class="popup"
          part="menu"
          popover="auto"
          role="menu"
          aria-label=${words.more}
          @keydown=${this.#onKey}
          @toggle=${this.#onToggle}
        >
          ${content.items().map(
            (item) =>
              html`<button
                type="button"
                role="menuitem"
                tabindex="-1"
                class=${item.isDangerous === true ? "dangerous" : ""}
                @click=${() => {
                  this.#finish(item.act);
                }}
              >
                ${item.text}
              </button>`,
          )}
        </div>`;
      case "question":
        return html`<div
          class="popup question"
          part="menu"
          popover="auto"
          role="alertdialog"
          aria-labelledby="question-title"
          aria-describedby="question-text"
          @keydown=${this.#onKey}
          @toggle=${this.#onToggle}
        >
          <strong id="question-title">${content.question.title}</strong>
          <span id="question-text">${content.question.text}</span>
          <span class="choices">
            <button
              type="button"
              @click=${() => {
                this.close();
              }}
            >
              ${content.question.no}
            </button>
            <button
              type="button"
              class=${content.question.isHarmless === true ? "" : "dangerous"}
              @click=${() => {
                this.#finish(content.question.act);
              }}
            >
              ${content.question.yes}
            </button>
          </span>
        </div>`;
    }
  }

  get #popup(): HTMLElement | null {
    return this.#host.shadowRoot?.querySelector<HTMLElement>(".popup") ?? null;
  }

  get #buttons(): HTMLElement[] {
    return [...(this.#popup?.querySelectorAll<HTMLElement>("button") ?? [])];
  }

  async #show(content: Content, at: Anchor): Promise<void> {
    this.close();
    this.#content = content;
    this.#host.requestUpdate();
    await this.#host.updateComplete;
    const popup = this.#popup;
    if (popup === null) {
      return;
    }
    popup.showPopover();
    place(popup, at);
    this.#buttons[0]?.focus();
  }

  #finish(act: () => void): void {
    this.close();
    act();
  }

  readonly #onToggle = (event: ToggleEvent): void => {
    if (event.newState === "closed" && event.target === this.#popup) {
      this.#content = { is: "closed" };
      this.#host.requestUpdate();
      // If the user has clicked elsewhere, that click has already moved the focus.
      const focused = (this.#host.getRootNode() as Document | ShadowRoot).activeElement;
      if (focused === null || focused === document.body || focused === this.#host) {
        this.#giveFocusBack();
      }
    }
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const buttons = this.#buttons;
    const active = buttons.findIndex((button) => button === this.#host.shadowRoot?.activeElement);
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      buttons.at(to % buttons.length)?.focus();
    } else if (event.key === "Tab" && this.#content.is === "question") {
      event.preventDefault();
      buttons.at((active + (event.shiftKey ? -1 : 1)) % buttons.length)?.focus();
    } else if (event.key === "Tab") {
      this.close();
    }
  };
}

/** Places the popup beside its anchor, within the window. */
function place(popup: HTMLElement, at: Anchor): void {
  const { width, height } = popup.getBoundingClientRect();
  const isLeft = getComputedStyle(popup).direction === "ltr";
  let x: number;
  let y: number;
  if (at instanceof Element) {
    const box = at.getBoundingClientRect();
    x = isLeft ? box.right - width - MARGIN : box.left + MARGIN;
    y = box.bottom - MARGIN;
  } else {
    x = isLeft ? at.x : at.x - width;
    y = at.y;
  }
  popup.style.left = `${Math.max(MARGIN, Math.min(x, window.innerWidth - width - MARGIN))}px`;
  popup.style.top = `${Math.max(MARGIN, Math.min(y, window.innerHeight - height - MARGIN))}px`;
}

export const rowMenuStyles = css`
  .popup {
    position: fixed;
    inset: auto;
    margin: 0;
    min-inline-size: 10rem;
    max-inline-size: 18rem;
    padding: 0.375rem;
    border: 0;
    border-radius: 0.75rem;
    background: var(--_popup);
    color: var(--_text);
    box-shadow: var(--_shadow);
  }
  .popup button {
    display: block;
    inline-size: 100%;
    padding: 0.5rem 0.75rem;
    border: 0;
    border-radius: 0.5rem;
    background: none;
    color: inherit;
    font: inherit;
    font-size: 0.9375em;
    text-align: start;
    cursor: pointer;
  }
  .popup button:hover,
  .popup button:focus-visible {
    background: var(--_hover);
    outline: none;
  }
  .popup button:focus-visible {
    box-shadow: inset 0 0 0 2px var(--_accent);
  }
  .popup .dangerous {
    color: var(--_danger);
  }
  .popup.question:popover-open {
    display: grid;
    gap: 0.5rem;
    padding: 1rem;
  }
  .question > span {
    font-size: 0.875em;
    color: var(--_text-quiet);
  }
  .question .choices {
    display: flex;
    justify-content: flex-end;
    gap: 0.5rem;
    margin-block-start: 0.25rem;
    color: var(--_text);
  }
  .question .choices button {
    inline-size: auto;
    font-weight: 600;
    background: var(--_hover);
  }
`;
