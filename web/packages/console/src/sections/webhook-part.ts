/** The base class of the cards about the webhooks of an app. The data of a card is read again when the app changes. */

import { css, html, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import type { Api } from "../api/client.js";
import "../components/notice.js";
import { base, buttons, cards, tables } from "../components/styles.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { errorText } from "../words/errors.js";
import { sectionStyles } from "./section.js";

export abstract class WebhookPart<T> extends View {
  @property({ attribute: false }) api!: Api;
  @property({ type: Number }) app = 0;

  @state() protected loaded: Loaded<T> = LOADING;
  /** The error of the last action; undefined if it succeeded. */
  @state() protected error: unknown = undefined;

  static override styles = [
    base,
    buttons,
    cards,
    tables,
    sectionStyles,
    css`
      td .quiet {
        display: block;
        font-weight: 400;
        font-size: 0.8667rem;
      }
    `,
  ];

  /** Reads the data of the card. */
  protected abstract read(app: number): Promise<T>;

  /** Removes the data of the previously shown app. */
  protected forget(): void {
    this.loaded = LOADING;
    this.error = undefined;
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("app")) {
      this.forget();
      void this.load();
    }
  }

  protected readonly load = async (): Promise<void> => {
    const { app } = this;
    try {
      const value = await this.read(app);
      if (app === this.app) this.loaded = { state: "ready", value };
    } catch (error) {
      if (app === this.app) this.loaded = { state: "failed", error };
    }
  };

  /** Runs an action of the operator. An error is shown only if the card still shows the same app. */
  protected async attempt(act: (app: number) => Promise<void>): Promise<void> {
    const { app } = this;
    this.error = undefined;
    try {
      await act(app);
    } catch (error) {
      if (app === this.app) this.error = error;
    }
  }

  protected problem(): TemplateResult | typeof nothing {
    const { words } = this;
    if (this.error === undefined) return nothing;
    return html`<lc-notice kind="bad" .heading=${words.errors.title}>${errorText(this.error, words)}</lc-notice>`;
  }
}
