/** The section with the users who may call the server API. A change is saved at once, without the form. */

import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import "../components/confirm.js";
import type { Question } from "../components/confirm.js";
import "../components/notice.js";
import "../components/placeholder.js";
import { base, buttons, cards, fields } from "../components/styles.js";
import { errorText } from "../words/errors.js";
import { Section, sectionStyles } from "./section.js";

/** The form of a `userID`, as in the server. */
const USER_ID = /^[\x20-\x7e]{1,32}$/;

@customElement("lc-admins")
export class AdminsSection extends Section {
  @state() private question: Question | undefined = undefined;
  @state() private busy = false;
  @state() private problem = "";
  @state() private error: unknown = undefined;

  static override styles = [
    base,
    buttons,
    cards,
    fields,
    sectionStyles,
    css`
      .card > .body {
        display: grid;
        gap: 1.1rem;
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
      form {
        display: grid;
        gap: 0.3rem;
        max-width: 30rem;
      }
      .line {
        display: flex;
        gap: 0.6rem;
      }
    `,
  ];

  override render(): unknown {
    const { admins, app, errors } = this.words;
    const all = this.form.base.value.admins;
    return html`<section class="card">
        <header>
          <h2>${app.tabs.admins}</h2>
          <p>${admins.lead}</p>
        </header>
        <div class="body">
          ${
            this.error === undefined
              ? nothing
              : html`<lc-notice kind="bad" .heading=${errors.title}>${errorText(this.error, this.words)}</lc-notice>`
          }
          ${
            all.length === 0
              ? html`<p class="quiet">${admins.empty}</p>`
              : html`<ul>
                  ${all.map(
                    (user) =>
                      html`<li>
                        <span class="mono">${user}</span>
                        <button
                          class="small danger"
                          aria-label="${admins.remove}: ${user}"
                          @click=${(): void => {
                            this.#remove(user);
                          }}
                        >
                          ${admins.remove}
                        </button>
                      </li>`,
                  )}
                </ul>`
          }
          <form @submit=${this.#add}>
            <label for="user">${admins.user}</label>
            <div class="line">
              <input
                id="user"
                name="user"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-invalid=${this.problem !== ""}
                aria-describedby="problem"
              />
              <button ?disabled=${this.busy}>${admins.add}</button>
            </div>
            <p id="problem" class="problem">${this.problem}</p>
          </form>
        </div>
      </section>
      <lc-confirm .question=${this.question} @lc-close=${this.#unasked}></lc-confirm>`;
  }

  readonly #unasked = (): void => {
    this.question = undefined;
  };

  readonly #add = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const user = new FormData(form).get("user");
    if (typeof user !== "string" || !USER_ID.test(user)) {
      this.problem = this.words.admins.bad;
      return;
    }
    const { value, tag } = this.form.base;
    if (value.admins.includes(user)) {
      this.problem = this.words.admins.already;
      return;
    }
    this.problem = "";
    this.error = undefined;
    this.busy = true;
    try {
      this.tell("lc-app", await this.api.addAdmin(value.id, user, tag));
      form.reset();
    } catch (error) {
      this.error = error;
      this.tell("lc-failed", error);
    } finally {
      this.busy = false;
    }
  };

  #remove(user: string): void {
    const { admins } = this.words;
    this.question = {
      heading: admins.removeTitle(user),
      text: admins.removeText,
      action: admins.remove,
      act: async () => {
        const { value, tag } = this.form.base;
        this.tell("lc-app", await this.api.removeAdmin(value.id, user, tag));
      },
    };
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-admins": AdminsSection;
  }
}
