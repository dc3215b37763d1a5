/** The icons of the kit. A text beside each icon has the same meaning. */

import { html, type TemplateResult } from "lit";

export const chatsIcon: TemplateResult = html`<svg
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="1.5"
  stroke-linejoin="round"
  aria-hidden="true"
>
  <path
    d="M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5z"
  />
</svg>`;

export const peopleIcon: TemplateResult = html`<svg
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="1.5"
  stroke-linecap="round"
  aria-hidden="true"
>
  <circle cx="12" cy="8.5" r="4" />
  <path d="M4.5 20a7.5 7.5 0 0 1 15 0" />
</svg>`;

export const moreIcon: TemplateResult = html`<svg viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">
  <circle cx="5" cy="12" r="1.8" />
  <circle cx="12" cy="12" r="1.8" />
  <circle cx="19" cy="12" r="1.8" />
</svg>`;

export const pinIcon: TemplateResult = html`<svg viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">
  <path
    d="M15.5 3.2 20.8 8.5a1 1 0 0 1-.4 1.7l-2.6.8-3.2 3.2-.4 3.7a1 1 0 0 1-1.7.6l-3.4-3.4-4.5 4.5-.9-.9 4.5-4.5L4.8 10.8a1 1 0 0 1 .6-1.7l3.7-.4 3.2-3.2.8-2.6a1 1 0 0 1 1.7-.4z"
  />
</svg>`;

export const sendIcon: TemplateResult = html`<svg viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">
  <path
    d="M3.6 20.1 21 12.8a.9.9 0 0 0 0-1.6L3.6 3.9a.6.6 0 0 0-.8.7l1.7 6.3 8.5 1.1-8.5 1.1-1.7 6.3a.6.6 0 0 0 .8.7z"
  />
</svg>`;

export const downIcon: TemplateResult = html`<svg
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
  aria-hidden="true"
>
  <path d="m6 9.5 6 6 6-6" />
</svg>`;

export const smileIcon: TemplateResult = html`<svg
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="1.8"
  stroke-linecap="round"
  aria-hidden="true"
>
  <circle cx="12" cy="12" r="8.5" />
  <path d="M8.5 14.5c2 2.2 5 2.2 7 0M9 10v.01M15 10v.01" />
</svg>`;
