/** The state of each webhook of an app, in the words of `lamplight webhook list`, and a button for a test. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Webhook, WebhookTest } from "../api/shapes.js";
import "../components/notice.js";
import { whenLoaded } from "../components/placeholder.js";
import { ago, count, moment } from "../text/format.js";
import { WebhookPart } from "./webhook-part.js";

@customElement("lc-webhook-list")
export class WebhookList extends WebhookPart<Webhook[]> {
  /** The tag of the app's state. When it changes, the list is read again. */
  @property() tag = "";

  /** The webhook that is being tested; undefined if there is none. */
  @state() private testing: string | undefined = undefined;
  @state() private tested: WebhookTest | undefined = undefined;

  static override styles = [
    ...WebhookPart.styles,
    css`
      .outcome {
        padding-bottom: 1rem;
      }
      td {
        overflow-wrap: anywhere;
      }
    `,
  ];

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    super.willUpdate(changed);
    if (changed.has("tag") && !changed.has("app")) void this.load();
  }

  protected override forget(): void {
    super.forget();
    this.tested = undefined;
  }

  protected override read(app: number): Promise<Webhook[]> {
    return this.api.webhooks(app);
  }

  override render(): unknown {
    const { webhooks } = this.words;
    return html`<section class="card">
      <header>
        <h2>${webhooks.list}</h2>
        <p>${webhooks.listLead}</p>
      </header>
      ${whenLoaded(this.loaded, this.load, (shown) => this.#shown(shown))}
    </section>`;
  }

  #shown(all: Webhook[]): TemplateResult {
    const { webhooks } = this.words;
    return html`${this.error === undefined ? nothing : html`<div class="body outcome">${this.problem()}</div>`}
    ${this.tested === undefined ? nothing : html`<div class="body outcome">${this.#outcome(this.tested)}</div>`}
    ${all.length === 0 ? html`<p class="body quiet">${webhooks.listEmpty}</p>` : this.#table(all)}`;
  }

  #table(all: Webhook[]): TemplateResult {
    const { webhooks, yes, no, locale } = this.words;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${webhooks.list}>
      <table>
        <thead>
          <tr>
            <th scope="col">${webhooks.webhook}</th>
            <th scope="col">${webhooks.state}</th>
            <th scope="col" class="number">${webhooks.waiting}</th>
            <th scope="col">${webhooks.oldest}</th>
            <th scope="col" class="number">${webhooks.dead}</th>
            <th scope="col">${webhooks.signed}</th>
            <th scope="col">${webhooks.lastError}</th>
            <th scope="col"><span class="unseen">${webhooks.actions}</span></th>
          </tr>
        </thead>
        <tbody>
          ${all.map(
            (webhook) =>
              html`<tr>
                <td>${webhook.webhook}<span class="quiet">${webhook.url}</span></td>
                <td>${this.#state(webhook)}</td>
                <td class="number">${count(webhook.waiting, locale)}</td>
                <td>${webhook.oldest === null ? "–" : ago(webhook.oldest, this.api.now(), locale)}</td>
                <td class="number">${count(webhook.dead, locale)}</td>
                <td>${webhook.signed ? yes : no}</td>
                <td class="error">${webhook.last_error === "" ? "–" : webhook.last_error}</td>
                <td class="end">
                  ${
                    webhook.url === ""
                      ? nothing
                      : html`<button
                          class="small"
                          ?disabled=${this.testing !== undefined || !this.api.may("operator")}
                          aria-label="${webhooks.test}: ${webhook.webhook}"
                          @click=${(): void => void this.#test(webhook.webhook)}
                        >
                          ${this.testing === webhook.webhook ? webhooks.testing : webhooks.test}
                        </button>`
                  }
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  #state(webhook: Webhook): string {
    const { webhooks, locale } = this.words;
    if (webhook.resting_until !== null) return webhooks.failing(moment(webhook.resting_until, locale));
    return webhook.url === "" ? webhooks.off : webhooks.open;
  }

  #outcome(test: WebhookTest): TemplateResult {
    const { webhooks, locale } = this.words;
    const took = count(test.took_ms, locale);
    return html`<lc-notice kind=${test.error === null ? "good" : "bad"}>
      ${
        test.error === null
          ? webhooks.answered(test.webhook, String(test.status), took)
          : webhooks.failed(test.webhook, took, test.error)
      }
      <br />${webhooks.sentWith(test.header, test.delivery, test.signature)}
    </lc-notice>`;
  }

  async #test(webhook: string): Promise<void> {
    this.testing = webhook;
    this.tested = undefined;
    await this.attempt(async (app) => {
      const tested = await this.api.testWebhook(app, webhook);
      if (app === this.app) this.tested = tested;
    });
    this.testing = undefined;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-webhook-list": WebhookList;
  }
}
