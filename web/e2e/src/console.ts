/** The console in a browser, with the actions of an operator. */

import { expect } from "vitest";
import type { Page } from "playwright-core";
import type { Server } from "./server.js";

/** The addresses of the pages that need no particular data. */
export const CONSOLE_PAGES = [
  "#/overview",
  "#/apps",
  "#/apps/1400000001/general",
  "#/apps/1400000001/switches",
  "#/apps/1400000001/devices",
  "#/apps/1400000001/limits",
  "#/apps/1400000001/timing",
  "#/apps/1400000001/keys",
  "#/apps/1400000001/admins",
  "#/apps/1400000001/webhooks",
  "#/users",
  "#/users/1400000001/alice",
  "#/online",
  "#/audit",
  "#/operators",
  "#/nowhere",
] as const;

/** Returns the password from the log of the server. */
export function passwordOf(server: Server): string {
  return /\(password ([^,]+),/.exec(server.log)?.[1] ?? "";
}

export async function logIn(page: Page, password: string): Promise<void> {
  await page.locator("lc-login input[name=password]").fill(password);
  await page.keyboard.press("Enter");
  await page.locator("lc-login").waitFor({ state: "detached" });
}

/** Opens a page, and waits until all of its data is loaded. */
export async function goTo(page: Page, hash: string): Promise<void> {
  // The browser reports the new address in a later task. Until then, the console shows the page before.
  await page.evaluate(async (to) => {
    if (location.hash !== to) {
      const moved = new Promise((fulfil) => {
        addEventListener("hashchange", fulfil, { once: true });
      });
      location.hash = to;
      await moved;
      // The elements render in microtasks, which are all done before the next task.
      await new Promise((fulfil) => setTimeout(fulfil));
    }
  }, hash);
  // If the session ends meanwhile, the login covers the page, whose heading is then hidden.
  await page.locator("main h1, lc-login").filter({ visible: true }).last().waitFor();
  // Several parts of a page may be loading.
  const loading = page.locator("lc-placeholder [role=status]");
  await expect.poll(() => loading.count()).toBe(0);
}
