/** The styles of the rows of both lists. */

import { css } from "lit";

export const rowStyles = css`
  :host {
    position: relative;
    overflow: hidden;
    display: flex;
    flex-direction: column;
    min-block-size: 0;
  }
  .scroller {
    position: relative;
    flex: 1;
    min-block-size: 0;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    /* The component positions the rows itself, so the browser must not adjust the scroll position. */
    overflow-anchor: none;
  }
  /* The margins of the slotted content must stay inside this element. */
  .header {
    display: flow-root;
  }
  .list {
    position: relative;
    outline: none;
    contain: layout style;
  }
  .sizer {
    position: absolute;
    inline-size: 0;
    visibility: hidden;
    pointer-events: none;
  }
  .row {
    position: absolute;
    inset-block-start: 0;
    inset-inline: 0;
    display: flex;
    align-items: center;
    gap: 0.875rem;
    padding-inline: 1rem;
    cursor: pointer;
    user-select: none;
    -webkit-tap-highlight-color: transparent;
    -webkit-touch-callout: none;
    contain: layout style;
  }
  .row[hidden] {
    display: none;
  }
  .row:hover {
    background: var(--_hover);
  }
  .row[aria-selected="true"] {
    background: var(--_active);
  }
  @media (forced-colors: active) {
    .row[aria-selected="true"] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
  .list:focus-visible .row.current::after {
    content: "";
    position: absolute;
    inset: 2px;
    border: 2px solid var(--_accent);
    border-radius: 0.625rem;
    pointer-events: none;
  }
  .body {
    flex: 1;
    min-inline-size: 0;
    display: flex;
    flex-direction: column;
    justify-content: center;
    gap: 0.125rem;
  }
  .line {
    display: flex;
    align-items: baseline;
    gap: 0.5rem;
    min-inline-size: 0;
  }
  .name {
    flex: 1;
    font-weight: 600;
    letter-spacing: -0.005em;
  }
  .name,
  .status,
  .summary {
    min-inline-size: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    /* The text of a name has its own direction, but the alignment of the list. */
    unicode-bidi: plaintext;
    text-align: left;
  }
  :host(:dir(rtl)) :is(.name, .status, .summary) {
    text-align: right;
  }
  .status {
    font-size: 0.8125em;
    color: var(--_saying);
  }
  .saying {
    display: flex;
    align-items: baseline;
    gap: 0.375rem;
    min-inline-size: 0;
  }
  .until {
    flex: none;
    font-size: 0.75em;
    color: var(--_text-quiet);
    font-variant-numeric: tabular-nums;
    unicode-bidi: plaintext;
  }
  /* The menu button is only for a mouse; a long press and the keyboard also open the menu. The button has reserved
     space, so that it covers nothing. */
  .more {
    display: none;
    inline-size: 1.75rem;
    block-size: 1.25rem;
    padding: 0.0625rem 0.25rem;
    border-radius: 0.5rem;
    background: var(--_popup);
    color: var(--_text-quiet);
    box-shadow: 0 0 0 1px var(--_line);
  }
  .more svg {
    display: block;
    inline-size: 100%;
    block-size: 100%;
  }
  .more:hover {
    color: var(--_text);
  }
  @media (hover: hover) {
    .row:hover .more {
      display: block;
    }
  }
  .error {
    position: absolute;
    inset-inline: 0.75rem;
    inset-block-end: 0.75rem;
    padding: 0.625rem 0.875rem;
    border-radius: 0.625rem;
    background: var(--_popup);
    color: var(--_danger);
    box-shadow: var(--_shadow);
    font-size: 0.875em;
  }
`;
