/** The styles for the user's own status, its editor and the choice of a visibility. */

import { css } from "lit";

/** The styles of a group of choices, one of which is selected. */
export const choiceStyles = css`
  .choices {
    display: flex;
    flex-wrap: wrap;
    gap: 0.375rem;
  }
  .choices span {
    padding: 0.25rem 0.625rem;
    border: 1px solid var(--_line);
    border-radius: 1rem;
    background: var(--_hover);
    font-size: 0.875em;
  }
  .choices {
    margin: 0;
    padding: 0;
    border: 0;
  }
  .choices legend {
    margin-block-end: 0.375rem;
    padding: 0;
    font-size: 0.8125em;
    color: var(--_text-quiet);
  }
  .choices label {
    position: relative;
    cursor: pointer;
  }
  /* The radio button covers its label, so that it can be clicked and focused, but only the label is visible. */
  .choices input {
    position: absolute;
    inset: 0;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }
  .choices span {
    display: inline-block;
  }
  .choices label:hover span {
    border-color: var(--_accent);
  }
  .choices input:checked + span {
    border-color: var(--_accent);
    background: var(--_active);
    box-shadow: inset 0 0 0 1px var(--_accent);
  }
  .choices input:focus-visible + span {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }
  @media (forced-colors: active) {
    .choices input:checked + span {
      forced-color-adjust: none;
      border-color: Highlight;
      background: Highlight;
      color: HighlightText;
    }
  }
  .problem {
    margin: 0;
    font-size: 0.8125em;
    color: var(--_danger);
  }
  .problem:empty {
    display: none;
  }
`;

export const ownStatusStyles = css`
  :host {
    display: block;
  }
  button,
  input {
    font: inherit;
    color: inherit;
  }
  button {
    border: 1px solid var(--_line);
    border-radius: 0.625rem;
    background: var(--_background);
    cursor: pointer;
  }
  button:hover {
    background: var(--_hover);
  }
  button:disabled {
    cursor: default;
    opacity: 0.6;
  }
  :is(button, input):focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 1px;
  }
  .status {
    display: flex;
    align-items: center;
    gap: 0.5rem;
    inline-size: 100%;
    padding: 0.5rem 0.75rem;
    background: var(--_hover);
    text-align: start;
  }
  .status:hover:enabled {
    border-color: var(--_accent);
  }
  .status .emoji {
    flex: none;
    inline-size: 1.25em;
    text-align: center;
  }
  .status .text {
    flex: 1;
    min-inline-size: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    unicode-bidi: plaintext;
  }
  .status.empty,
  .until {
    color: var(--_text-quiet);
  }
  .until {
    flex: none;
    font-size: 0.8125em;
    font-variant-numeric: tabular-nums;
    unicode-bidi: plaintext;
  }
  form {
    display: grid;
    gap: 0.625rem;
  }
  .field,
  .actions {
    display: flex;
    gap: 0.5rem;
  }
  input:is([type="text"], [type="datetime-local"]) {
    flex: 1;
    inline-size: 100%;
    min-inline-size: 0;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--_line);
    border-radius: 0.625rem;
    background: var(--_background);
  }
  input::placeholder {
    color: var(--_text-quiet);
    opacity: 1;
  }
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 0.375rem;
  }
  .chips button {
    padding: 0.25rem 0.625rem;
    border: 1px solid var(--_line);
    border-radius: 1rem;
    background: var(--_hover);
    font-size: 0.875em;
  }
  .chips button:hover {
    border-color: var(--_accent);
  }
  .actions button {
    padding: 0.5rem 0.875rem;
    font-weight: 500;
  }
  .actions .primary {
    flex: 1;
    border-color: transparent;
    background: var(--_accent);
    color: var(--_on-accent);
    font-weight: 600;
  }
`;
