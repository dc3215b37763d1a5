/** The element that is shown in place of content that is being loaded, could not be loaded, or is empty. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { errorText } from "../words/errors.js";
import { base, buttons } from "./styles.js";
import { View, type Loaded } from "./view.js";

@customElement("lc-placeholder")
export class Placeholder extends View {
  @property() kind: "loading" | "failed" | "empty" = "loading";
  @property() heading = "";
  @property({ attribute: false }) error: unknown = undefined;

  static override styles = [
    base,
    buttons,
    css`
      .box {
        display: grid;
        justify-items: center;
        gap: 0.5rem;
        padding: 2.75rem 1.5rem;
        text-align: center;
        color: var(--text-quiet);
      }
      strong {
        color: var(--text);
        font-weight: 600;
      }
      p {
        max-width: 52ch;
      }
      .bars {
        width: min(100%, 30rem);
        display: grid;
        gap: 0.75rem;
      }
      .bars i {
        height: 0.8rem;
        border-radius: 99px;
        background: var(--neutral-soft);
        animation: breathe 1.4s ease-in-out infinite alternate;
      }
      .bars i:nth-child(2) {
        width: 82%;
        animation-delay: 0.15s;
      }
      .bars i:nth-child(3) {
        width: 64%;
        animation-delay: 0.3s;
      }
      @keyframes breathe {
        to {
          opacity: 0.45;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .bars i {
          animation: none;
        }
      }
    `,
  ];

  override render(): unknown {
    switch (this.kind) {
      case "loading":
        return html`<div class="box" role="status">
          <div class="bars" aria-hidden="true"><i></i><i></i><i></i></div>
          <span class="unseen">${this.words.loading}</span>
        </div>`;
      case "failed":
        return html`<div class="box" role="alert">
          <strong>${this.words.errors.loading}</strong>
          <p>${errorText(this.error, this.words)}</p>
          <button @click=${this.#retry}>${this.words.retry}</button>
        </div>`;
      case "empty":
        return html`<div class="box">
          ${this.heading === "" ? nothing : html`<strong>${this.heading}</strong>`}
          <p><slot></slot></p>
        </div>`;
    }
  }

  readonly #retry = (): void => {
    this.tell("lc-retry", undefined);
  };
}

/** Renders loaded content with `show`, or a placeholder if there is none. `again` loads the content again. */
export function whenLoaded<T>(
  loaded: Loaded<T>,
  again: () => Promise<void> | void,
  show: (value: T) => TemplateResult,
): TemplateResult {
  switch (loaded.state) {
    case "loading":
      return html`<lc-placeholder kind="loading"></lc-placeholder>`;
    case "failed":
      return html`<lc-placeholder kind="failed" .error=${loaded.error} @lc-retry=${again}></lc-placeholder>`;
    case "ready":
      return show(loaded.value);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-placeholder": Placeholder;
  }
}
