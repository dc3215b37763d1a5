/** The common styles of components: buttons, fields, cards, tables. */

import { css } from "lit";

export const base = css`
  :host {
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  dl,
  dd,
  figure,
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  ul {
    list-style: none;
  }
  h1 {
    font-size: 1.6rem;
    font-weight: 650;
    letter-spacing: -0.015em;
    line-height: 1.25;
  }
  h2 {
    font-size: 1.0667rem;
    font-weight: 620;
    letter-spacing: -0.005em;
    line-height: 1.35;
  }
  h3 {
    font-size: 1rem;
    font-weight: 600;
  }
  a {
    color: var(--accent);
    text-decoration: none;
  }
  a:hover {
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
    border-radius: 4px;
  }
  code,
  .mono {
    font-family: var(--mono);
    font-size: 0.9em;
  }
  .quiet {
    color: var(--text-quiet);
  }
  .small {
    font-size: 0.8667rem;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  svg {
    flex: none;
  }
`;

export const buttons = css`
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.45rem;
    min-height: 2.4rem;
    padding: 0 0.95rem;
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    background: var(--surface);
    color: var(--text);
    font: inherit;
    font-weight: 550;
    font-size: 0.9333rem;
    cursor: pointer;
    white-space: nowrap;
    transition:
      background-color 0.12s,
      border-color 0.12s;
  }
  button:hover:not(:disabled),
  .button:hover {
    background: var(--surface-hover);
    text-decoration: none;
  }
  button:disabled {
    cursor: not-allowed;
    color: var(--text-quiet);
    background: var(--surface-sunk);
  }
  button.primary:not(:disabled) {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--on-accent);
  }
  button.primary:hover:not(:disabled) {
    background: var(--accent-hover);
    border-color: var(--accent-hover);
  }
  button.danger:not(:disabled) {
    color: var(--bad);
  }
  button.danger:hover:not(:disabled) {
    background: var(--bad-soft);
    border-color: var(--bad);
  }
  button.quiet {
    border-color: transparent;
    background: transparent;
  }
  button.small {
    min-height: 2rem;
    padding: 0 0.7rem;
    font-size: 0.8667rem;
  }
`;

export const fields = css`
  label,
  .label {
    display: block;
    font-weight: 570;
    font-size: 0.9333rem;
  }
  .hint {
    color: var(--text-quiet);
    font-size: 0.8667rem;
    max-width: 62ch;
  }
  input:not([type="radio"]):not([type="checkbox"]),
  select {
    min-height: 2.4rem;
    width: 100%;
    padding: 0 0.75rem;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-small);
    background: var(--surface);
    color: var(--text);
    font: inherit;
    font-size: 0.9667rem;
  }
  input::placeholder {
    color: var(--text-quiet);
  }
  input:focus-visible,
  select:focus-visible {
    outline-offset: -1px;
    border-radius: var(--radius-small);
  }
  input[aria-invalid="true"] {
    border-color: var(--bad);
  }
  .problem {
    color: var(--bad);
    font-size: 0.8667rem;
  }
`;

export const cards = css`
  .card {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    box-shadow: var(--shadow);
  }
  .card > header {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: 0.25rem 1rem;
    padding: 1.1rem 1.35rem 0;
  }
  .card > .body {
    padding: 0.9rem 1.35rem 1.25rem;
  }
  @media (max-width: 760px) {
    .card > header {
      padding: 1rem 1.1rem 0;
    }
    .card > .body {
      padding: 0.8rem 1.1rem 1.1rem;
    }
  }
  .stack {
    display: grid;
    gap: 1.1rem;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.6rem;
  }
  .pill {
    display: inline-flex;
    align-items: center;
    gap: 0.35rem;
    padding: 0.1rem 0.55rem;
    border-radius: 99px;
    background: var(--neutral-soft);
    color: var(--text);
    font-size: 0.8333rem;
    font-weight: 550;
    white-space: nowrap;
  }
  .pill.good {
    background: var(--good-soft);
    color: var(--good);
  }
  .pill.warn {
    background: var(--warn-soft);
    color: var(--warn);
  }
  .pill.accent {
    background: var(--accent-soft);
    color: var(--accent);
  }
`;

export const tables = css`
  .scroll {
    /* Hidden texts inside are positioned relative to this element, because they would otherwise widen the page. */
    position: relative;
    overflow-x: auto;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: 0.9333rem;
  }
  th {
    padding: 0.65rem 1.35rem;
    border-bottom: 1px solid var(--line);
    color: var(--text-quiet);
    font-size: 0.8333rem;
    font-weight: 560;
    text-align: start;
    white-space: nowrap;
  }
  td {
    padding: 0.7rem 1.35rem;
    border-bottom: 1px solid var(--line);
    vertical-align: middle;
  }
  tr:last-child td {
    border-bottom: 0;
  }
  td.number,
  th.number {
    text-align: end;
    font-variant-numeric: tabular-nums;
  }
  td.end {
    text-align: end;
    white-space: nowrap;
  }
  @media (max-width: 760px) {
    th,
    td {
      padding-inline: 0.7rem;
    }
    th:first-child,
    td:first-child {
      padding-inline-start: 1.1rem;
    }
    th:last-child,
    td:last-child {
      padding-inline-end: 1.1rem;
    }
    /* On a narrow screen, a line is cut off, and the rest can be scrolled into view. */
    .scroll td {
      white-space: nowrap;
      overflow-wrap: normal;
    }
  }
`;
