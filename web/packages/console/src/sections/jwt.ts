/** The section with the keys and required claims of JWTs, which clients may use in place of UserSigs. */

import { css, html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { base, cards } from "../components/styles.js";
import "../components/text-field.js";
import "../components/write-only.js";
import { JWT_FIELDS } from "../settings/fields.js";
import { isShortSecret, isWebAddress } from "../settings/form.js";
import { Section, sectionStyles } from "./section.js";

type TextSetting = "jwks_url" | "jwks_file" | "keys" | "issuer" | "audience" | "user_claim";

@customElement("lc-jwt")
export class JwtSection extends Section {
  static override styles = [
    base,
    cards,
    sectionStyles,
    css`
      .body {
        display: grid;
        gap: 1.4rem;
      }
    `,
  ];

  override render(): unknown {
    const { app, jwt } = this.words;
    const { secret, secret_set } = this.form.draft.jwt;
    return html`<section class="card">
      <header>
        <h2>${app.tabs.jwt}</h2>
        <p>${jwt.lead}</p>
      </header>
      <div class="body">
        ${this.#text("jwks_url", "url")} ${this.#text("jwks_file")} ${this.#text("keys", "lines")}
        <lc-write-only
          path="jwt.secret"
          .value=${secret}
          .stored=${secret_set}
          .longest=${1_024}
          .texts=${jwt.secret}
          .problem=${isShortSecret(secret) ? jwt.secretShort : undefined}
        ></lc-write-only>
        ${this.#text("issuer")} ${this.#text("audience")} ${this.#text("user_claim")} ${this.numbers(JWT_FIELDS)}
      </div>
    </section>`;
  }

  #text(name: TextSetting, kind: "text" | "url" | "lines" = "text"): TemplateResult {
    const value = this.form.draft.jwt[name];
    return html`<lc-text-field
      path="jwt.${name}"
      kind=${kind}
      .value=${value}
      .problem=${this.#problem(name, value)}
    ></lc-text-field>`;
  }

  #problem(name: TextSetting, value: string): string | undefined {
    if (name === "jwks_url" && !isWebAddress(value)) return this.words.webhooks.urlBad;
    if (name === "user_claim" && value === "") return this.words.jwt.claimMissing;
    return undefined;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-jwt": JwtSection;
  }
}
