/** The keys of JWTs that open a login beside UserSigs, and what a JWT must claim. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import "../components/number-field.js";
import { base, buttons, cards, fields } from "../components/styles.js";
import { JWT_FIELDS } from "../settings/fields.js";
import { isShortSecret, isWebAddress, present, textOf, unsaved } from "../settings/form.js";
import { Section, sectionStyles } from "./section.js";

type TextSetting = "jwks_url" | "jwks_file" | "keys" | "issuer" | "audience" | "user_claim";

@customElement("lc-jwt")
export class JwtSection extends Section {
  /** Somebody types another secret. */
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
      textarea {
        min-height: 8rem;
        font-family: var(--font-mono, monospace);
      }
      .secret {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.6rem;
      }
      .secret input {
        flex: 1 1 16rem;
        width: auto;
      }
    `,
  ];

  override render(): unknown {
    const { app, jwt } = this.words;
    const changed = unsaved(this.form);
    return html`<section class="card">
      <header>
        <h2>${app.tabs.jwt}</h2>
        <p>${jwt.lead}</p>
      </header>
      <div class="body">
        ${this.#text("jwks_url")} ${this.#text("jwks_file")} ${this.#text("keys")} ${this.#secret()}
        ${this.#text("issuer")} ${this.#text("audience")} ${this.#text("user_claim")}
        ${present(this.form, JWT_FIELDS).map(
          (field) =>
            html`<lc-number-field
              .field=${field}
              .bounds=${this.bounds}
              .text=${textOf(this.form, field)}
              .changed=${changed.includes(field.path)}
            ></lc-number-field>`,
        )}
      </div>
    </section>`;
  }

  #text(name: TextSetting): TemplateResult {
    const path = `jwt.${name}`;
    const field = this.words.fields[path];
    const value = this.form.draft.jwt[name];
    const problem = this.#problem(name, value);
    const edited = (event: InputEvent): void => {
      this.edit(path, (event.target as HTMLInputElement | HTMLTextAreaElement).value.trim());
    };
    const hint = `${name}-hint`;
    return html`<div class="field">
      <label for=${name}>${field?.name ?? path}</label>
      ${
        name === "keys"
          ? html`<textarea
              id=${name}
              .value=${value}
              autocomplete="off"
              spellcheck="false"
              aria-describedby=${hint}
              @change=${edited}
            ></textarea>`
          : html`<input
              id=${name}
              .value=${value}
              autocomplete="off"
              spellcheck="false"
              aria-invalid=${problem !== undefined}
              aria-describedby=${hint}
              @input=${edited}
            />`
      }
      <p id=${hint} class=${problem === undefined ? "hint" : "problem"}>${problem ?? field?.text}</p>
    </div>`;
  }

  #problem(name: TextSetting, value: string): string | undefined {
    if (name === "jwks_url" && !isWebAddress(value)) return this.words.webhooks.urlBad;
    if (name === "user_claim" && value === "") return this.words.jwt.claimMissing;
    return undefined;
  }

  #secret(): TemplateResult {
    const { jwt, fields: texts } = this.words;
    const { secret, secret_set } = this.form.draft.jwt;
    const isShort = isShortSecret(secret);
    const keep = html`<button class="small quiet" @click=${this.#keep}>${jwt.secretKeep}</button>`;
    return html`<div class="field">
      <label for="secret">${texts["jwt.secret"]?.name}</label>
      <div class="secret">
        ${
          this.typing
            ? html`<input
                  id="secret"
                  .value=${secret ?? ""}
                  maxlength="1024"
                  autocomplete="off"
                  spellcheck="false"
                  aria-invalid=${isShort}
                  aria-describedby="secret-hint"
                  @input=${this.#typed}
                />${secret_set ? keep : nothing}`
            : html`<span class="pill ${secret === undefined && secret_set ? "good" : ""}"
                  >${
                    secret === ""
                      ? jwt.secretWillGo
                      : secret_set || secret !== undefined
                        ? jwt.secretSet
                        : jwt.secretNone
                  }</span
                >
                <button id="secret" class="small" @click=${this.#type}>
                  ${secret_set ? jwt.secretReplace : jwt.secretNew}
                </button>
                ${
                  secret_set && secret === undefined
                    ? html`<button class="small danger" @click=${this.#remove}>${jwt.secretRemove}</button>`
                    : secret === ""
                      ? keep
                      : nothing
                }`
        }
      </div>
      <p id="secret-hint" class=${isShort ? "problem" : "hint"}>
        ${isShort ? jwt.secretShort : texts["jwt.secret"]?.text}
      </p>
    </div>`;
  }

  override willUpdate(): void {
    // Saved or discarded: what was typed is no longer a change.
    if (this.form.draft.jwt.secret === undefined && this.#hadSecret) this.typing = false;
    this.#hadSecret = this.form.draft.jwt.secret !== undefined;
  }

  #hadSecret = false;

  readonly #type = async (): Promise<void> => {
    this.typing = true;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>("#secret")?.focus();
  };

  readonly #typed = (event: InputEvent): void => {
    const { value } = event.target as HTMLInputElement;
    this.edit("jwt.secret", value === "" ? undefined : value);
    this.#hadSecret = false;
  };

  readonly #remove = (): void => {
    this.edit("jwt.secret", "");
  };

  readonly #keep = (): void => {
    this.typing = false;
    this.edit("jwt.secret", undefined);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-jwt": JwtSection;
  }
}
