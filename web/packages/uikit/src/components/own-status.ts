/** The custom status of the user who is logged in, and its editor. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { cancelWake, presentAt, wakeAfter } from "../clock.js";
import type { ChatClient, UserStatus } from "../client.js";
import { currentKit, onKitChange, statusDurations, TUIKit } from "../kit.js";
import {
  type Choice,
  dateFieldText,
  firstDate,
  LONGEST_DURATION,
  readDurations,
  secondsOf,
  type StatusDuration,
  type StatusDurations,
} from "../own-status/durations.js";
import { EMOJIS, joinSaying, splitSaying } from "../own-status/emoji.js";
import { OwnStatus } from "../own-status/own-status.js";
import { type SuggestedStatus, suggestionsIn } from "../own-status/suggestions.js";
import { reasonOf } from "../words/reasons.js";
import { durationText, endText, remainingOf } from "../words/remaining.js";
import { type Words, wordsOf } from "../words/words.js";
import { isComposing } from "./composing.js";
import { EmojiMenu, emojiMenuStyles } from "./emoji-menu.js";
import { smileIcon } from "./icons.js";
import { choiceStyles, ownStatusStyles } from "./own-status-styles.js";
import { theme } from "./theme.js";

/** The maximum length of a custom status in bytes, if the client does not know the limit of the app. */
const MOST_BYTES = 100;

/** The details of the event that is dispatched after the element has set or cleared the custom status. */
export interface OwnStatusEventDetail {
  /** The custom status; empty if it was cleared. */
  customStatus: string;
  /** The time in seconds after which the server clears the custom status; 0 for no end. */
  expiresIn: number;
}

/**
 * The custom status of the user who is logged in, with the time until its end, and an editor for both. A click opens
 * the editor. The server clears the status at its end, and when the user is no longer online; the element then shows
 * that there is none.
 *
 * The emoji beside the status is a part of its text: the text begins with the emoji and a space, and both have at
 * most `max-bytes` bytes of UTF-8 together. The user chooses an emoji from the menu, or types any other one.
 *
 * ```html
 * <tuikit-own-status></tuikit-own-status>
 * ```
 *
 * ```html
 * <tuikit-own-status durations="never 60 900 tonight" theme="dark" language="zh"></tuikit-own-status>
 * ```
 *
 * @fires {CustomEvent<OwnStatusEventDetail>} tuikit-own-status-set - The custom status was set or cleared with this
 *   element, by the user or with `set`.
 * @csspart status - The button with the custom status, which opens the editor.
 * @csspart until - The time until the end.
 * @csspart editor - The editor.
 * @csspart emoji - The button that opens the menu of emojis.
 * @csspart suggestion - A suggested status.
 * @csspart duration - A duration that the user can choose.
 * @cssprop [--tuikit-background] - The background. Further colours and fonts, with the same prefix: `-text`,
 *   `-text-quiet`, `-line`, `-hover`, `-active`, `-accent`, `-on-accent`, `-danger`, `-popup`, `-shadow`, `-font`,
 *   `-font-size`.
 */
@customElement("tuikit-own-status")
export class TuikitOwnStatus extends LitElement {
  static override styles = [theme, emojiMenuStyles, choiceStyles, ownStatusStyles];

  /**
   * The durations that the user can choose: `never`, `tonight`, `date`, or numbers of seconds; as an attribute,
   * separated by spaces. Default: the kit's `statusDurations`.
   */
  @property()
  durations: StatusDurations | null = null;

  /** The suggested statuses. Default: the kit's `statusSuggestions`. */
  @property({ attribute: false })
  suggestions: readonly SuggestedStatus[] | null = null;

  /** The emojis in the menu. */
  @property({ attribute: false })
  emojis: readonly string[] = EMOJIS;

  /**
   * The maximum length of a custom status in bytes of UTF-8. Default: the limit of the app, if the client knows it, or
   * else 100.
   */
  @property({ attribute: "max-bytes", type: Number })
  maxBytes: number | null = null;

