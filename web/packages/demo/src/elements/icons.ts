/** The icons of the demo. Each has a text beside it, or a label where it is used. */

import { svg, type TemplateResult } from "lit";

function icon(paths: TemplateResult): TemplateResult {
  return svg`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"
    stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;
}

export const lampIcon = svg`<svg viewBox="0 0 48 48" aria-hidden="true">
  <circle cx="24" cy="24" r="20" fill="var(--glow)" />
  <circle cx="24" cy="24" r="14.5" fill="var(--glow)" />
  <circle cx="24" cy="24" r="9.5" fill="var(--lamp)" />
  <circle cx="21" cy="21" r="3" fill="#fff" fill-opacity=".55" />
</svg>`;

export const sunIcon = icon(
  svg`<circle cx="12" cy="12" r="4" /><path d="M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1" />`,
);
export const moonIcon = icon(svg`<path d="M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z" />`);
export const autoIcon = icon(
  svg`<circle cx="12" cy="12" r="8.5" /><path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentColor" />`,
);
export const languageIcon = icon(
  svg`<path d="M4 6h9M8.500 4v2c0 4-2 7-5 8.500M6 9.500c1 2.500 3 4 5.500 5M12.500 20l4-10 4 10M14 16.500h5" />`,
);
export const leaveIcon = icon(svg`<path d="M14 4H6v16h8M10 12h10M17 8.500l3.500 3.500-3.500 3.500" />`);
export const plusIcon = icon(svg`<path d="M12 5v14M5 12h14" />`);
export const backIcon = icon(svg`<path d="M15 5l-7 7 7 7" />`);
export const infoIcon = icon(svg`<circle cx="12" cy="12" r="8.500" /><path d="M12 11v5M12 8v.01" />`);
export const closeIcon = icon(svg`<path d="M6 6l12 12M18 6L6 18" />`);
export const windowIcon = icon(
  svg`<rect x="8" y="8" width="12" height="12" rx="2" /><path d="M16 8V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2" />`,
);
