/** The dead letters of an app: notices for webhooks that were not delivered. They can be sent again or deleted. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { DeadLetter } from "../api/shapes.js";
import "../components/confirm.js";
import type { Question } from "../components/confirm.js";
import "../components/export.js";
import "../components/notice.js";
import { whenLoaded } from "../components/placeholder.js";
import { instant, type Columns } from "../text/csv.js";
import { count, moment } from "../text/format.js";
import { WebhookPart } from "./webhook-part.js";

/** The columns of the exported file. */
const COLUMNS: Columns<DeadLetter> = {
  id: (letter) => letter.id,
  webhook: (letter) => letter.webhook,
  event: (letter) => letter.event,
  user: (letter) => letter.user_id,
  queued: (letter) => instant(letter.queued),
  died: (letter) => instant(letter.died),
  attempts: (letter) => letter.attempts,
  error: (letter) => letter.error,
};

interface Shown {
  /** The number of all dead letters of the app. */
  all: number;
  letters: DeadLetter[];
  more: boolean;
}

@customElement("lc-dead-letters")
export class DeadLetters extends WebhookPart<Shown> {
  @state() private question: Question | undefined = undefined;
  @state() private busy = false;
  @state() private done = "";

  static override styles = [
    ...WebhookPart.styles,
    css`
      .top {
        display: grid;
        gap: 0.9rem;
      }
      td.event {
        font-weight: 550;
      }
      td.error {
        max-width: 18rem;
        overflow-wrap: anywhere;
      }
      .more {
        display: grid;
        justify-content: center;
        padding: 1rem;
        border-top: 1px solid var(--line);
      }
    `,
  ];

  protected override forget(): void {
    super.forget();
    this.done = "";
    this.question = undefined;
  }

  protected override async read(app: number): Promise<Shown> {
    const [webhooks, { letters, more }] = await Promise.all([
      this.api.webhooks(app),
      this.api.deadLetters(app, undefined),
    ]);
    return { all: webhooks.reduce((sum, { dead }) => sum + dead, 0), letters, more };
  }

  override render(): unknown {
    const { webhooks } = this.words;
    return html`<section class="card">
        <header>
          <h2>${webhooks.dead}</h2>
          <p>${webhooks.deadLead}</p>
        </header>
        ${whenLoaded(this.loaded, this.load, (shown) => this.#shown(shown))}
      </section>
      <lc-confirm .question=${this.question} @lc-close=${this.#unasked}></lc-confirm>`;
  }

  #shown({ all, letters, more }: Shown): TemplateResult {
    const { webhooks } = this.words;
    return html`<div class="body top">
        ${this.problem()} ${this.done === "" ? nothing : html`<lc-notice kind="good">${this.done}</lc-notice>`}
        ${
          letters.length === 0
            ? html`<p class="quiet">${webhooks.deadEmpty}</p>`
            : html`<div class="row">
                <button
                  ?disabled=${this.busy || !this.api.may("operator")}
                  @click=${(): void => void this.#resend(undefined)}
                >
                  ${webhooks.resendAll}
                </button>
                <button
                  class="danger"
                  ?disabled=${this.busy || !this.api.may("operator")}
                  @click=${(): void => {
                    this.#drop(undefined, all);
                  }}
                >
                  ${webhooks.dropAll}
                </button>
                <lc-export .name=${`dead-letters-${this.app}`} .columns=${COLUMNS} .pages=${this.#pages}></lc-export>
              </div>`
        }
      </div>
      ${letters.length === 0 ? nothing : this.#table(letters)}
      ${
        more
          ? html`<div class="more">
              <button ?disabled=${this.busy} @click=${this.#more}>${this.words.more}</button>
            </div>`
          : nothing
      }`;
  }

  #table(letters: DeadLetter[]): TemplateResult {
    const { webhooks, locale } = this.words;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${webhooks.dead}>
      <table>
        <thead>
          <tr>
            <th scope="col">${webhooks.what}</th>
            <th scope="col">${webhooks.user}</th>
            <th scope="col">${webhooks.died}</th>
            <th scope="col" class="number">${webhooks.attempts}</th>
            <th scope="col">${webhooks.error}</th>
            <th scope="col"><span class="unseen">${webhooks.actions}</span></th>
          </tr>
        </thead>
        <tbody>
          ${letters.map(
            (letter) =>
              html`<tr>
                <td class="event">${letter.event}<span class="quiet">${letter.webhook}</span></td>
                <td>${letter.user_id}</td>
                <td>${moment(letter.died, locale)}</td>
                <td class="number">${count(letter.attempts, locale)}</td>
                <td class="error">${letter.error}</td>
                <td class="end">
                  <button
                    class="small"
                    ?disabled=${this.busy || !this.api.may("operator")}
                    aria-label="${webhooks.resend}: ${letter.event}, ${letter.user_id}"
                    @click=${(): void => void this.#resend([letter.id])}
                  >
                    ${webhooks.resend}
                  </button>
                  <button
                    class="small danger"
                    ?disabled=${this.busy || !this.api.may("operator")}
                    aria-label="${webhooks.drop}: ${letter.event}, ${letter.user_id}"
                    @click=${(): void => {
                      this.#drop([letter.id], 1);
                    }}
                  >
                    ${webhooks.drop}
                  </button>
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  readonly #pages = async function* (this: DeadLetters): AsyncGenerator<DeadLetter[]> {
    const { app } = this;
    let after: number | undefined;
    for (let more = true; more;) {
      const page = await this.api.deadLetters(app, after);
      yield page.letters;
      after = page.letters.at(-1)?.id;
      more = page.more;
    }
  }.bind(this);

  readonly #unasked = (): void => {
    this.question = undefined;
  };

  async #resend(ids: number[] | undefined): Promise<void> {
    await this.#busily(async (app) => {
      const { done } = await this.api.resend(app, ids);
      if (app !== this.app) return;
      this.done = this.words.webhooks.resent(count(done, this.words.locale), done === 1);
      await this.load();
    });
  }

  #drop(ids: number[] | undefined, number: number): void {
    const { app } = this;
    const { webhooks } = this.words;
    this.question = {
      heading: webhooks.dropTitle(number),
      text: webhooks.dropText,
      action: webhooks.drop,
      act: async () => {
        const { done } = await this.api.drop(app, ids);
        if (app !== this.app) return;
        this.done = webhooks.dropped(count(done, this.words.locale), done === 1);
        await this.load();
      },
    };
  }

  readonly #more = async (): Promise<void> => {
    if (this.loaded.state !== "ready") return;
    const before = this.loaded.value;
    await this.#busily(async (app) => {
      const { letters, more } = await this.api.deadLetters(app, before.letters.at(-1)?.id);
      if (app !== this.app) return;
      this.loaded = { state: "ready", value: { ...before, letters: [...before.letters, ...letters], more } };
    });
  };

  async #busily(act: (app: number) => Promise<void>): Promise<void> {
    this.busy = true;
    await this.attempt(act);
    this.busy = false;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-dead-letters": DeadLetters;
  }
}
