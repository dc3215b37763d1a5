/** A number field with its name, its unit, its bounds, and an error if the typed text is invalid. */

import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Bounds } from "../api/shapes.js";
import { boundText, problemOf, type NumberField } from "../settings/fields.js";
import { base, fields } from "./styles.js";
import { View } from "./view.js";

@customElement("lc-number-field")
export class NumberInput extends View {
  @property({ attribute: false }) field: NumberField = { path: "", unit: "users" };
  @property({ attribute: false }) bounds: Bounds = {};
  /** The text in the field, which may not be a number. */
  @property() text = "";
  @property({ type: Boolean }) changed = false;
  @property({ type: Boolean }) disabled = false;

  static override shadowRootOptions = { ...View.shadowRootOptions, delegatesFocus: true };

  static override styles = [
    base,
    fields,
    css`
      .field {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 13rem;
        gap: 0.15rem 2rem;
        align-items: start;
        padding: 0.95rem 0;
      }
      label {
        display: inline;
      }
      .dot {
        display: inline-block;
        width: 0.45rem;
        height: 0.45rem;
        margin-inline-start: 0.5rem;
        border-radius: 50%;
        background: var(--accent);
        vertical-align: middle;
      }
      .input {
        display: flex;
        align-items: center;
        gap: 0.6rem;
      }
      input {
        text-align: end;
        font-variant-numeric: tabular-nums;
      }
      .unit {
        min-width: 3.2rem;
        color: var(--text-quiet);
        font-size: 0.8667rem;
      }
      .below {
        min-height: 1.4rem;
        padding-top: 0.2rem;
        font-size: 0.8333rem;
      }
      @media (max-width: 640px) {
        .field {
          grid-template-columns: 1fr;
        }
      }
    `,
  ];

  override render(): unknown {
    const { field, words } = this;
    const { name, text } = words.fields[field.path] ?? { name: field.path, text: "" };
    const problem = problemOf(this.text, field, this.bounds);
    const bound = this.bounds[field.path];
    const [least, most] = (bound ?? [0, 0]).map((value) => boundText(value, field.unit));
    const unreadable = field.unit === "milliseconds" ? words.problems.unreadableTime : words.problems.unreadable;
    return html`<div class="field">
      <div>
        <label for="input">${name}</label
        >${this.changed ? html`<span class="dot" aria-hidden="true"></span>` : nothing}
        ${text === "" ? nothing : html`<p class="hint">${text}</p>`}
      </div>
      <div>
        <div class="input">
          <input
            id="input"
            name=${field.path}
            .value=${this.text}
            inputmode=${field.unit === "milliseconds" ? "text" : "numeric"}
            autocomplete="off"
            ?disabled=${this.disabled}
            aria-invalid=${problem !== undefined}
            aria-describedby="below"
            @input=${this.#typed}
          />
          ${field.unit === "milliseconds" ? nothing : html`<span class="unit">${words.units[field.unit]}</span>`}
        </div>
        <p id="below" class="below ${problem === undefined ? "quiet" : "problem"}">
          ${
            problem?.kind === "unreadable"
              ? unreadable
              : problem?.kind === "outside"
                ? words.problems.outside(least ?? "", most ?? "")
                : bound === undefined
                  ? nothing
                  : words.problems.range(least ?? "", most ?? "")
          }
        </p>
      </div>
    </div>`;
  }

  readonly #typed = (event: InputEvent): void => {
    this.tell("lc-type", { field: this.field, text: (event.target as HTMLInputElement).value });
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-number-field": NumberInput;
  }
}
