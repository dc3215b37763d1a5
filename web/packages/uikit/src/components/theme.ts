/**
 * The colours and sizes of all components. Each is a custom property, which a page can set.
 *
 * The components follow the light or dark setting of the browser, unless `theme="light"` or `theme="dark"` is set.
 * Every text has a contrast of at least 4.5 to 1 with its background, and every dot a contrast of at least 3 to 1.
 */

import { css, unsafeCSS } from "lit";

const LIGHT = `
  --_background: var(--tuikit-background, #ffffff);
  --_text: var(--tuikit-text, #14181f);
  --_text-quiet: var(--tuikit-text-quiet, #5c6675);
  --_line: var(--tuikit-line, #edf0f4);
  --_hover: var(--tuikit-hover, #f3f5f8);
  --_pinned: var(--tuikit-pinned, #f7f8fb);
  --_active: var(--tuikit-active, #e9f0ff);
  --_accent: var(--tuikit-accent, #2457d6);
  --_on-accent: var(--tuikit-on-accent, #ffffff);
  --_saying: var(--tuikit-saying, #4a5f93);
  --_danger: var(--tuikit-danger, #c9252d);
  --_badge: var(--tuikit-badge, #d92f36);
  --_on-badge: var(--tuikit-on-badge, #ffffff);
  --_online: var(--tuikit-online, #16a34a);
  --_offline: var(--tuikit-offline, #8a94a3);
  --_warning: var(--tuikit-warning, #fdf0d5);
  --_on-warning: var(--tuikit-on-warning, #6b4200);
  --_ring: var(--tuikit-ring, #ffffff);
  --_bubble: var(--tuikit-bubble, #f0f2f6);
  --_bubble-own: var(--tuikit-bubble-own, #2457d6);
  --_on-bubble-own: var(--tuikit-on-bubble-own, #ffffff);
  --_popup: var(--tuikit-popup, #ffffff);
  --_shadow: var(--tuikit-shadow, 0 8px 28px rgb(20 24 31 / 18%), 0 1px 3px rgb(20 24 31 / 12%));
  color-scheme: light;
`;

const DARK = `
  --_background: var(--tuikit-background, #14171d);
  --_text: var(--tuikit-text, #eceff4);
  --_text-quiet: var(--tuikit-text-quiet, #9ba5b4);
  --_line: var(--tuikit-line, #232832);
  --_hover: var(--tuikit-hover, #1d222b);
  --_pinned: var(--tuikit-pinned, #191d25);
  --_active: var(--tuikit-active, #21304f);
  --_accent: var(--tuikit-accent, #86acff);
  --_on-accent: var(--tuikit-on-accent, #0d1424);
  --_saying: var(--tuikit-saying, #a8b8de);
  --_danger: var(--tuikit-danger, #ff8a8a);
  --_badge: var(--tuikit-badge, #d92f36);
  --_on-badge: var(--tuikit-on-badge, #ffffff);
  --_online: var(--tuikit-online, #2fbf62);
  --_offline: var(--tuikit-offline, #8a94a3);
  --_warning: var(--tuikit-warning, #3a2c10);
  --_on-warning: var(--tuikit-on-warning, #f6cf86);
  --_ring: var(--tuikit-ring, var(--_background));
  --_bubble: var(--tuikit-bubble, #252b36);
  --_bubble-own: var(--tuikit-bubble-own, #2f5fd0);
  --_on-bubble-own: var(--tuikit-on-bubble-own, #ffffff);
  --_popup: var(--tuikit-popup, #20252f);
  --_shadow: var(--tuikit-shadow, 0 8px 28px rgb(0 0 0 / 55%), 0 0 0 1px rgb(255 255 255 / 8%));
  color-scheme: dark;
`;

/** The styles that all components share. */
export const theme = css`
  :host {
    ${unsafeCSS(LIGHT)}
    display: block;
    background: var(--_background);
    color: var(--_text);
    font-family: var(
      --tuikit-font,
      system-ui,
      -apple-system,
      "Segoe UI",
      "Noto Sans",
      "Liberation Sans",
      "PingFang SC",
      "Microsoft YaHei",
      "Noto Sans CJK SC",
      sans-serif
    );
    font-size: var(--tuikit-font-size, 1rem);
    line-height: 1.3;
    -webkit-font-smoothing: antialiased;
  }
  @media (prefers-color-scheme: dark) {
    :host {
      ${unsafeCSS(DARK)}
    }
  }
  :host([theme="light"]) {
    ${unsafeCSS(LIGHT)}
  }
  :host([theme="dark"]) {
    ${unsafeCSS(DARK)}
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
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
      scroll-behavior: auto !important;
    }
  }
`;

/** The styles of placeholders. */
export const placeholders = css`
  .placeholder {
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 0.375rem;
    min-block-size: 12rem;
    padding: 2rem 1.5rem;
    text-align: center;
    color: var(--_text-quiet);
  }
  .placeholder svg {
    inline-size: 3rem;
    block-size: 3rem;
    margin-block-end: 0.5rem;
    opacity: 0.55;
  }
  .placeholder strong {
    color: var(--_text);
    font-weight: 600;
  }
  .button {
    margin-block-start: 0.75rem;
    padding: 0.5rem 1rem;
    border: 0;
    border-radius: 0.625rem;
    background: var(--_accent);
    color: var(--_on-accent);
    font: inherit;
    font-weight: 600;
    cursor: pointer;
  }
  .button:focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }
  .skeleton {
    display: flex;
    align-items: center;
    gap: 0.75rem;
    padding: 0.75rem 1rem;
  }
  @media (forced-colors: active) {
    .skeleton i {
      border: 1px solid GrayText;
    }
  }
  .skeleton i {
    background: var(--_hover);
    animation: breathe 1.4s ease-in-out infinite;
  }
  .skeleton i:first-child {
    flex: none;
    inline-size: 3rem;
    block-size: 3rem;
    border-radius: var(--tuikit-avatar-radius, 30%);
  }
  .skeleton i:last-child {
    inline-size: 60%;
    block-size: 0.875rem;
    border-radius: 0.4375rem;
  }
  .skeleton:nth-child(even) i:last-child {
    inline-size: 42%;
  }
  @keyframes breathe {
    50% {
      opacity: 0.45;
    }
  }
`;
