/** The choice of who may see the status of the user who is logged in. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { Visibility } from "../client.js";
import { currentKit, onKitChange, TUIKit } from "../kit.js";
import { OwnVisibility, VISIBILITIES } from "../own-status/own-visibility.js";
import { reasonOf } from "../words/reasons.js";
import { type Words, wordsOf } from "../words/words.js";
import { choiceStyles } from "./own-status-styles.js";
import { theme } from "./theme.js";

/** The details of the event that is dispatched after the user has chosen a visibility. */
export interface VisibilityEventDetail {
  visibility: Visibility;
}

/**
 * The choice of who may see the status of the user who is logged in: everyone, friends or nobody. A choice has an
 * effect at once, and the element shows a choice that was made on another device.
 *
 * Keys: the arrows choose.
 *
 * ```html
 * <tuikit-visibility></tuikit-visibility>
 * ```
 *
 * ```html
 * <tuikit-visibility theme="dark" language="zh"></tuikit-visibility>
 * ```
 *
 * @fires {CustomEvent<VisibilityEventDetail>} tuikit-visibility-set - The user has chosen a visibility, and the server
 *   has stored it.
 * @csspart choice - A choice.
 * @cssprop [--tuikit-background] - The background. Further colours and fonts, with the same prefix: `-text`,
 *   `-text-quiet`, `-line`, `-hover`, `-active`, `-accent`, `-danger`, `-font`, `-font-size`.
 */
@customElement("tuikit-visibility")
export class TuikitVisibility extends LitElement {
  static override styles = [
    theme,
    choiceStyles,
    css`
      :host {
        display: block;
      }
      .choices:disabled label {
        cursor: default;
        opacity: 0.6;
      }
      .choices:disabled input {
        cursor: default;
      }
      .problem {
        margin-block-start: 0.375rem;
      }
    `,
  ];

  /** The language: `en` or `zh`. Default: the language of the kit, or else the language of the page. */
  @property()
  language = "";

  /** The theme: `light` or `dark`; default: the browser's setting. */
  @property({ reflect: true })
  theme: "light" | "dark" | "" = "";

  /** The choice that the server has not confirmed yet. */
  @state() private wanted: Visibility | undefined;
  @state() private problem = "";
  @state() private announcement = "";

  @query("input:checked, input") private readonly field!: HTMLInputElement | null;

  #own: OwnVisibility | null = null;
  #stopKit: (() => void) | null = null;
  readonly #redraw = () => {
    this.requestUpdate();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stopKit = onKitChange(this.#redraw);
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopKit?.();
    this.#own?.stop();
    this.#own = null;
  }

  protected override willUpdate(): void {
    this.#follow();
  }

  protected override render(): TemplateResult {
    const words = this.#words;
    const known = this.#own?.value;
    const shown = this.wanted ?? known;
    const isOff = known === undefined || this.#own?.client.setVisibility === undefined;
    return html`<fieldset class="choices" ?disabled=${isOff}>
        <legend>${words.visibility}</legend>
        ${VISIBILITIES.map(
          (choice) =>
            html`<label
              ><input
                type="radio"
                name="visibility"
                value=${choice}
                .checked=${live(shown === choice)}
                @change=${() => this.#choose(choice)}
              /><span part="choice">${words.visibilities[choice]}</span></label
            >`,
        )}
      </fieldset>
      <p class="problem" role="alert">${this.problem}</p>
      <span class="hidden-text" role="status">${this.announcement}</span>`;
  }

  /** Focuses the chosen visibility. */
  override focus(options?: FocusOptions): void {
    this.field?.focus(options);
  }

  /** Follows the client of the current kit. Returns the visibility of its user; null if there is no kit. */
  #follow(): OwnVisibility | null {
    const client = currentKit()?.client;
    if (this.isConnected && this.#own?.client !== client) {
      this.#own?.stop();
      this.#own = client === undefined ? null : new OwnVisibility({ client, onChange: this.#redraw });
    }
    return this.#own;
  }

  get #words(): Words {
    return wordsOf(this.language || TUIKit.config.language || document.documentElement.lang);
  }

  async #choose(visibility: Visibility): Promise<void> {
    this.wanted = visibility;
    this.problem = "";
    this.announcement = "";
    try {
      const own = this.#follow();
      if (own === null) {
        throw new Error("call TUIKit.init first");
      }
      await own.set(visibility);
    } catch (error) {
      if (this.wanted === visibility) {
        this.problem = this.#words.actionFailed(reasonOf(error, this.#words));
      }
      return;
    } finally {
      // With the arrow keys, another choice may have been made meanwhile.
      if (this.wanted === visibility) {
        this.wanted = undefined;
      }
    }
    this.announcement = this.#words.visibilitySet[visibility];
    const detail: VisibilityEventDetail = { visibility };
    this.dispatchEvent(new CustomEvent("tuikit-visibility-set", { detail, bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tuikit-visibility": TuikitVisibility;
  }
  interface HTMLElementEventMap {
    "tuikit-visibility-set": CustomEvent<VisibilityEventDetail>;
  }
}
