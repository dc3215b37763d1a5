/** The base class of the sections of an app. It has the form, and the events that report changes. */

import { css, html, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import type { Api } from "../api/client.js";
import type { Bounds } from "../api/shapes.js";
import "../components/number-field.js";
import { View } from "../components/view.js";
import { present, textOf, unsaved, type Form } from "../settings/form.js";
import type { NumberField } from "../settings/fields.js";
import type { Value } from "../settings/paths.js";

/** A change in the form. */
export interface Edit {
  path: string;
  value: Value | undefined;
}

/** An input in a number field. */
export interface Typing {
  field: NumberField;
  text: string;
}

const CONTROLS =
  "input, select, textarea, button:not([data-reads]), lc-toggle, lc-number-field, lc-text-field, lc-write-only";

export abstract class Section extends View {
  @property({ attribute: false }) api!: Api;
  @property({ attribute: false }) form!: Form;
  @property({ attribute: false }) bounds: Bounds = {};

  /**
   * If the operator may not change the app, disables all controls except buttons that only read. The server refuses the
   * changes anyway.
   */
  protected override updated(): void {
    if (this.api.may("admin")) return;
    for (const control of this.renderRoot.querySelectorAll<HTMLElement & { disabled: boolean }>(CONTROLS)) {
      control.disabled = true;
    }
  }

  /** Renders an input for each of `fields` that this server has as a setting. An older server may lack some. */
  protected numbers(fields: readonly NumberField[]): TemplateResult[] {
    const changed = unsaved(this.form);
    return present(this.form, fields).map(
      (field) =>
        html`<lc-number-field
          .field=${field}
          .bounds=${this.bounds}
          .text=${textOf(this.form, field)}
          .changed=${changed.includes(field.path)}
        ></lc-number-field>`,
    );
  }

  protected edit(path: string, value: Value | undefined): void {
    this.tell<Edit>("lc-edit", { path, value });
  }
}

export const sectionStyles = css`
  .card > header {
    display: block;
  }
  .card > header p {
    margin-top: 0.2rem;
    color: var(--text-quiet);
    max-width: 72ch;
  }
  .choices {
    display: grid;
    gap: 0.6rem;
  }
  .choice {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    gap: 0.1rem 0.75rem;
    align-items: baseline;
    padding: 0.75rem 0.95rem;
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    cursor: pointer;
  }
  .choice:hover {
    background: var(--surface-hover);
  }
  .choice:has(input:checked) {
    border-color: var(--accent);
    background: var(--accent-soft);
  }
  .choice input {
    accent-color: var(--accent);
  }
  .choice span {
    grid-column: 2;
    color: var(--text-quiet);
    font-weight: 400;
  }
  .choice:has(input:checked) span {
    color: var(--text);
  }
  legend {
    padding: 0 0 0.6rem;
    font-weight: 570;
    font-size: 0.9333rem;
  }
  .lines > * + * {
    border-top: 1px solid var(--line);
  }
`;
