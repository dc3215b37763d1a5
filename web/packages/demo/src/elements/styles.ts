/** The styles that all elements of the demo share. They use the colours of `style.css`. */

import { css } from "lit";

export const common = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  p,
  dl,
  dd,
  ul,
  ol {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  button,
  input,
  textarea,
  select {
    font: inherit;
    color: inherit;
  }
  a {
    color: var(--accent);
    text-underline-offset: 0.2em;
  }
  button {
    border: 0;
    background: none;
    padding: 0;
    cursor: pointer;
    text-align: start;
  }
  button:disabled {
    cursor: default;
    opacity: 0.6;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  input,
  textarea,
  select {
    inline-size: 100%;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--line);
    border-radius: 0.625rem;
    background: var(--panel);
    font-weight: 400;
  }
  input::placeholder,
  textarea::placeholder {
    color: var(--quiet);
    opacity: 1;
  }
  .primary {
    padding: 0.5rem 1rem;
    border-radius: 0.625rem;
    background: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
    text-align: center;
  }
  .plain {
    padding: 0.5rem 0.875rem;
    border-radius: 0.625rem;
    border: 1px solid var(--line);
    background: var(--panel);
    font-weight: 500;
  }
  .plain:hover {
    background: var(--hover);
  }
  .icon {
    display: inline-grid;
    place-items: center;
    inline-size: 2.25rem;
    block-size: 2.25rem;
    border-radius: 0.625rem;
    color: var(--quiet);
  }
  .icon:hover {
    background: var(--hover);
    color: var(--ink);
  }
  .icon svg {
    inline-size: 1.25rem;
    block-size: 1.25rem;
  }
  .quiet {
    color: var(--quiet);
  }
  .one-line {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    unicode-bidi: plaintext;
  }
  .hidden-text {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation-duration: 0.01ms !important;
      animation-iteration-count: 1 !important;
      transition-duration: 0.01ms !important;
    }
  }
`;
