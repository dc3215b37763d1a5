/** Tests that an open page changes when an operator changes a switch in the console. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, playAs, rowOf, seesDot, Windows } from "../src/browser.js";
import { Server } from "../src/server.js";

/**
 * The time limit of the effect, in milliseconds. A page that is not notified would exceed it, because it reads the
 * statuses again after 30 s. A busy machine does not exceed it.
 */
const AT_ONCE = 20_000;

describe("a switch of the console", () => {
  let server: Server;
  let browser: Browser;
  let windows: Windows;
  let office: Windows;

  beforeAll(async () => {
    [server, browser] = await Promise.all([Server.start({ kind: "demo" }), launch()]);
    [windows, office] = await Promise.all([Windows.open(browser), Windows.open(browser)]);
  });
  afterAll(async () => {
    await office.close();
    await windows.close();
    await browser.close();
    await server.stop();
  });

  async function logIn(page: Page): Promise<void> {
    const password = /password (\S+),/.exec(server.log)?.[1] ?? "";
    await page.locator("input[name=password]").fill(password);
    await page.locator("form button.primary").click();
  }

  async function turnUserStatus(page: Page, on: boolean): Promise<void> {
    const turned = page.locator("lc-toggle#user_status [role=switch]");
    await turned.click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(`lc-toggle#user_status [role=switch][aria-checked=${on}]`).waitFor();
    // "Saved" alone would also be found in "1 unsaved change".
    await page.getByText("Saved. The settings are in effect.").waitFor();
  }

  test("off, no dot is left in the open page, and it says why; on, they are back", async () => {
    const robin = await windows.page(server.pages);
    const said: string[] = [];
    robin.on("console", (message) => said.push(message.text()));
    await playAs(robin, "you");
    await seesDot(robin, "林晓", "Not logged in");
    await robin.evaluate(() => {
      document.documentElement.dataset["mark"] = "still here";
    });

    const operator = await office.page(`${server.pages}/console/#/apps/${server.app}/switches`);
    await logIn(operator);
    await turnUserStatus(operator, false);
    const dots = robin.locator("tuikit-conversation .dot");
    await dots.first().waitFor({ state: "detached", timeout: AT_ONCE });
    await robin.locator("tuikit-conversation [role=option]").first().waitFor();
    const warnings = () => said.filter((text) => text.includes("72001"));
    await expect.poll(warnings).toHaveLength(1);
    // The page tells users the reason, not only developers in the browser's console.
    await robin.locator("tuikit-conversation").getByText("Online status is switched off in this app.").waitFor();
    await rowOf(robin, "Alice Baker").click();
    await robin.locator("lamplight-evidence .withheld").getByText("switched off in this app").waitFor();

    await turnUserStatus(operator, true);
    await robin.locator("tuikit-conversation .dot").first().waitFor({ timeout: AT_ONCE });
    await robin.locator("tuikit-conversation .notice.withheld").waitFor({ state: "detached" });
    await robin.locator("lamplight-evidence dl").waitFor();
    expect(await robin.evaluate(() => document.documentElement.dataset["mark"])).toBe("still here");
    expect(warnings()).toHaveLength(1);
    expect(windows.errors).toEqual([]);
    // The console first requests the current session. The browser logs the answer 401 as an error.
    expect(office.errors.filter((error) => !error.includes("401"))).toEqual([]);
  });
});
