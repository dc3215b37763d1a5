/** A real browser with windows, and functions for all tests: actions of visitors, and checks. */

import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { expect, onTestFailed, TestRunner } from "vitest";
import { Report } from "./report.js";

/** The time limit for anything that must happen, in milliseconds. It is long, because the machine may be busy. */
export const PATIENCE = 40_000;

/** The flags of the browser: no sandbox, no GPU, no QUIC, and no requests by the browser itself. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function launch(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  return await chromium.launch({ executablePath, args: FLAGS, timeout: 60_000 });
}

/** The windows of one visitor, and the errors in their pages. */
export class Windows {
  readonly errors: string[] = [];
  /**
   * The requests that pages have made to other hosts since `withoutOthers` was called. Each entry is the resource type,
   * a space and the URL.
   */
  readonly elsewhere: string[] = [];
  readonly #reports: Report[] = [];
  #pages = 0;

  private constructor(private readonly context: BrowserContext) {}

  /** Creates a visitor. `before` runs in every page before all other scripts. */
  static async open(
    browser: Browser,
    options: Parameters<Browser["newContext"]>[0] = {},
    before?: readonly [(argument: number) => void, number],
  ): Promise<Windows> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US", ...options });
    context.setDefaultTimeout(PATIENCE);
    if (before !== undefined) {
      await context.addInitScript(...before);
    }
    return new Windows(context);
  }

  async page(address: string): Promise<Page> {
    const page = await this.context.newPage();
    this.#pages += 1;
    this.#reports.push(new Report(page, `page-${this.#pages}`, TestRunner.getCurrentTest()?.name ?? ""));
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      // The browser logs an error if a server is unreachable, which some tests cause on purpose.
      if (message.type() === "error" && !/WebSocket connection to|ERR_INTERNET_DISCONNECTED/.test(message.text())) {
        this.errors.push(message.text());
      }
    });
    onTestFailed(({ task }) => this.#report(task.name));
    await page.goto(address);
    return page;
  }

  /** Answers requests to other hosts with an empty picture, so that the tests contact no other host. */
  async withoutOthers(): Promise<void> {
    await this.context.route(
      ({ hostname }) => hostname !== "127.0.0.1",
      async (route) => {
        const request = route.request();
        this.elsewhere.push(`${request.resourceType()} ${request.url()}`);
        await route.fulfill({ contentType: "image/svg+xml", body: '<svg xmlns="http://www.w3.org/2000/svg"/>' });
      },
    );
  }

  async setOffline(offline: boolean): Promise<void> {
    await this.context.setOffline(offline);
  }

  async close(): Promise<void> {
    // If a test closes its windows in `afterEach`, they are closed before `onTestFailed`.
    const test = TestRunner.getCurrentTest();
    if (test?.result?.state === "fail") {
      await this.#report(test.name);
    }
    await this.context.close();
  }

  /** Prints the reports of the pages of a failed test, and saves screenshots. Does it once. */
  async #report(test: string): Promise<void> {
    for (const report of this.#reports.splice(0).filter((report) => report.test === test)) {
      console.log(await report.read());
      await report.savePicture();
    }
  }
}

/** Logs in as a user of the demo. */
export async function playAs(page: Page, userID: string): Promise<void> {
  await page.locator(`lamplight-entrance button[data-user="${userID}"]`).click();
  await page.locator("lamplight-desk").waitFor();
}

/** Logs in with a UserSig, as a user of any server. */
export async function enterWith(page: Page, userSig: string): Promise<void> {
  const entrance = page.locator("lamplight-entrance");
  const field = entrance.locator("textarea");
  // The page first reads whether the server is a demo, in which the form is in a closed `details`.
  await field.waitFor({ state: "attached" });
  if (!(await field.isVisible())) {
    await entrance.locator("summary").click();
  }
  await field.fill(userSig);
  // The browser does not submit the form before the page has read the UserSig and filled in both fields.
  await expect.poll(() => entrance.locator("input[name=user]").inputValue()).not.toBe("");
  await expect.poll(() => entrance.locator("input[name=app]").inputValue()).not.toBe("");
  await entrance.locator("form button").click();
  await page.locator("lamplight-desk").waitFor();
}

/** Returns the row of a user in the list of conversations or contacts. */
export function rowOf(page: Page, name: string): Locator {
  return page.locator("lamplight-desk [role=option]", { hasText: name });
}

/** Waits until the dot of a user in a list has this label. */
export async function seesDot(
  page: Page,
  name: string,
  label: "Online" | "Offline" | "Not logged in",
): Promise<void> {
  await rowOf(page, name).locator(`.dot[aria-label="${label}"]`).waitFor();
}
