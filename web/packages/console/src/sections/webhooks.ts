/** Where the app's backend is told of what happens. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { base, buttons, cards, fields } from "../components/styles.js";
import { isWebAddress } from "../settings/form.js";
import { Section, sectionStyles } from "./section.js";

@customElement("lc-webhooks")
export class WebhooksSection extends Section {
  /** Somebody types another token. */
  @state() private typing = false;

  static override styles = [
    base,
    buttons,
    cards,
    fields,
    sectionStyles,
    css`
      .body {
        display: grid;
        gap: 1.4rem;
      }
      .field {
        display: grid;
        gap: 0.3rem;
        max-width: 44rem;
      }
      .token {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.6rem;
      }
      .token input {
        flex: 1 1 16rem;
        width: auto;
      }
    `,
  ];

  override render(): unknown {
    const { app, webhooks } = this.words;
    return html`<section class="card">
      <header>
        <h2>${app.tabs.webhooks}</h2>
        <p>${webhooks.lead}</p>
      </header>
      <div class="body">${this.#url("state_change_url")} ${this.#url("push_url")} ${this.#token()}</div>
    </section>`;
  }

  #url(name: "state_change_url" | "push_url"): TemplateResult {
    const path = `webhooks.${name}`;
    const field = this.words.fields[path];
    const value = this.form.draft.webhooks[name];
    const isBad = !isWebAddress(value);
    return html`<div class="field">
      <label for=${name}>${field?.name ?? path}</label>
      <input
        id=${name}
        type="url"
        .value=${value}
        placeholder="https://"
        autocomplete="off"
        spellcheck="false"
        aria-invalid=${isBad}
        aria-describedby="${name}-hint"
        @input=${(event: InputEvent): void => {
          this.edit(path, (event.target as HTMLInputElement).value.trim());
        }}
      />
      <p id="${name}-hint" class=${isBad ? "problem" : "hint"}>${isBad ? this.words.webhooks.urlBad : field?.text}</p>
    </div>`;
  }

  #token(): TemplateResult {
    const { webhooks, fields: texts } = this.words;
    const { token, token_set } = this.form.draft.webhooks;
    const keep = html`<button class="small quiet" @click=${this.#keep}>${webhooks.tokenKeep}</button>`;
    return html`<div class="field">
      <label for="token">${texts["webhooks.token"]?.name}</label>
      <div class="token">
        ${
          this.typing
            ? html`<input
                  id="token"
                  .value=${token ?? ""}
                  maxlength="200"
                  autocomplete="off"
                  spellcheck="false"
                  aria-describedby="token-hint"
                  @input=${this.#typed}
                />${token_set ? keep : nothing}`
            : html`<span class="pill ${token === undefined && token_set ? "good" : ""}"
                  >${
                    token === ""
                      ? webhooks.tokenWillGo
                      : token_set || token !== undefined
                        ? webhooks.tokenSet
                        : webhooks.tokenNone
                  }</span
                >
                <button id="token" class="small" @click=${this.#type}>
                  ${token_set ? webhooks.tokenReplace : webhooks.tokenNew}
                </button>
                ${
                  token_set && token === undefined
                    ? html`<button class="small danger" @click=${this.#remove}>${webhooks.tokenRemove}</button>`
                    : token === ""
                      ? keep
                      : nothing
                }`
        }
      </div>
      <p id="token-hint" class="hint">${texts["webhooks.token"]?.text}</p>
    </div>`;
  }

  override willUpdate(): void {
    // Saved or discarded: what was typed is no longer a change.
    if (this.form.draft.webhooks.token === undefined && this.#hadToken) this.typing = false;
    this.#hadToken = this.form.draft.webhooks.token !== undefined;
  }

  #hadToken = false;

  readonly #type = async (): Promise<void> => {
    this.typing = true;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>("#token")?.focus();
  };

  readonly #typed = (event: InputEvent): void => {
    const { value } = event.target as HTMLInputElement;
    this.edit("webhooks.token", value === "" ? undefined : value);
    this.#hadToken = false;
  };

  readonly #remove = (): void => {
    this.edit("webhooks.token", "");
  };

  readonly #keep = (): void => {
    this.typing = false;
    this.edit("webhooks.token", undefined);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-webhooks": WebhooksSection;
  }
}
