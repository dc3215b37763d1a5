/** The page of the audit log: the actions of operators, the newest first, for one app or for all. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { Api } from "../api/client.js";
import type { AppSummary, AuditEntry } from "../api/shapes.js";
import "../components/export.js";
import { whenLoaded } from "../components/placeholder.js";
import { base, buttons, cards, fields, tables } from "../components/styles.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { hrefOf } from "../router.js";
import { instant, type Columns } from "../text/csv.js";
import { moment } from "../text/format.js";
import { head, pageStyles } from "./page.js";

/** The number of entries in one read of the export. */
const PAGE = 500;

/** The columns of the exported file. They are those of `lamplight audit --csv`. */
const COLUMNS: Columns<AuditEntry> = {
  id: (entry) => entry.id,
  time: (entry) => instant(entry.at),
  by: (entry) => entry.by,
  address: (entry) => entry.address ?? "",
  app: (entry) => entry.app ?? "",
  action: (entry) => entry.action,
  target: (entry) => entry.target,
  changes: (entry) =>
    entry.changes.map((it) => `${it.what}: ${it.before || "none"} -> ${it.after || "none"}`).join("; "),
  outcome: (entry) => entry.outcome,
  note: (entry) => entry.note,
};

interface Shown {
  apps: AppSummary[];
  entries: AuditEntry[];
  more: boolean;
}

@customElement("lc-audit")
export class AuditPage extends View {
  @property({ attribute: false }) api!: Api;
  /** The app whose entries are shown; undefined for all apps. */
  @property({ attribute: false }) app: number | undefined = undefined;

  @state() private loaded: Loaded<Shown> = LOADING;
  @state() private busy = false;

  static override styles = [
    base,
    buttons,
    cards,
    fields,
    tables,
    pageStyles,
    css`
      .page {
        grid-template-columns: minmax(0, 1fr);
      }
      .filter {
        display: flex;
        flex-wrap: wrap;
        align-items: flex-end;
        justify-content: space-between;
        gap: 0.9rem;
        padding: 1.1rem 1.35rem;
        border-bottom: 1px solid var(--line);
      }
      .filter > div {
        display: grid;
        gap: 0.3rem;
        min-width: min(18rem, 100%);
      }
      td {
        vertical-align: top;
      }
      td .quiet {
        display: block;
        font-size: 0.8667rem;
      }
      td.what {
        font-weight: 550;
        overflow-wrap: anywhere;
      }
      td.what .quiet {
        font-weight: 400;
      }
      td.changes {
        min-width: 16rem;
        max-width: 32rem;
        overflow-wrap: anywhere;
        font-size: 0.8667rem;
      }
      .more {
        display: grid;
        justify-content: center;
        padding: 1rem;
        border-top: 1px solid var(--line);
      }
    `,
  ];

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("app") || (changed.has("api") && this.loaded.state === "loading")) void this.#load();
  }

  override render(): unknown {
    const { audit } = this.words;
    return html`<div class="page">
      ${head(audit.title, audit.lead)}
      <section class="card">${whenLoaded(this.loaded, this.#load, (shown) => this.#shown(shown))}</section>
    </div>`;
  }

  #shown({ apps, entries, more }: Shown): TemplateResult {
    const { words } = this;
    const { audit } = words;
    return html`<div class="filter">
        <div>
          <label for="app">${audit.app}</label>
          <select id="app" @change=${this.#choose}>
            <option value="" .selected=${live(this.app === undefined)}>${audit.allApps}</option>
            ${apps.map(
              (app) =>
                html`<option value=${app.id} .selected=${live(app.id === this.app)}>
                  ${app.name === "" ? app.id : `${app.name} · ${app.id}`}
                </option>`,
            )}
          </select>
        </div>
        <lc-export .name=${"audit"} .columns=${COLUMNS} .pages=${this.#pages} lines></lc-export>
      </div>
      ${
        entries.length === 0
          ? html`<lc-placeholder kind="empty" .heading=${audit.empty}>${audit.emptyHint}</lc-placeholder>`
          : this.#table(entries)
      }
      ${
        more
          ? html`<div class="more">
              <button ?disabled=${this.busy} @click=${this.#more}>${words.more}</button>
            </div>`
          : nothing
      }`;
  }

  #table(entries: AuditEntry[]): TemplateResult {
    const { audit, locale } = this.words;
    const value = (text: string): unknown => (text === "" ? html`<i>${audit.none}</i>` : text);
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${audit.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">${audit.time}</th>
            <th scope="col">${audit.by}</th>
            <th scope="col">${audit.action}</th>
            <th scope="col">${audit.changes}</th>
            <th scope="col">${audit.outcome}</th>
          </tr>
        </thead>
        <tbody>
          ${entries.map(
            (entry) =>
              html`<tr>
                <td>${moment(entry.at, locale)}</td>
                <td>
                  ${entry.by === "command line" ? audit.commandLine : entry.by}<span class="quiet"
                    >${entry.address}</span
                  >
                </td>
                <td class="what">
                  ${audit.actions[entry.action] ?? entry.action}${entry.target === "" ? nothing : `: ${entry.target}`}
                  <span class="quiet">${entry.app}</span>
                </td>
                <td class="changes">
                  ${entry.changes.map(
                    ({ what, before, after }) => html`<div>${what}: ${value(before)} → ${value(after)}</div>`,
                  )}
                </td>
                <td>${audit.outcomes[entry.outcome] ?? entry.outcome}<span class="quiet">${entry.note}</span></td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  readonly #choose = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    location.hash = hrefOf({ page: "audit", app: value === "" ? undefined : Number(value) });
  };

  readonly #pages = async function* (this: AuditPage): AsyncGenerator<AuditEntry[]> {
    const { app } = this;
    let before: number | undefined;
    for (let more = true; more;) {
      const page = await this.api.audit({ app, before, limit: PAGE });
      yield page.entries;
      before = page.entries.at(-1)?.id;
      more = page.more;
    }
  }.bind(this);

  readonly #load = async (): Promise<void> => {
    const { app } = this;
    try {
      const [apps, page] = await Promise.all([this.api.apps(), this.api.audit({ app })]);
      if (app === this.app) this.loaded = { state: "ready", value: { apps, ...page } };
    } catch (error) {
      if (app === this.app) this.loaded = { state: "failed", error };
    }
  };

  readonly #more = async (): Promise<void> => {
    if (this.loaded.state !== "ready") return;
    const shown = this.loaded.value;
    const { app } = this;
    this.busy = true;
    try {
      const { entries, more } = await this.api.audit({ app, before: shown.entries.at(-1)?.id });
      if (app !== this.app) return;
      this.loaded = { state: "ready", value: { ...shown, entries: [...shown.entries, ...entries], more } };
    } catch (error) {
      if (app === this.app) this.loaded = { state: "failed", error };
    } finally {
      this.busy = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-audit": AuditPage;
  }
}
