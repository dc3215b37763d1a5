/** Buttons that save all rows of a table to a file. The rows are read page by page, up to `MOST_ROWS`. */

import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { heads, rows, type Columns } from "../text/csv.js";
import { count } from "../text/format.js";
import { errorText } from "../words/errors.js";
import "./notice.js";
import { base, buttons } from "./styles.js";
import { View } from "./view.js";

/** The maximum number of rows in a file. The browser creates the file in memory. */
export const MOST_ROWS = 50_000;

type Kind = "csv" | "json";

@customElement("lc-export")
export class Export extends View {
  /** The name of the file, without its extension. */
  @property() name = "";
  @property({ attribute: false }) columns: Columns<never> = {};
  /** Returns the rows, page by page. */
  @property({ attribute: false }) pages: () => AsyncIterable<readonly unknown[]> = nothingAtAll;
  /** Whether the JSON file has one row per line. Otherwise, it has an array. */
  @property({ type: Boolean }) lines = false;

  @state() private read: number | undefined = undefined;
  @state() private cut = false;
  @state() private error: unknown = undefined;

  static override styles = [
    base,
    buttons,
    css`
      div {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.6rem;
      }
      lc-notice {
        flex-basis: 100%;
      }
    `,
  ];

  override render(): unknown {
    const { words } = this;
    const { exports, errors, locale } = words;
    const button = (kind: Kind, label: string): unknown =>
      html`<button
        class="small"
        data-reads
        ?disabled=${this.read !== undefined}
        @click=${(): void => void this.#export(kind)}
      >
        ${label}
      </button>`;
    return html`<div role="group" aria-label=${exports.label}>
      ${button("csv", exports.csv)} ${button("json", this.lines ? exports.jsonLines : exports.json)}
      <span class="quiet small" role="status"
        >${this.read === undefined ? nothing : exports.running(count(this.read, locale))}</span
      >
      ${this.cut ? html`<lc-notice kind="warn">${exports.cut(count(MOST_ROWS, locale))}</lc-notice>` : nothing}
      ${
        this.error === undefined
          ? nothing
          : html`<lc-notice kind="bad" .heading=${errors.title}>${errorText(this.error, words)}</lc-notice>`
      }
    </div>`;
  }

  async #export(kind: Kind): Promise<void> {
    this.read = 0;
    this.cut = false;
    this.error = undefined;
    try {
      const all: unknown[] = [];
      for await (const page of this.pages()) {
        all.push(...page.slice(0, MOST_ROWS - all.length));
        this.read = all.length;
        if (all.length >= MOST_ROWS) {
          this.cut = true;
          break;
        }
      }
      if (kind === "csv") {
        // A spreadsheet recognises UTF-8 by the byte order mark.
        const text = `\uFEFF${heads(this.columns)}${rows(this.columns, all as never[])}`;
        save(`${this.name}.csv`, "text/csv", text);
      } else if (this.lines) {
        const text = all.map((row) => `${JSON.stringify(row)}\n`).join("");
        save(`${this.name}.jsonl`, "application/jsonl", text);
      } else {
        save(`${this.name}.json`, "application/json", `${JSON.stringify(all, undefined, 2)}\n`);
      }
    } catch (error) {
      this.error = error;
    } finally {
      this.read = undefined;
    }
  }
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* nothingAtAll(): AsyncGenerator<never[]> {
  yield [];
}

/** Makes the browser save a file. */
function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has started by then, so the address is no longer needed.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-export": Export;
  }
}
