/**
 * The base class of all components. It renders in the selected language, and renders again when the language changes.
 */

import { LitElement } from "lit";
import { preferences, type Words } from "../words/words.js";

export abstract class View extends LitElement {
  protected get words(): Words {
    return preferences.words;
  }

  readonly #changed = (): void => {
    this.requestUpdate();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    preferences.addEventListener("change", this.#changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    preferences.removeEventListener("change", this.#changed);
  }

  /** Dispatches an event that bubbles out of the shadow trees. */
  protected tell<T>(type: string, detail: T): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

/** Data from the server, or the state of the request for it. */
export type Loaded<T> = { state: "loading" } | { state: "failed"; error: unknown } | { state: "ready"; value: T };

export const LOADING: Loaded<never> = { state: "loading" };
