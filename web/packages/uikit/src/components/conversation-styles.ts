/** The styles that only the conversation list has. */

import { css } from "lit";

export const conversationStyles = css`
  :host {
    --_avatar-size: var(--tuikit-avatar-size, 3rem);
  }
  .sizer,
  .row {
    block-size: var(--tuikit-conversation-row-height, 4.75rem);
  }
  .row.pinned:not(:hover, [aria-selected="true"]) {
    background: var(--_pinned);
  }
  .time {
    flex: none;
    /* The text of a time has its own direction, even in a list with the other direction. */
    unicode-bidi: plaintext;
    font-size: 0.75em;
    color: var(--_text-quiet);
    font-variant-numeric: tabular-nums;
  }
  .summary {
    flex: 1;
    font-size: 0.875em;
    color: var(--_text-quiet);
  }
  .draft {
    color: var(--_danger);
  }
  .row.unread .summary {
    color: var(--_text);
  }
  .marks {
    flex: none;
    align-self: center;
    display: inline-flex;
    align-items: center;
    gap: 0.375rem;
    min-block-size: 1.25rem;
  }
  .pin {
    inline-size: 0.875rem;
    block-size: 0.875rem;
    color: var(--_text-quiet);
  }
  .badge {
    min-inline-size: 1.25rem;
    padding-inline: 0.375rem;
    border-radius: 0.625rem;
    background: var(--_badge);
    color: var(--_on-badge);
    font-size: 0.75rem;
    font-weight: 600;
    line-height: 1.25rem;
    text-align: center;
    font-variant-numeric: tabular-nums;
    direction: ltr;
    unicode-bidi: isolate;
  }
`;
