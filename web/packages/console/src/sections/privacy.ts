/**
 * The card with the visibility and the block list of a user. A change is saved at once. Dispatches `lc-ask` with the
 * question before a user is unblocked, and `lc-privacy` after each change.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import type { Api } from "../api/client.js";
import { VISIBILITIES, type Blocked, type Visibility } from "../api/shapes.js";
import type { Question } from "../components/confirm.js";
import "../components/notice.js";
import { base, buttons, cards, fields } from "../components/styles.js";
import { View } from "../components/view.js";
import { hrefOf } from "../router.js";
import { moment } from "../text/format.js";
import { errorText } from "../words/errors.js";

/** The form of a `userID`, as in the server. */
const USER_ID = /^[\x20-\x7e]{1,32}$/;

@customElement("lc-privacy")
export class PrivacySection extends View {
  @property({ attribute: false }) api!: Api;
  @property({ type: Number }) app = 0;
  @property() user = "";
  @property({ attribute: false }) visibility: Visibility = "everyone";
  @property({ attribute: false }) blocked: Blocked[] = [];

  @state() private busy = false;
  @state() private problem = "";
  @state() private error: unknown = undefined;
  @state() private said = "";

  static override styles = [
    base,
    buttons,
    cards,
    fields,
    css`
      .card > .body {
        display: grid;
        gap: 1.1rem;
      }
      .field {
        display: grid;
        gap: 0.3rem;
        max-width: 30rem;
      }
      select {
        width: fit-content;
      }
      h3 {
        font-size: 1rem;
      }
      ul {
        max-height: 20rem;
        overflow-y: auto;
      }
      li {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 1rem;
        padding: 0.55rem 0;
        border-bottom: 1px solid var(--line);
      }
      li span {
        overflow-wrap: anywhere;
      }
      li small {
        color: var(--text-quiet);
      }
      .line {
        display: flex;
        gap: 0.6rem;
      }
    `,
  ];

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("app") || changed.has("user")) {
      [this.problem, this.error, this.said] = ["", undefined, ""];
    }
  }

  override render(): unknown {
    const { privacy, errors } = this.words;
    const isOperator = this.api.may("operator");
    return html`<section class="card">
      <header><h2>${privacy.title}</h2></header>
      <div class="body">
        ${
          this.error === undefined
            ? nothing
            : html`<lc-notice kind="bad" .heading=${errors.title}>${errorText(this.error, this.words)}</lc-notice>`
        }
        <div class="field">
          <label for="visibility">${privacy.visibility}</label>
          <select id="visibility" ?disabled=${!isOperator || this.busy} @change=${this.#show}>
            ${VISIBILITIES.map(
              (one) =>
                html`<option value=${one} .selected=${live(one === this.visibility)}>
                  ${privacy.visibilities[one]}
                </option>`,
            )}
          </select>
        </div>
        <div>
          <h3 id="blocked">${privacy.blocked}</h3>
          ${this.blocked.length === 0 ? html`<p class="quiet">${privacy.none}</p>` : this.#list(isOperator)}
        </div>
        <form class="field" @submit=${this.#add}>
          <label for="user">${privacy.user}</label>
          <div class="line">
            <input
              id="user"
              name="user"
              autocomplete="off"
              autocapitalize="off"
              spellcheck="false"
              ?disabled=${!isOperator}
              aria-invalid=${this.problem !== ""}
              aria-describedby="problem"
            />
            <button ?disabled=${!isOperator || this.busy}>${privacy.block}</button>
          </div>
          <p id="problem" class="problem">${this.problem}</p>
        </form>
        <p class="quiet small" role="status">${this.said}</p>
      </div>
    </section>`;
  }

  #list(isOperator: boolean): TemplateResult {
    const { privacy, locale } = this.words;
    return html`<ul aria-labelledby="blocked" tabindex="0">
      ${repeat(
        this.blocked,
        ({ user }) => user,
        ({ user, since }) =>
          html`<li>
            <span
              ><a class="mono" href=${hrefOf({ page: "user", app: this.app, user })}>${user}</a>
              <small>${privacy.since(moment(since, locale))}</small></span
            >
            <button
              class="small danger"
              ?disabled=${!isOperator}
              aria-label="${privacy.unblock}: ${user}"
              @click=${(): void => {
                this.#remove(user);
              }}
            >
              ${privacy.unblock}
            </button>
          </li>`,
      )}
    </ul>`;
  }

  readonly #show = async (event: Event): Promise<void> => {
    const select = event.target as HTMLSelectElement;
    const visibility = select.value as Visibility;
    await this.#change(() => this.api.setVisibility(this.app, this.user, visibility), this.words.privacy.saved);
    // After a failure, the field shows the unchanged value.
    if (this.error !== undefined) select.value = this.visibility;
  };

  readonly #add = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { privacy } = this.words;
    const form = event.target as HTMLFormElement;
    const user = new FormData(form).get("user");
    if (typeof user !== "string" || !USER_ID.test(user)) {
      this.problem = this.words.admins.bad;
      return;
    }
    if (this.blocked.some((one) => one.user === user)) {
      this.problem = privacy.already;
      return;
    }
    this.problem = "";
    await this.#change(() => this.api.block(this.app, this.user, [user]), privacy.isBlocked(user));
    if (this.error === undefined) form.reset();
  };

  #remove(user: string): void {
    const { privacy } = this.words;
    this.tell<Question>("lc-ask", {
      heading: privacy.unblockTitle(user),
      text: privacy.unblockText,
      action: privacy.unblock,
      act: async () => {
        await this.api.unblock(this.app, this.user, user);
        this.said = privacy.isUnblocked(user);
        this.tell("lc-privacy", undefined);
      },
    });
  }

  /** Makes a change, and reports it to the page, which then reads the user again. */
  async #change(act: () => Promise<void>, said: string): Promise<void> {
    [this.error, this.said, this.busy] = [undefined, "", true];
    try {
      await act();
      this.said = said;
      this.tell("lc-privacy", undefined);
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-privacy": PrivacySection;
  }
}
