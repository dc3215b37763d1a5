/** Tests operators with roles, the audit log and the charts of the past, in a real browser. */

import { readFile } from "node:fs/promises";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seriousFaults } from "../src/axe.js";
import { launch, Windows } from "../src/browser.js";
import { goTo } from "../src/console.js";
import { Server } from "../src/server.js";

describe("operators of the console", () => {
  let server: Server;
  let browser: Browser;
  let password: string;

  beforeAll(async () => {
    [server, browser] = await Promise.all([Server.start({ kind: "serve" }), launch()]);
    password = /\(password ([^,)]+)/.exec(server.log)?.[1] ?? "";
    await server.command("account", "create", "alice");
    // Only a webhook with an address has a test button. No server is needed at this address.
    await server.command("app", "set", String(server.app), "--push-url", "http://127.0.0.1:9/push");
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  async function logIn(page: Page, operator: string, secret: string): Promise<void> {
    await page.locator("lc-login input[name=username]").fill(operator);
    await page.locator("lc-login input[name=password]").fill(secret);
    await page.keyboard.press("Enter");
    await page.locator("lc-login").waitFor({ state: "detached" });
  }

  /** Clicks a button, and returns the downloaded file. */
  async function saved(page: Page, button: Locator): Promise<{ name: string; text: string }> {
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
  }

  test("an operator is added, may do what the role allows, and has to log in again when it changes", async () => {
    const [office, desk] = await Promise.all([Windows.open(browser), Windows.open(browser)]);
    const admin = await office.page(`${server.pages}/console/`);
    await logIn(admin, "admin", password);
    await goTo(admin, "#/operators");
    await admin.getByRole("button", { name: "Add operator" }).first().click();
    await admin.locator("dialog[open]").first().waitFor();
    await admin.getByLabel("Name").fill("vera");
    await admin.locator("lc-dialog button.primary").click();
    await admin.getByText("The password of vera").first().waitFor();
    const secret = await admin.locator("lc-secret code").innerText();

    const vera = await desk.page(`${server.pages}/console/`);
    await logIn(vera, "vera", secret);
    await vera.getByText("vera · Viewer").waitFor();
    expect(await vera.getByRole("link", { name: "Operators" }).count()).toBe(0);
    await goTo(vera, "#/apps");
    expect(await vera.getByRole("button", { name: "New app" }).isDisabled()).toBe(true);
    await goTo(vera, "#/apps/1400000001/general");
    await vera.getByText("Changes require the role Admin.").waitFor();
    expect(await vera.getByLabel("Name").isDisabled()).toBe(true);
    await goTo(vera, "#/apps/1400000001/switches");
    expect(await vera.getByRole("switch").first().isDisabled()).toBe(true);
    await goTo(vera, "#/apps/1400000001/keys");
    expect(await vera.locator("lc-keys button").first().isDisabled()).toBe(true);
    await goTo(vera, "#/users/1400000001/alice");
    const kick = vera.locator("lc-user").getByRole("button", { name: "Kick" }).first();
    expect(await kick.isDisabled()).toBe(true);
    // The page itself is also closed to this role: it names the required role, and has no buttons.
    await goTo(vera, "#/operators");
    await vera.getByText("Your role does not allow this. The role Admin is required.").first().waitFor();
    expect(await vera.locator("lc-operators button").count()).toBe(0);
    await goTo(vera, "#/apps/1400000001/webhooks");
    expect(await vera.getByRole("button", { name: "Test: push" }).isDisabled()).toBe(true);

    // After a failed change, the page shows the unchanged role.
    const role = admin.getByLabel("Role of vera");
    const isRole = ({ pathname }: URL): boolean => pathname.endsWith("/vera/role");
    await admin.route(isRole, (route) => route.abort());
    await role.selectOption("operator");
    await admin.getByText("The server cannot be reached").waitFor();
    await expect.poll(() => role.inputValue()).toBe("viewer");
    await admin.unroute(isRole);
    await role.selectOption("operator");
    await admin.getByText("vera now has the role Operator").waitFor();
    await goTo(vera, "#/users/1400000001/alice");
    await vera.getByText("Your session has ended.").waitFor();
    await logIn(vera, "vera", secret);
    await vera.getByText("vera · Operator").waitFor();
    await kick.click();
    await vera.locator("lc-confirm button.danger").click();
    await vera.getByText("All logins have ended.").waitFor();

    await admin.getByRole("button", { name: "Remove: vera" }).click();
    await admin.locator("lc-confirm button.danger").click();
    await admin.getByRole("button", { name: "Remove: vera" }).waitFor({ state: "detached" });
    await goTo(vera, "#/apps");
    await vera.getByText("Your session has ended.").waitFor();
    expect(office.errors.filter((error) => !/401|ERR_FAILED/.test(error))).toEqual([]);
    // The browser logs each refused request as an error.
    expect(desk.errors.filter((error) => !/40[13]/.test(error))).toEqual([]);
    await Promise.all([office.close(), desk.close()]);
  });

  test("operators change their own password, and only the browser that did stays logged in", async () => {
    await server.command("console", "operator", "add", "otto", "--role", "viewer");
    const printed = await server.command("console", "operator", "password", "otto");
    const first = /[A-Za-z0-9_-]{16,}/.exec(printed)?.[0] ?? "";
    const [here, there] = await Promise.all([Windows.open(browser), Windows.open(browser)]);
    const [page, other] = await Promise.all([
      here.page(`${server.pages}/console/`),
      there.page(`${server.pages}/console/`),
    ]);
    await logIn(page, "otto", first);
    await logIn(other, "otto", first);
    const tab = await here.page(`${server.pages}/console/`);
    await tab.getByText("otto · Viewer").waitFor();

    const change = async (old: string, next: string, again = next): Promise<void> => {
      await page.getByLabel("Current password").fill(old);
      await page.getByLabel("New password", { exact: true }).fill(next);
      await page.getByLabel("Confirm new password").fill(again);
      await page.keyboard.press("Enter");
    };
    const second = "seven lamps in a row";
    const open = page.getByRole("button", { name: "Change password" }).first();
    await open.click();
    await page.getByLabel("Current password").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await change(first, "short");
    await page.getByText("The new password has 5 bytes.").waitFor();
    await change(first, second, "seven lamps in a bow");
    await page.getByText("The new passwords do not match.").waitFor();
    await change("not the password", second);
    await page.getByText("The current password is wrong.").waitFor();
    await page.keyboard.press("Escape");
    // Escape hides the dialog at once. The page learns of it from a later event, and then removes the fields.
    await page.getByLabel("Current password").waitFor({ state: "detached" });
    await open.click();
    await expect.poll(() => page.getByLabel("Current password").inputValue()).toBe("");
    expect(await page.getByText("The current password is wrong.").count()).toBe(0);
    await change(first, second);
    await page.getByText("Your password was changed.").waitFor();

    await goTo(page, "#/apps");
    await page.getByText("otto · Viewer").waitFor();
    // Another tab of the same browser has the cookie of the new session. It fetches the token of that session when it
    // needs it.
    await tab.getByRole("button", { name: "Log out" }).click();
    await tab.locator("lc-login").waitFor();
    await page.evaluate(() => {
      location.hash = "#/users";
    });
    await page.getByText("Your session has ended.").waitFor();
    await logIn(page, "otto", second);
    await other.evaluate(() => {
      location.hash = "#/apps";
    });
    await other.getByText("Your session has ended.").waitFor();
    await logIn(other, "otto", second);
    expect([...here.errors, ...there.errors].filter((error) => !/40[13]/.test(error))).toEqual([]);
    await Promise.all([here.close(), there.close()]);
  });

  test("what operators did is in the audit log, by app, and in files", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/`);
    await logIn(page, "admin", password);
    await server.command("app", "set", String(server.app), "--subscriptions", "321");
    await goTo(page, "#/audit");
    const rows = page.locator("lc-audit tbody tr");
    await rows.filter({ hasText: "limits.subscriptions: 200 → 321" }).filter({ hasText: "command line" }).waitFor();
    await rows.filter({ hasText: "Removed an operator: vera" }).filter({ hasText: "127.0.0.1" }).waitFor();
    await rows.filter({ hasText: "Kicked a user: alice" }).filter({ hasText: "vera" }).waitFor();

    const csv = await saved(page, page.getByRole("button", { name: "Export as CSV" }));
    expect(csv.name).toBe("audit.csv");
    expect(csv.text).toContain("id,time,by,address,app,action,target,changes,outcome,note\r\n");
    expect(csv.text.trim().split("\r\n")).toHaveLength(1 + (await rows.count()));
    const lines = await saved(page, page.getByRole("button", { name: "Export as JSON lines" }));
    const entries = lines.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { action: string });
    expect(entries[0]?.action).toBe("app.change");

    await page.getByLabel("App").selectOption(String(server.app));
    await rows.filter({ hasText: "vera" }).filter({ hasText: "Added" }).waitFor({ state: "detached" });
    await rows.filter({ hasText: "limits.subscriptions" }).waitFor();
    expect(windows.errors.filter((error) => !error.includes("401"))).toEqual([]);
    await windows.close();
  });

  test("the charts show an hour, a day and a month, and what they show is in files", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/`);
    await logIn(page, "admin", password);
    await page.locator("lc-overview lc-chart canvas").first().waitFor();
    for (const [range, step] of [
      ["hour", "10 seconds"],
      ["day", "1 minute"],
      ["month", "15 minutes"],
    ] as const) {
      await page.getByLabel("Time range").selectOption(range);
      await page.getByText(`Each point covers ${step}.`).waitFor();
      await page.locator("lc-overview lc-chart canvas").first().waitFor();
    }
    // The server writes figures every ten seconds, and may have just started.
    let points: { at: number; connections: number }[] = [];
    const read = async (): Promise<number> => {
      const range = page.getByLabel("Time range");
      await range.selectOption("hour");
      await range.selectOption("month");
      await page.getByText("Each point covers 15 minutes.").waitFor();
      const file = await saved(page, page.getByRole("button", { name: "Export as JSON" }));
      expect(file.name).toBe("overview-month.json");
      points = JSON.parse(file.text) as typeof points;
      return points.length;
    };
    await expect.poll(read, { timeout: 90_000, interval: 2_000 }).toBeGreaterThan(0);
    expect(points.every(({ at }) => at % 900_000 === 0)).toBe(true);
    const csv = await saved(page, page.getByRole("button", { name: "Export as CSV" }));
    expect(csv.text).toContain("time,online,devices_");

    await goTo(page, `#/users/${server.app}`);
    const users = await saved(page, page.getByRole("button", { name: "Export as CSV" }));
    expect(users.text).toContain("user,nick,status,");
    expect(users.text).toContain("\r\nalice,,UNLOGINED,");
    expect(windows.errors.filter((error) => !error.includes("401"))).toEqual([]);
    await windows.close();
  });

  test.each([
    ["light", "en-US", 1280],
    ["dark", "zh-CN", 390],
  ] as const)("no serious fault of accessibility: %s, %s, %i wide", async (colorScheme, locale, width) => {
    const viewport = { width, height: 800 };
    const windows = await Windows.open(browser, { colorScheme, locale, viewport, reducedMotion: "reduce" });
    const page = await windows.page(`${server.pages}/console/`);
    await page.locator("lc-login input[name=password]").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await logIn(page, "admin", password);
    for (const hash of ["#/audit", "#/operators", "#/overview"]) {
      await goTo(page, hash);
      if (hash === "#/overview") {
        await page.locator("#range").selectOption("day");
        await page.locator("lc-overview lc-chart canvas").first().waitFor();
      }
      expect(await seriousFaults(page), hash).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `${hash} is wider than the window`).toBeLessThanOrEqual(0);
    }
    await goTo(page, "#/operators");
    await page.locator("lc-operators button.primary").first().click();
    await page.locator("dialog[open]").first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await windows.close();
  });
});
