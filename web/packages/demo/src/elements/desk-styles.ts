/** The layout of the desk: three columns, two on a narrow screen, one on a phone. */

import { css } from "lit";

export const deskStyles = css`
  :host {
    display: grid;
    grid-template-columns: minmax(17rem, 21.5rem) minmax(0, 1fr) 19.5rem;
    grid-template-rows: minmax(0, 1fr);
    gap: 1px;
    block-size: 100%;
    background: var(--line);
    --tuikit-background: var(--panel);
    --tuikit-line: var(--line);
    --tuikit-hover: var(--hover);
  }
  nav,
  main,
  aside {
    display: flex;
    flex-direction: column;
    min-inline-size: 0;
    min-block-size: 0;
    background: var(--panel);
  }
  /* The editor of the visitor's status is long. On a low screen it scrolls, so that the list keeps some room. */
  lamplight-self-card {
    flex: none;
    max-block-size: 75%;
    overflow-y: auto;
    scrollbar-width: thin;
  }
  .tabs {
    display: flex;
    align-items: center;
    gap: 0.25rem;
    padding: 0.5rem 0.75rem;
    border-block-end: 1px solid var(--line);
  }
  .tabs [role="tablist"] {
    flex: 1;
    display: flex;
    gap: 0.25rem;
  }
  [role="tab"] {
    display: flex;
    align-items: center;
    gap: 0.375rem;
    padding: 0.375rem 0.75rem;
    border-radius: 0.625rem;
    color: var(--quiet);
    font-weight: 600;
  }
  [role="tab"]:hover {
    background: var(--hover);
  }
  [role="tab"][aria-selected="true"] {
    background: var(--glow);
    color: var(--ink);
  }
  .count {
    min-inline-size: 1.25rem;
    padding-inline: 0.375rem;
    border-radius: 1rem;
    background: #d92f36;
    color: #ffffff;
    font-size: 0.75rem;
    line-height: 1.25rem;
    text-align: center;
  }
  .list {
    flex: 1;
    min-block-size: 0;
    display: flex;
    flex-direction: column;
  }
  tuikit-conversation,
  tuikit-contact,
  tuikit-chat {
    flex: 1;
    min-block-size: 0;
  }
  .new {
    display: grid;
    gap: 0.5rem;
    padding: 0.75rem 1rem;
    border-block-end: 1px solid var(--line);
    background: var(--hover);
  }
  .new div {
    display: flex;
    gap: 0.5rem;
  }
  .new div > * {
    flex: 1;
  }
  footer {
    display: grid;
    gap: 0.5rem;
    padding: 0.625rem 1rem;
    border-block-start: 1px solid var(--line);
    font-size: 0.8125rem;
  }
  footer p,
  footer label {
    display: flex;
    align-items: center;
    gap: 0.5rem;
  }
  .net::before {
    content: "";
    flex: none;
    inline-size: 0.5rem;
    block-size: 0.5rem;
    border-radius: 50%;
    background: var(--good);
  }
  .net.connecting::before,
  .net.disconnected::before {
    background: var(--lamp);
  }
  .net.disconnected {
    color: var(--bad);
  }
  @media (forced-colors: active) {
    .net::before {
      forced-color-adjust: none;
      background: Highlight;
    }
    .net:not(.connected)::before {
      border: 2px solid CanvasText;
      background: Canvas;
    }
    .count {
      border: 1px solid CanvasText;
    }
    [role="tab"][aria-selected="true"] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
  footer label {
    justify-content: space-between;
    cursor: pointer;
  }
  .switch {
    appearance: none;
    flex: none;
    position: relative;
    inline-size: 2.25rem;
    block-size: 1.25rem;
    padding: 0;
    border: 0;
    border-radius: 1rem;
    background: var(--quiet);
    cursor: pointer;
    transition: background 120ms;
  }
  .switch:checked {
    background: var(--good);
  }
  .switch::after {
    content: "";
    position: absolute;
    inset-block-start: 0.125rem;
    inset-inline-start: 0.125rem;
    inline-size: 1rem;
    block-size: 1rem;
    border-radius: 50%;
    background: var(--panel);
    transition: inset-inline-start 120ms;
  }
  .switch:checked::after {
    inset-inline-start: 1.125rem;
  }
  /* A system with forced colours removes backgrounds, so the switch is drawn with borders and system colours. */
  @media (forced-colors: active) {
    .switch {
      border: 1px solid ButtonText;
      background: ButtonFace;
    }
    .switch::after {
      inset-block-start: calc(0.125rem - 1px);
      forced-color-adjust: none;
      background: ButtonText;
    }
    .switch:checked {
      forced-color-adjust: none;
      border-color: Highlight;
      background: Highlight;
    }
    .switch:checked::after {
      background: HighlightText;
    }
  }
  aside {
    position: relative;
    overflow-y: auto;
    scrollbar-width: thin;
  }
  .nobody {
    flex: 1;
    display: grid;
    place-content: center;
    gap: 0.5rem;
    padding: 2rem;
    text-align: center;
    color: var(--quiet);
  }
  .nobody strong {
    font-size: 1.125rem;
    color: var(--ink);
  }
  .nobody a {
    justify-self: center;
    display: inline-flex;
    align-items: center;
    gap: 0.5rem;
    margin-block-start: 0.75rem;
    text-decoration: none;
    color: var(--ink);
  }
  .nobody a svg {
    inline-size: 1.125rem;
    block-size: 1.125rem;
  }
  aside:focus-visible {
    outline-offset: -2px;
  }
  .scrim {
    position: fixed;
    inset: 0;
    z-index: 2;
    background: rgb(10 12 16 / 45%);
  }
  .only-narrow {
    display: none;
  }
  @media (max-width: 70rem) {
    :host {
      grid-template-columns: minmax(17rem, 21.5rem) minmax(0, 1fr);
    }
    aside {
      display: none;
      position: fixed;
      inset-block: 0;
      inset-inline-end: 0;
      inline-size: min(21rem, 100%);
      box-shadow: var(--shadow);
      z-index: 3;
    }
    aside.shown {
      display: flex;
    }
    .only-narrow {
      display: inline-grid;
    }
    .close {
      position: absolute;
      inset-block-start: 0.5rem;
      inset-inline-end: 0.5rem;
    }
  }
  /* The list beside the chat already shows this notice. */
  @media (min-width: 46.01rem) {
    tuikit-chat::part(notice) {
      display: none;
    }
  }
  .only-small {
    display: none;
  }
  @media (max-width: 46rem) {
    :host {
      grid-template-columns: minmax(0, 1fr);
    }
    :host([open]) nav,
    :host(:not([open])) main {
      display: none;
    }
    .only-small {
      display: inline-grid;
    }
  }
`;