  /** The language: `en` or `zh`. Default: the language of the kit, or else the language of the page. */
  @property()
  language = "";

  /** The theme: `light` or `dark`; default: the browser's setting. */
  @property({ reflect: true })
  theme: "light" | "dark" | "" = "";

  @state() private isEditing = false;
  @state() private isSaving = false;
  @state() private emoji = "";
  @state() private text = "";
  @state() private choice: Choice = "never";
  @state() private date = "";
  @state() private problem = "";
  @state() private announcement = "";

  @query(".status") private readonly button!: HTMLButtonElement | null;
  @query("form input[type=text]") private readonly field!: HTMLInputElement | null;
  @query("form .primary") private readonly saveButton!: HTMLButtonElement | null;

  #own: OwnStatus | null = null;
  #stopKit: (() => void) | null = null;
  #durations: readonly StatusDuration[] | null = null;
  /** The user who has opened the editor, and the client of that user. */
  #writer: { readonly client: ChatClient | undefined; readonly user: string } | null = null;
  /** The number of times that the editor was opened. */
  #editing = 0;
  /** The end that the status had when the editor was opened. */
  #kept: number | undefined;
  readonly #menu = new EmojiMenu(this, {
    onChoice: (emoji) => {
      this.emoji = emoji;
    },
  });
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
    cancelWake(this.#redraw);
    this.#own?.stop();
    this.#own = null;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("durations")) {
      this.#durations = durationsOf(this.durations);
    }
    const client = this.#follow()?.client;
    const writer = this.#writer;
    if (writer !== null && client?.isReady() === true) {
      const user = client.getLoginUser();
      // Another user must not see the text.
      this.isEditing &&= client === writer.client && (writer.user === "" || writer.user === user);
      this.#writer = { client, user };
    }
  }

  protected override render(): TemplateResult {
    const words = this.#words;
    return html`${this.isEditing ? this.#editor(words) : this.#shown(words)}
      <span class="hidden-text" role="status">${this.announcement}</span>`;
  }

  /** Opens the editor, and focuses its text. */
  async edit(): Promise<void> {
    const status = this.#own?.status;
    const now = this.#now;
    ({ emoji: this.emoji, text: this.text } = splitSaying(status?.customStatus ?? ""));
    this.#kept = status?.customExpires;
    this.choice = this.#kept === undefined ? (this.#choices[0] ?? "never") : "kept";
    this.date = this.#kept === undefined ? firstDate(now) : dateFieldText(this.#kept);
    this.problem = "";
    this.isSaving = false;
    this.#editing += 1;
    const client = this.#own?.client;
    this.#writer = { client, user: client?.getLoginUser() ?? "" };
    this.isEditing = true;
    await this.updateComplete;
    this.field?.select();
  }

  /**
   * Sets the custom status without the editor. It ends after `expiresIn` seconds; 0 means no end. An empty text
   * clears the custom status. Rejects if the call fails, before `TUIKit.init`, if this element is not in the page, and
   * if the client has no `setSelfStatus`.
   */
  async set(customStatus: string, expiresIn = 0): Promise<void> {
    const words = this.#words;
    const own = this.#follow();
    if (own === null) {
      throw new Error("call TUIKit.init first, and add the element to the page");
    }
    await own.say(customStatus, expiresIn);
    this.announcement = customStatus === "" ? words.statusCleared : words.statusSet(customStatus);
    const detail: OwnStatusEventDetail = { customStatus, expiresIn };
    this.dispatchEvent(new CustomEvent("tuikit-own-status-set", { detail, bubbles: true, composed: true }));
  }

  /** Focuses the text of the editor, or the button that opens the editor. */
  override focus(options?: FocusOptions): void {
    (this.field ?? this.button)?.focus(options);
  }

  /**
   * Follows the client of the current kit. Returns the status of its user; null if there is no kit, or if this element
   * is not in the page.
   */
  #follow(): OwnStatus | null {
    const client = currentKit()?.client;
    if (this.isConnected && this.#own?.client !== client) {
      this.#own?.stop();
      this.#own =
        client === undefined
          ? null
          : new OwnStatus({
              client,
              onChange: (before) => {
                this.#changed(before);
              },
            });
    }
    return this.#own;
  }

  get #words(): Words {
    return wordsOf(this.language || TUIKit.config.language || document.documentElement.lang);
  }

  get #now(): number {
    return presentAt(this.#own?.client);
  }

  get #choices(): readonly StatusDuration[] {
    return this.#durations ?? statusDurations();
  }

  get #mostBytes(): number {
    const ofApp = this.#own?.client.getAbilities?.()?.customStatusBytes ?? 0;
    return this.maxBytes ?? (ofApp === 0 ? MOST_BYTES : ofApp);
  }

  #shown(words: Words): TemplateResult {
    const { customStatus = "", customExpires } = this.#own?.status ?? {};
    const { emoji, text } = splitSaying(customStatus);
    const now = this.#now;
    const remaining =
      customStatus === "" || customExpires === undefined ? undefined : remainingOf(customExpires, now, words);
    if (this.isConnected && remaining !== undefined && remaining.changesAt < Infinity) {
      wakeAfter(remaining.changesAt - now, this.#redraw);
    }
    const until = remaining?.text ?? "";
    const title =
      until === "" || customExpires === undefined ? nothing : words.until(endText(customExpires, now, words));
    const label = [customStatus === "" ? words.setOwnStatus : customStatus, until].filter(Boolean).join(", ");
    return html`<button
      class="status ${customStatus === "" ? "empty" : ""}"
      part="status"
      type="button"
      aria-label="${words.ownStatus}: ${label}"
      title=${title}
      ?disabled=${this.#own?.client.setSelfStatus === undefined || !this.#own.client.isReady()}
      @click=${() => this.edit()}
    >
      <span class="emoji">${emoji === "" ? smileIcon : emoji}</span>
      <span class="text">${customStatus === "" ? words.setOwnStatus : text}</span>
      ${until === "" ? nothing : html`<span class="until" part="until">${until}</span>`}
    </button>`;
  }

  #editor(words: Words): TemplateResult {
    const { text, emoji, problem, isSaving } = this;
    const said = joinSaying({ emoji, text });
    const most = this.#mostBytes;
    const isTooLong = new TextEncoder().encode(said).length > most;
    const suggestions = this.suggestions ?? TUIKit.config.statusSuggestions ?? suggestionsIn(words.locale);
    return html`<form part="editor" novalidate @submit=${this.#onSubmit} @keydown=${this.#onKey}>
      <div class="field">
        ${this.#menu.render(emoji, this.emojis, words)}
        <input
          type="text"
          autocomplete="off"
          dir="auto"
          aria-label=${words.ownStatus}
          aria-invalid=${isTooLong}
          aria-describedby="problem"
          placeholder=${words.setOwnStatus}
          .value=${live(text)}
          @input=${(event: Event) => {
            this.text = (event.target as HTMLInputElement).value;
          }}
        />
      </div>
      <p class="problem" id="problem" role="alert">${isTooLong ? words.statusTooLong(most) : problem}</p>
      ${
        suggestions.length === 0
          ? nothing
          : html`<div class="chips" role="group" aria-label=${words.statusSuggestions}>
              ${suggestions.map(
                (one) =>
                  html`<button
                    type="button"
                    part="suggestion"
                    @click=${() => {
                      this.#suggest(one);
                    }}
                  >
                    ${one.text}
                  </button>`,
              )}
            </div>`
      }
      ${this.#durationFields(words)}
      <div class="actions">
        <button class="primary" ?disabled=${isTooLong || said === "" || isSaving}>${words.save}</button>
        ${
          (this.#own?.status?.customStatus ?? "") === ""
            ? nothing
            : html`<button class="clear" type="button" ?disabled=${isSaving} @click=${() => this.#say("", 0)}>
                ${words.clear}
              </button>`
        }
        <button class="cancel" type="button" @click=${() => this.#close()}>${words.cancel}</button>
      </div>
    </form>`;
  }

  #durationFields(words: Words): TemplateResult {
    const now = this.#now;
    const kept = this.#kept;
    const field = (choice: Choice, text: string) =>
      html`<label
        ><input
          type="radio"
          name="duration"
          value=${choice}
          .checked=${live(this.choice === choice)}
          @change=${() => {
            this.choice = choice;
            this.problem = "";
          }}
        /><span part="duration">${text}</span></label
      >`;
    return html`<fieldset class="choices">
        <legend>${words.clearAfter}</legend>
        ${kept === undefined ? nothing : field("kept", words.asBefore(words.until(endText(kept, now, words))))}
        ${this.#choices.map((choice) => field(choice, durationText(choice, words)))}
      </fieldset>
      ${
        this.choice === "date"
          ? html`<input
              type="datetime-local"
              required
              aria-label=${words.dateLabel}
              aria-describedby="problem"
              min=${dateFieldText(now)}
              max=${dateFieldText(now + LONGEST_DURATION * 1_000)}
              .value=${live(this.date)}
              @input=${(event: Event) => {
                this.date = (event.target as HTMLInputElement).value;
                this.problem = "";
              }}
            />`
          : nothing
      }`;
  }

  /** Puts a suggestion into the editor. The user can change it before setting it. */
  #suggest({ text, duration = "never" }: SuggestedStatus): void {
    ({ emoji: this.emoji, text: this.text } = splitSaying(text));
    this.choice = this.#choices.includes(duration) ? duration : (this.#choices[0] ?? "never");
    this.problem = "";
    void this.updateComplete.then(() => {
      this.saveButton?.focus();
    });
  }

  readonly #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const said = joinSaying({ emoji: this.emoji, text: this.text });
    if (said === "" || this.isSaving) {
      return;
    }
    const seconds = secondsOf(this.choice, { now: this.#now, date: this.date, kept: this.#kept });
    if (seconds === undefined) {
      this.problem = this.#words.dateOutOfRange;
      return;
    }
    void this.#say(said, seconds);
  };

  async #say(customStatus: string, expiresIn: number): Promise<void> {
    const editing = this.#editing;
    const isSame = () => editing === this.#editing && this.isEditing;
    this.isSaving = true;
    this.problem = "";
    try {
      await this.set(customStatus, expiresIn);
      if (isSame()) {
        // The user may have moved the focus while the call was in progress. A button that was disabled has lost it.
        await this.#close(this.matches(":focus-within") || document.activeElement === document.body);
      }
    } catch (error) {
      if (isSame()) {
        this.problem = this.#words.actionFailed(reasonOf(error, this.#words));
      }
    } finally {
      if (editing === this.#editing) {
        this.isSaving = false;
      }
    }
  }

  #changed(before: UserStatus | undefined): void {
    const now = this.#own?.status;
    if (before !== undefined && before.customStatus !== "" && now?.reason === "custom_expired") {
      this.announcement = this.#words.statusEnded;
    }
    this.requestUpdate();
  }

  async #close(isFocusing = true): Promise<void> {
    this.isEditing = false;
    await this.updateComplete;
    if (isFocusing) {
      this.button?.focus();
    }
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !isComposing(event)) {
      // Without this call, Escape would also close something in an element around this one.
      event.stopPropagation();
      void this.#close();
    }
  };
}

/** Parses the property. If its value is invalid, the kit's choices are used. */
function durationsOf(durations: StatusDurations | null): readonly StatusDuration[] | null {
  if (durations === null) {
    return null;
  }
  try {
    return readDurations(durations);
  } catch (error) {
    console.warn(`[TUIKit] ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tuikit-own-status": TuikitOwnStatus;
  }
  interface HTMLElementEventMap {
    "tuikit-own-status-set": CustomEvent<OwnStatusEventDetail>;
  }
}
