/** The section with the keys of an app. A rotation is saved at once, without the form. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { App, Key, Secret } from "../api/shapes.js";
import type { Tagged } from "../api/client.js";
import "../components/confirm.js";
import type { Question } from "../components/confirm.js";
import { icons } from "../components/icons.js";
import "../components/notice.js";
import "../components/secret.js";
import { base, buttons, cards, tables } from "../components/styles.js";
import { errorText } from "../words/errors.js";
import { Section, sectionStyles } from "./section.js";

@customElement("lc-keys")
export class KeysSection extends Section {
  @state() private shown: Secret | undefined = undefined;
  @state() private isNew = false;
  @state() private question: Question | undefined = undefined;
  @state() private busy = false;
  @state() private error: unknown = undefined;

  static override styles = [
    base,
    buttons,
    cards,
    tables,
    sectionStyles,
    css`
      .card > .body {
        display: grid;
        gap: 1rem;
      }
      .keys {
        margin-inline: -1.35rem;
      }
      td:first-child {
        font-weight: 570;
      }
      .secret td {
        padding-top: 0;
        font-weight: inherit;
        border-bottom: 1px solid var(--line);
      }
      tr.open td {
        border-bottom: 0;
      }
      .own,
      .under {
        display: grid;
        gap: 0.5rem;
      }
    `,
  ];

  override render(): unknown {
    const { keys, app, errors } = this.words;
    const all = this.form.base.value.keys;
    return html`<section class="card">
        <header>
          <h2>${app.tabs.keys}</h2>
          <p>${keys.lead}</p>
        </header>
        <div class="body">
          ${
            this.error === undefined
              ? nothing
              : html`<lc-notice kind="bad" .heading=${errors.title}>${errorText(this.error, this.words)}</lc-notice>`
          }
          <div class="keys scroll" tabindex="0" role="region" aria-label=${app.tabs.keys}>
            <table>
              <tbody>
                ${[...all].reverse().map((key) => this.#row(key, all.length === 1))}
              </tbody>
            </table>
          </div>
          <div class="row">
            <button ?disabled=${this.busy} @click=${(): void => void this.#add()}>${icons.plus}${keys.add}</button>
          </div>
          <form class="own" @submit=${this.#addOwn}>
            <label for="own">${keys.own}</label>
            <div class="row">
              <input id="own" name="own" type="password" autocomplete="off" required />
              <button ?disabled=${this.busy}>${keys.addOwn}</button>
            </div>
          </form>
          <p class="quiet small">${keys.howTo}</p>
        </div>
      </section>
      <lc-confirm .question=${this.question} @lc-close=${this.#unasked}></lc-confirm>`;
  }

  #row(key: Key, isLast: boolean): TemplateResult {
    const { keys } = this.words;
    const isShown = this.shown?.id === key.id;
    const name = keys.key(key.id);
    return html`<tr class=${isShown ? "open" : ""}>
        <td>${name}</td>
        <td><span class="pill ${key.signs ? "accent" : ""}">${key.signs ? keys.signs : keys.verifies}</span></td>
        <td class="end">
          <button
            class="small"
            aria-label="${isShown ? keys.hide : keys.reveal}: ${name}"
            @click=${(): void => void this.#reveal(key.id)}
          >
            ${isShown ? keys.hide : keys.reveal}
          </button>
          <button
            class="small danger"
            ?disabled=${isLast}
            title=${isLast ? keys.last : ""}
            aria-label="${keys.retire}: ${name}"
            @click=${(): void => {
              this.#retire(key.id);
            }}
          >
            ${keys.retire}
          </button>
        </td>
      </tr>
      ${
        this.shown !== undefined && isShown
          ? html`<tr class="secret">
              <td colspan="3">
                <div class="under">
                  ${
                    this.isNew
                      ? html`<lc-notice kind="good" .heading=${keys.newTitle(key.id)}>${keys.newText}</lc-notice>`
                      : nothing
                  }
                  <lc-secret .text=${this.shown.text} .label=${keys.secret(key.id)}></lc-secret>
                </div>
              </td>
            </tr>`
          : nothing
      }`;
  }

  readonly #unasked = (): void => {
    this.question = undefined;
  };

  readonly #addOwn = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const key = new FormData(form).get("own");
    if (typeof key !== "string") return;
    await this.#add(key.trim());
    if (this.error === undefined) form.reset();
  };

  async #add(key?: string): Promise<void> {
    await this.#try(async () => {
      const { value, tag } = await this.api.addKey(this.form.base.value.id, this.form.base.tag, key);
      this.shown = value.key;
      this.isNew = key === undefined;
      this.tell<Tagged<App>>("lc-app", { value: value.app, tag });
    });
  }

  async #reveal(key: number): Promise<void> {
    if (this.shown?.id === key) {
      this.shown = undefined;
      return;
    }
    await this.#try(async () => {
      this.shown = await this.api.revealKey(this.form.base.value.id, key);
      this.isNew = false;
    });
  }

  #retire(key: number): void {
    const { keys } = this.words;
    this.question = {
      heading: keys.retireTitle(key),
      text: keys.retireText,
      action: keys.retire,
      act: async () => {
        const { base } = this.form;
        this.tell("lc-app", await this.api.retireKey(base.value.id, key, base.tag));
      },
    };
  }

  async #try(act: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.error = undefined;
    try {
      await act();
    } catch (error) {
      this.error = error;
      this.tell("lc-failed", error);
    } finally {
      this.busy = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-keys": KeysSection;
  }
}
