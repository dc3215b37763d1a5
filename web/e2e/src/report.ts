/**
 * The report of a failed test about its pages: what the pages have logged, and the text that they show. The machine of
 * a failed run may be gone when somebody reads its log, so the report is text.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

/** The folder for the screenshots of failed tests. */
const FAILED = fileURLToPath(new URL("../failed", import.meta.url));

/** The maximum number of messages in a report. */
const MOST_MESSAGES = 30;

/** The maximum length of one message, of all messages, and of the text of a page, in characters. */
const [LONGEST_MESSAGE, LONGEST_LOG, LONGEST_TEXT] = [300, 1_800, 2_000];

/** The time limit for reading the text of a page, in milliseconds. A page that hangs has no text. */
const READING = 5_000;

/** Collects the messages of a page for the report of a test that fails. */
export class Report {
  readonly #messages: string[] = [];

  constructor(
    private readonly page: Page,
    private readonly name: string,
    /** The test that has opened the page. */
    readonly test: string,
  ) {
    page.on("console", (message) => {
      this.#keep(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => {
      this.#keep(`page error: ${error.stack ?? String(error)}`);
    });
    page.on("crash", () => {
      this.#keep("the page has crashed");
    });
  }

  /** Returns the messages and the text of the page. Each of them is shortened. */
  async read(): Promise<string> {
    const messages = this.#messages.join("\n").slice(-LONGEST_LOG);
    return [
      `--- ${this.test}: ${this.name}, ${this.page.url()}: the last messages`,
      messages === "" ? "(none)" : messages,
      `--- ${this.name}: the text`,
      this.page.isClosed() ? "(the page is closed)" : shortened(await textOf(this.page)),
    ].join("\n");
  }

  /** Saves a screenshot, unless the page is closed. */
  async savePicture(): Promise<void> {
    mkdirSync(FAILED, { recursive: true });
    const file = `${this.test.replaceAll(/\W+/g, "-")}-${this.name}.png`;
    await this.page.screenshot({ path: join(FAILED, file), timeout: READING }).catch(() => undefined);
  }

  #keep(message: string): void {
    const at = new Date().toISOString().slice(11, 23);
    this.#messages.push(`${at} ${message.slice(0, LONGEST_MESSAGE)}`);
    if (this.#messages.length > MOST_MESSAGES) {
      this.#messages.shift();
    }
  }
}

/** Leaves out the middle of a text that is too long. */
function shortened(text: string): string {
  const half = LONGEST_TEXT / 2;
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`;
}

/** Returns the visible text of a page, with its open shadow roots, the labels of its pictures and the focus. */
async function textOf(page: Page): Promise<string> {
  const reading = page.evaluate(() => {
    const lines: string[] = [];
    const visit = (node: Node): void => {
      if (node instanceof Text) {
        const text = node.data.trim().replace(/\s+/g, " ");
        if (text !== "") {
          lines.push(text);
        }
        return;
      }
      if (node instanceof Element) {
        const isContents = getComputedStyle(node).display === "contents";
        if (node.matches("script, style") || (!isContents && !node.checkVisibility({ visibilityProperty: true }))) {
          return;
        }
        const label = node.getAttribute("aria-label");
        if (label !== null && node.childNodes.length === 0) {
          lines.push(`[${label}]`);
        }
        if (node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement) {
          lines.push(`<${node.type} ${node.name}: ${node.type === "password" ? "…" : node.value}>`);
        }
        if (node.matches(":focus") && node.shadowRoot === null) {
          lines.push("(focused)");
        }
        node.shadowRoot?.childNodes.forEach(visit);
      }
      node.childNodes.forEach(visit);
    };
    visit(document.body);
    return lines.join(" | ");
  });
  const late = new Promise<string>((fulfil) => {
    setTimeout(fulfil, READING, "(the page does not answer)");
  });
  return await Promise.race([reading, late]).catch((error: unknown) => `(no text: ${String(error)})`);
}
