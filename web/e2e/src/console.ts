/** The console as an operator comes to it. */

import { expect } from "vitest";
import type { Page } from "playwright-core";
import type { Server } from "./server.js";

/** Every page that has no particular state, as the address has it. */
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

/** The password that the server has printed. */
export function passwordOf(server: Server): string {
  return /\(password ([^,]+),/.exec(server.log)?.[1] ?? "";
}

export async function logIn(page: Page, password: string): Promise<void> {
  await page.locator("lc-login input[name=password]").fill(password);
  await page.keyboard.press("Enter");
  await page.locator("lc-login").waitFor({ state: "detached" });
}

/** Goes to a page and waits until everything on it is there. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
  // A session that ends meanwhile shows the login over the page, which has a heading of its own.
  await page.locator("main h1").last().waitFor();
  // Several parts of a page may be loading.
  const loading = page.locator("lc-placeholder [role=status]");
  await expect.poll(() => loading.count(), { timeout: 30_000 }).toBe(0);
}
