/**
 * The icons of the console: line drawings in the colour of the text. A text beside each icon has the same meaning.
 */

import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit";

function icon(paths: SVGTemplateResult, size = 18): TemplateResult {
  return html`<svg
    width=${size}
    height=${size}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.8"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${paths}
  </svg>`;
}

export const icons = {
  overview: icon(svg`<path d="M3 17l5-6 4 4 6-8 3 4" /><path d="M3 21h18" />`),
  apps: icon(
    svg`<rect x="3.5" y="3.5" width="7" height="7" rx="1.6" /><rect x="13.5" y="3.5" width="7" height="7" rx="1.6" /><rect x="3.5" y="13.5" width="7" height="7" rx="1.6" /><rect x="13.5" y="13.5" width="7" height="7" rx="1.6" />`,
  ),
  users: icon(
    svg`<circle cx="9" cy="8" r="3.6" /><path d="M2.8 20c.5-3.6 3-5.6 6.2-5.6s5.7 2 6.2 5.6" /><path d="M16 4.700a3.6 3.6 0 0 1 0 6.600M18 14.700c1.9.700 3 2.5 3.3 5.3" />`,
  ),
  audit: icon(svg`<path d="M6 3.5h9l4 4v13H6z" /><path d="M9 11h7M9 14.500h7M9 18h4" />`),
  operators: icon(
    svg`<path d="M12 3l7.5 3v5.500c0 4.600-3.1 8-7.5 9.500-4.4-1.500-7.5-4.900-7.5-9.500V6z" /><path d="M9 12l2.2 2.200L15.200 10" />`,
  ),
  logOut: icon(svg`<path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4" /><path d="M9 8l-4 4 4 4M5 12h10" />`),
  password: icon(svg`<circle cx="8" cy="15" r="4" /><path d="M11 12l8.5-8.5M16 7l3 3M13.500 9.500l2 2" />`),
  language: icon(
    svg`<circle cx="12" cy="12" r="8.7" /><path d="M3.5 12h17M12 3.300c2.5 2.4 3.7 5.3 3.7 8.700s-1.2 6.3-3.7 8.700c-2.5-2.4-3.7-5.3-3.7-8.700s1.2-6.3 3.7-8.700z" />`,
  ),
  theme: icon(
    svg`<circle cx="12" cy="12" r="8.7" /><path d="M12 3.300v17.400a8.7 8.7 0 0 0 0-17.400z" fill="currentColor" />`,
  ),
  back: icon(svg`<path d="M15 5l-7 7 7 7" />`, 16),
  copy: icon(
    svg`<rect x="8.5" y="8.5" width="11" height="12" rx="2" /><path d="M15.5 5.500a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2" />`,
    16,
  ),
  plus: icon(svg`<path d="M12 5v14M5 12h14" />`, 16),
  eye: icon(
    svg`<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" /><circle cx="12" cy="12" r="2.8" />`,
  ),
  eyeOff: icon(
    svg`<path d="M4 4l16 16M9.8 5.800A9 9 0 0 1 12 5.500c6 0 9.5 6.5 9.5 6.500a16 16 0 0 1-3 3.700M6.3 7.700A16 16 0 0 0 2.5 12S6 18.5 12 18.500c1.5 0 2.9-.4 4.1-1" />`,
  ),
  alert: icon(
    svg`<path d="M12 8v5M12 16.500v.1" /><path d="M10.3 3.900L2.4 18a2 2 0 0 0 1.7 3h15.800a2 2 0 0 0 1.7-3L13.7 3.900a2 2 0 0 0-3.4 0z" />`,
  ),
  check: icon(svg`<path d="M5 12.500l4.5 4.500L19 7.5" />`),
  info: icon(svg`<circle cx="12" cy="12" r="8.7" /><path d="M12 11v5M12 8v.1" />`),
};

/** The logo. */
export function lamp(size: number): TemplateResult {
  return html`<svg width=${size} height=${size} viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="#1f2937" />
    <circle cx="16" cy="16" r="8" fill="#fbbf24" />
    <circle cx="16" cy="16" r="11.5" fill="none" stroke="#fbbf24" stroke-opacity=".35" stroke-width="2" />
  </svg>`;
}
