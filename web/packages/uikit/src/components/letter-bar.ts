/** The bar of letters beside a list: a slider for touch, mouse and keyboard. */

import { css, html, type TemplateResult } from "lit";
import type { Words } from "../words/words.js";

export type LetterChosen = (letter: string) => void;

/** Renders the bar. It has only the letters under which there are names. */
export function letterBar(
  letters: ReadonlyMap<string, number>,
  current: string,
  words: Words,
  chosen: LetterChosen,
): TemplateResult {
  const names = [...letters.keys()];
  const at = Math.max(0, names.indexOf(current));
  const onPointer = (event: PointerEvent) => {
    const bar = event.currentTarget as HTMLElement;
    if (event.type === "pointerdown") {
      bar.setPointerCapture(event.pointerId);
    } else if (event.buttons === 0) {
      return;
    }
    const box = bar.querySelector(".letters")?.getBoundingClientRect() ?? bar.getBoundingClientRect();
    const index = Math.floor(((event.clientY - box.top) / box.height) * names.length);
    const name = names[Math.max(0, Math.min(names.length - 1, index))];
    if (name !== undefined) {
      chosen(name);
    }
  };
  const onKey = (event: KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: names.length - 1 }[event.key];
    const name = names[to ?? -1];
    if (to !== undefined) {
      event.preventDefault();
    }
    if (name !== undefined) {
      chosen(name);
    }
  };
  return html`<div
    class="bar"
    part="index"
    role="slider"
    tabindex="0"
    aria-orientation="vertical"
    aria-label=${words.index}
    aria-valuemin="1"
    aria-valuemax=${names.length}
    aria-valuenow=${at + 1}
    aria-valuetext=${names[at] ?? ""}
    @pointerdown=${onPointer}
    @pointermove=${onPointer}
    @keydown=${onKey}
  >
    <span class="letters" aria-hidden="true">
      ${names.map((name) => html`<span class=${name === names[at] ? "here" : ""}>${name}</span>`)}
    </span>
  </div>`;
}

export const letterBarStyles = css`
  .bar {
    position: absolute;
    z-index: 3;
    inset-block: 0;
    inset-inline-end: 0.25rem;
    inline-size: 1.5rem;
    display: grid;
    align-items: center;
    touch-action: none;
    cursor: pointer;
    user-select: none;
    outline: none;
  }
  .letters {
    display: grid;
    justify-items: center;
    padding-block: 0.25rem;
    border-radius: 0.75rem;
    font-size: 0.6875em;
    font-weight: 600;
    line-height: 1;
    color: var(--_text-quiet);
    max-block-size: 100%;
    overflow: hidden;
  }
  .letters span {
    display: grid;
    place-items: center;
    inline-size: 1.125rem;
    block-size: min(1.125rem, 3.4cqb);
    border-radius: 50%;
  }
  .letters .here {
    background: var(--_accent);
    color: var(--_on-accent);
  }
  .bar:focus-visible .letters {
    box-shadow: 0 0 0 2px var(--_accent);
  }
`;
