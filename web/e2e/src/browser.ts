/** A real browser, with the actions and observations of a visitor. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { onTestFailed } from "vitest";

/** How long anything may take that is sure to come: the machine may be busy. */
export const PATIENCE = 20_000;

/** Where a failed test leaves its pictures. */
const FAILED = fileURLToPath(new URL("../failed", import.meta.url));

/** Quiet, without a screen, and never outside this machine. */
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

/** Windows of one visitor. Errors of a page are errors of the test. */
export class Windows {
  readonly errors: string[] = [];
  /** The requests of pages to other hosts than this machine, as `type address`, once `withoutOthers` was called. */
  readonly elsewhere: string[] = [];
  #pages = 0;

  private constructor(private readonly context: BrowserContext) {}

  /** `before` runs with its argument in every page before anything else does. */
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
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      // A server that is not reached is said by the browser itself, and is what some tests are about.
      if (message.type() === "error" && !/WebSocket connection to|ERR_INTERNET_DISCONNECTED/.test(message.text())) {
        this.errors.push(message.text());
      }
    });
    await page.goto(address);
    const name = `page-${(this.#pages += 1)}`;
    onTestFailed(async ({ task }) => {
      mkdirSync(FAILED, { recursive: true });
      const file = `${task.name.replaceAll(/\W+/g, "-")}-${name}.png`;
      await page.screenshot({ path: join(FAILED, file) }).catch(() => undefined);
    });
    return page;
  }

  /** Answers what pages ask of other hosts with an empty picture: a test reaches nobody else. */
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
    await this.context.close();
  }
}

/** Comes in as somebody of the demo. */
export async function playAs(page: Page, userID: string): Promise<void> {
  await page.locator(`lamplight-entrance button[data-user="${userID}"]`).click();
  await page.locator("lamplight-desk").waitFor();
}

/** Logs in with a UserSig, as somebody of any server. */
export async function enterWith(page: Page, userSig: string): Promise<void> {
  const entrance = page.locator("lamplight-entrance");
  const field = entrance.locator("textarea");
  if (!(await field.isVisible())) {
    await entrance.locator("summary").click();
  }
  await field.fill(userSig);
  await entrance.locator("input[name=user]:not([value=''])").first().waitFor();
  await entrance.locator("form button").click();
  await page.locator("lamplight-desk").waitFor();
}

/** The row of somebody in the list of conversations or of contacts. */
export function rowOf(page: Page, name: string): Locator {
  return page.locator("lamplight-desk [role=option]", { hasText: name });
}

/** The dot of somebody in a list, once it says this. */
export async function seesDot(
  page: Page,
  name: string,
  label: "Online" | "Offline" | "Not logged in",
): Promise<void> {
  await rowOf(page, name).locator(`.dot[aria-label="${label}"]`).waitFor();
}
