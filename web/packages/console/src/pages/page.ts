/** The head of a page: its path, its title and its actions. */

import { css, html, nothing, type TemplateResult } from "lit";

export const pageStyles = css`
  .page {
    display: grid;
    /* The column is as wide as the window allows; a wider table scrolls inside its card. */
    grid-template-columns: minmax(0, 1fr);
    gap: 1.4rem;
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: flex-end;
    justify-content: space-between;
    gap: 0.75rem 1.5rem;
  }
  .head p {
    margin-top: 0.25rem;
    color: var(--text-quiet);
    max-width: 70ch;
  }
  .head h1 {
    overflow-wrap: anywhere;
  }
  .crumb {
    display: inline-flex;
    align-items: center;
    gap: 0.2rem;
    margin-bottom: 0.5rem;
    margin-inline-start: -0.2rem;
    font-size: 0.9rem;
  }
`;

export function head(
  title: unknown,
  lead: string,
  options: { crumb?: TemplateResult; actions?: TemplateResult } = {},
): TemplateResult {
  return html`<header>
    ${options.crumb ?? nothing}
    <div class="head">
      <div>
        <h1 tabindex="-1">${title}</h1>
        ${lead === "" ? nothing : html`<p>${lead}</p>`}
      </div>
      ${options.actions ?? nothing}
    </div>
  </header>`;
}
