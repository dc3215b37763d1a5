/** The login page of the console. */

import { css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { Api } from "../api/client.js";
import type { Session } from "../api/shapes.js";
import { icons, lamp } from "../components/icons.js";
import "../components/notice.js";
import { base, buttons, fields } from "../components/styles.js";
import { View } from "../components/view.js";
import { errorText } from "../words/errors.js";

@customElement("lc-login")
export class LoginPage extends View {
  @property({ attribute: false }) api!: Api;
  /** Whether a session in this page has ended. */
  @property({ type: Boolean }) over = false;

  @state() private busy = false;
  @state() private shown = false;
  @state() private error: unknown = undefined;
  @query("#password") private readonly input!: HTMLInputElement;
  @query("#operator") private readonly operator!: HTMLInputElement;

  static override styles = [
    base,
    buttons,
    fields,
    css`
      main {
        min-height: 100vh;
        min-height: 100dvh;
        display: grid;
        place-items: center;
        padding: 2rem 1rem;
      }
      form {
        width: min(25rem, 100%);
        display: grid;
        gap: 1.25rem;
        padding: 2.25rem;
        border: 1px solid var(--line);
        border-radius: 16px;
        background: var(--surface);
        box-shadow: var(--shadow);
      }
      header {
        display: grid;
        gap: 0.35rem;
      }
      header svg {
        margin-bottom: 0.9rem;
      }
      h1 {
        font-size: 1.4rem;
      }
      .operator {
        display: grid;
        gap: 0.35rem;
      }
      .operator input {
        min-height: 2.7rem;
      }
      .password {
        position: relative;
        margin-top: 0.35rem;
      }
      .password input {
        min-height: 2.7rem;
        padding-inline-end: 3rem;
      }
      .password button {
        position: absolute;
        inset-block: 0.2rem;
        inset-inline-end: 0.2rem;
        width: 2.3rem;
        min-height: 0;
        padding: 0;
        color: var(--text-quiet);
      }
      .primary {
        min-height: 2.7rem;
      }
      .forgotten {
        padding-top: 1.1rem;
        border-top: 1px solid var(--line);
      }
      .forgotten code {
        display: block;
        margin-top: 0.4rem;
        padding: 0.45rem 0.7rem;
        border-radius: var(--radius-small);
        background: var(--surface-sunk);
        color: var(--text);
      }
    `,
  ];

  override firstUpdated(): void {
    this.input.focus();
  }

  override render(): unknown {
    const { words } = this;
    const eye = this.shown ? words.login.hide : words.login.show;
    return html`<main>
      <form @submit=${this.#submit}>
        <header>
          ${lamp(44)}
          <h1>${words.login.title}</h1>
          <p class="quiet">${words.login.hint}</p>
        </header>
        ${this.over && this.error === undefined ? html`<lc-notice>${words.login.over}</lc-notice>` : nothing}
        ${this.error === undefined ? nothing : html`<lc-notice kind="bad">${errorText(this.error, words)}</lc-notice>`}
        <div class="operator">
          <label for="operator">${words.login.operator}</label>
          <input
            id="operator"
            name="username"
            value="admin"
            autocomplete="username"
            autocapitalize="off"
            spellcheck="false"
            required
          />
        </div>
        <div>
          <label for="password">${words.login.password}</label>
          <div class="password">
            <input
              id="password"
              name="password"
              type=${this.shown ? "text" : "password"}
              autocomplete="current-password"
              autocapitalize="off"
              spellcheck="false"
              required
            />
            <button
              type="button"
              class="quiet"
              aria-label=${eye}
              title=${eye}
              aria-pressed=${this.shown}
              @click=${this.#show}
            >
              ${this.shown ? icons.eyeOff : icons.eye}
            </button>
          </div>
        </div>
        <button class="primary" ?disabled=${this.busy}>${words.login.submit}</button>
        <p class="forgotten hint">${words.login.forgotten}<code>lamplight console password</code></p>
      </form>
    </main>`;
  }

  readonly #show = (): void => {
    this.shown = !this.shown;
  };

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    this.busy = true;
    try {
      const session: Session = await this.api.logIn(this.input.value, this.operator.value.trim());
      this.error = undefined;
      this.tell("lc-logged-in", session);
    } catch (error) {
      this.error = error;
      this.input.select();
    } finally {
      this.busy = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-login": LoginPage;
  }
}
