/** The styles of the chat. */

import { css } from "lit";

export const chatStyles = css`
  :host {
    --_avatar-size: 2.5rem;
    position: relative;
    display: flex;
    flex-direction: column;
    min-block-size: 0;
    overflow: hidden;
  }
  header {
    flex: none;
    display: flex;
    align-items: center;
    gap: 0.75rem;
    min-block-size: 4rem;
    padding: 0.625rem 1rem;
    border-block-end: 1px solid var(--_line);
  }
  .who {
    flex: 1;
    min-inline-size: 0;
  }
  .who > * {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    unicode-bidi: plaintext;
    text-align: left;
  }
  :host(:dir(rtl)) .who > * {
    text-align: right;
  }
  .who h2 {
    margin: 0;
    font-size: 1em;
    font-weight: 600;
  }
  .who span {
    font-size: 0.8125em;
    color: var(--_text-quiet);
  }
  .who > .saying {
    display: flex;
    align-items: baseline;
    gap: 0.375rem;
  }
  .saying > span:first-child {
    min-inline-size: 0;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .saying > .until {
    flex: none;
    font-size: 0.75em;
    font-variant-numeric: tabular-nums;
  }
  .scroller {
    flex: 1;
    min-block-size: 0;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    /* The component itself keeps the visible messages in place when messages are added above, because not every
       browser does. */
    overflow-anchor: none;
    padding: 0.75rem 1rem;
    outline-offset: -2px;
  }
  .scroller:focus-visible {
    outline: 2px solid var(--_accent);
  }
  .messages {
    display: flex;
    flex-direction: column;
    min-block-size: 100%;
    justify-content: flex-end;
  }
  .day,
  .earlier {
    align-self: center;
    margin-block: 0.75rem 0.5rem;
    padding: 0.1875rem 0.625rem;
    border-radius: 1rem;
    background: var(--_hover);
    color: var(--_text-quiet);
    font-size: 0.75em;
    unicode-bidi: plaintext;
  }
  .message {
    align-self: flex-start;
    max-inline-size: min(34rem, 82%);
    margin-block-start: 0.125rem;
    padding: 0.5rem 0.75rem;
    border-radius: 1.125rem;
    border-start-start-radius: 0.375rem;
    border-end-start-radius: 0.375rem;
    background: var(--_bubble);
    overflow-wrap: anywhere;
  }
  .text {
    display: block;
    white-space: pre-wrap;
    unicode-bidi: plaintext;
  }
  .message.first {
    margin-block-start: 0.5rem;
    border-start-start-radius: 1.125rem;
  }
  .message.last {
    border-end-start-radius: 1.125rem;
  }
  .message.own {
    align-self: flex-end;
    background: var(--_bubble-own);
    color: var(--_on-bubble-own);
    border-radius: 1.125rem;
    border-start-end-radius: 0.375rem;
    border-end-end-radius: 0.375rem;
  }
  .message.own.first {
    border-start-end-radius: 1.125rem;
  }
  .message.own.last {
    border-end-end-radius: 1.125rem;
  }
  .note {
    align-self: flex-start;
    margin: 0.1875rem 0.375rem 0;
    color: var(--_text-quiet);
    font-size: 0.6875em;
    unicode-bidi: plaintext;
  }
  .note.own {
    align-self: flex-end;
  }
  .note.failed {
    color: var(--_danger);
  }
  .note button {
    padding: 0;
    border: 0;
    background: none;
    color: var(--_accent);
    font: inherit;
    font-weight: 600;
    text-decoration: underline;
    cursor: pointer;
  }
  .to-end {
    position: absolute;
    inset-inline-end: 1rem;
    inset-block-end: 5rem;
    inline-size: 2.5rem;
    block-size: 2.5rem;
    padding: 0.5rem;
    border: 0;
    border-radius: 50%;
    background: var(--_popup);
    color: var(--_text-quiet);
    box-shadow: var(--_shadow);
    cursor: pointer;
  }
  form {
    flex: none;
    display: flex;
    align-items: flex-end;
    gap: 0.5rem;
    padding: 0.625rem 1rem 0.75rem;
    border-block-start: 1px solid var(--_line);
  }
  .problem {
    flex: none;
    margin: 0;
    padding: 0.5rem 1rem 0;
    color: var(--_danger);
    font-size: 0.8125em;
  }
  textarea {
    flex: 1;
    min-inline-size: 0;
    max-block-size: 8rem;
    field-sizing: content;
    resize: none;
    padding: 0.5625rem 0.875rem;
    border: 1px solid transparent;
    border-radius: 1.25rem;
    background: var(--_bubble);
    color: inherit;
    font: inherit;
    line-height: 1.3;
  }
  textarea::placeholder {
    color: var(--_text-quiet);
    opacity: 1;
  }
  textarea:focus-visible {
    outline: 2px solid var(--_accent);
  }
  .send {
    flex: none;
    inline-size: 2.5rem;
    block-size: 2.5rem;
    padding: 0.5625rem;
    border: 0;
    border-radius: 50%;
    background: var(--_accent);
    color: var(--_on-accent);
    cursor: pointer;
  }
  .send:disabled {
    background: var(--_hover);
    color: var(--_text-quiet);
    cursor: default;
  }
  .send svg,
  .to-end svg {
    display: block;
  }
  :host(:dir(rtl)) .send svg {
    transform: scaleX(-1);
  }
  /* A system with forced colours removes the backgrounds. */
  @media (forced-colors: active) {
    .message,
    .day,
    textarea,
    .send,
    .to-end {
      border: 1px solid CanvasText;
    }
    .message.own {
      border-width: 2px;
    }
    .send:disabled {
      border-color: GrayText;
      color: GrayText;
    }
  }
  button:focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }
`;
