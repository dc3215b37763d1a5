/**
 * Tests the console in a real browser: an operator logs in and changes a switch, which affects a client of the app.
 */

import Lamplight, { type Chat } from "@lamplight/chat";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { seriousFaults } from "../src/axe.js";
import { launch, Windows } from "../src/browser.js";
import { CONSOLE_PAGES, goTo, logIn, passwordOf } from "../src/console.js";
import { Server } from "../src/server.js";

describe("the console", () => {
  let server: Server;
  let browser: Browser;
  let password: string;

  beforeAll(async () => {
    [server, browser] = await Promise.all([Server.start({ kind: "demo" }), launch()]);
    password = passwordOf(server);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  async function client(user: string): Promise<Chat> {
    const chat = Lamplight.create({
      SDKAppID: server.app,
      server: `ws://127.0.0.1:${server.clientPort}`,
      WebSocket,
    });
    chat.setLogLevel(4);
    await chat.login({ userID: user, userSig: await server.command("sig", user) });
    return chat;
  }

  test("a wrong password is refused, the right one opens, and a switch that is turned off is felt at once", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/`);
    await page.locator("lc-login input[name=password]").fill("not the password");
    await page.locator("lc-login button.primary").click();
    await page.getByText("Wrong name or password. (code 401)").waitFor();
    await logIn(page, password);
    await page.locator(".tile", { hasText: "Users online" }).waitFor();

    const chat = await client("operator-test");
    const ask = () => chat.getUserStatus({ userIDList: ["alice"] });
    expect((await ask()).data.successUserList).toHaveLength(1);

    await goTo(page, "#/apps/1400000001/switches");
    const toggle = page.getByRole("switch", { name: "User status query and change notification" });
    await expect.poll(() => toggle.getAttribute("aria-checked")).toBe("true");
    await toggle.click();
    await page.getByText("1 unsaved change").waitFor();
    // The change has no effect until the form is saved.
    expect((await ask()).data.successUserList).toHaveLength(1);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved. The settings are in effect.").waitFor();
    await expect(ask()).rejects.toMatchObject({ code: 72_001 });

    await toggle.click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved. The settings are in effect.").waitFor();
    expect((await ask()).data.successUserList).toHaveLength(1);
    await chat.destroy();
    // The browser logs the refusal of the wrong password as an error.
    expect(windows.errors.filter((error) => !error.includes("401"))).toEqual([]);
    await windows.close();
  });

  test("of two operators, the second keeps what was typed and sees what the first has changed", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/`);
    await logIn(page, password);
    await goTo(page, "#/apps/1400000001/general");
    await page.getByLabel("Name").fill("from the second");
    await server.command("app", "set", String(server.app), "--subscriptions", "321");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("This app was changed meanwhile").waitFor();
    await expect.poll(() => page.getByLabel("Name").inputValue()).toBe("from the second");
    expect(await server.command("app", "show", "--json")).not.toContain("from the second");

    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved. The settings are in effect.").waitFor();
    const app = JSON.parse(await server.command("app", "show", "--json")) as {
      settings: { name: string; limits: { subscriptions: number } };
    };
    expect(app.settings.name).toBe("from the second");
    expect(app.settings.limits.subscriptions).toBe(321);
    await windows.close();
  });

  test("a secret is set, replaced and removed, and never shown again", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/`);
    await logIn(page, password);
    await goTo(page, "#/apps/1400000001/jwt");
    const field = page.getByRole("group", { name: "Secret for JWTs" });
    const save = page.getByRole("button", { name: "Save" });
    const secret = "0123456789abcdef0123456789abcdef";
    const isSet = async (): Promise<boolean> => {
      const app = JSON.parse(await server.command("app", "show", "--json")) as {
        settings: { jwt: { secretSet: boolean } };
      };
      return app.settings.jwt.secretSet;
    };

    await field.getByText("No secret is set").waitFor();
    await field.getByRole("button", { name: "Set a secret" }).click();
    const input = field.getByRole("textbox");
    await input.fill("too short");
    await field.getByText("A secret must have at least 32 bytes.").waitFor();
    // An input that the operator has emptied stays open, and is not a change.
    await input.fill("");
    await save.waitFor({ state: "detached" });
    await input.fill(secret);
    await save.click();
    await field.getByText("A secret is set").waitFor();
    await input.waitFor({ state: "detached" });
    expect(await isSet()).toBe(true);

    await field.getByRole("button", { name: "Set another secret" }).click();
    await expect.poll(() => input.inputValue()).toBe("");
    await field.getByRole("button", { name: "Keep the current one" }).click();
    await field.getByRole("button", { name: "Remove it" }).click();
    await field.getByText("The secret will be removed").waitFor();
    await save.click();
    await field.getByText("No secret is set").waitFor();
    expect(await isSet()).toBe(false);
    expect(windows.errors).toEqual([]);
    await windows.close();
  });

  test("a session that ends does not take along what was typed", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/`);
    await logIn(page, password);
    await goTo(page, "#/apps/1400000001/general");
    await page.getByLabel("Name").fill("typed before the end");
    password = (JSON.parse(await server.command("console", "password", "--json")) as { password: string }).password;
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Your session has ended.").waitFor();
    await page.locator("lc-login input[name=password]").fill(password);
    await page.keyboard.press("Enter");
    await page.locator("lc-login").waitFor({ state: "detached" });
    await expect.poll(() => page.getByLabel("Name").inputValue()).toBe("typed before the end");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved. The settings are in effect.").waitFor();
    await windows.close();
  });

  test("a user is found, watched live and kicked", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/`);
    await logIn(page, password);
    const [watcher, watched] = await Promise.all([client("e2e-watcher"), client("e2e-watched")]);
    await watcher.subscribeUserStatus({ userIDList: ["e2e-watched"] });
    await goTo(page, "#/users");
    await page.getByLabel("Begins with").fill("e2e-wa");
    await page.getByRole("button", { name: "Find" }).click();
    await page.waitForURL(/prefix=e2e-wa/);
    await expect.poll(() => page.locator("lc-users tbody tr").count()).toBe(2);
    await page.getByRole("link", { name: "e2e-watched" }).click();

    const user = page.locator("lc-user");
    await user.getByText("a device logged in or reconnected").waitFor();
    await user.locator(".people", { hasText: "e2e-watcher" }).waitFor();
    await watched.setSelfStatus({ customStatus: "in a test" });
    await user.getByText("“in a test”").waitFor();
    await watched.setSelfStatus({ customStatus: "for an hour", expiresIn: 3_600 });
    await user.locator("dd", { hasText: /in (60|59) minutes|in 1 hour/ }).waitFor();
    await watched.setSelfStatus({ customStatus: "for a moment", expiresIn: 1 });
    await user.getByText("the custom status has ended").waitFor();
    await user.getByText("Custom status ends").waitFor({ state: "detached" });

    const dialog = page.locator("lc-confirm dialog[open]");
    // When the page reads the user for the second time, it has rendered the first answer.
    const readAgain = async () => {
      for (let times = 0; times < 2; times += 1) {
        await page.waitForResponse((response) => response.url().endsWith("/users/e2e-watched"));
      }
    };
    await user.getByRole("button", { name: "Kick" }).first().click();
    await dialog.waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await readAgain();
    expect(await dialog.count()).toBe(0);
    await user.getByRole("button", { name: "Kick" }).first().click();
    await page.getByText("Kick e2e-watched?").waitFor();
    await page.locator("lc-confirm button.danger").click();
    await user.getByText("All logins have ended.").waitFor();
    await user.getByText("kicked by another login, the server API or an operator").waitFor();
    await user.getByText("No device is logged in.").waitFor();
    await readAgain();
    expect(await dialog.count()).toBe(0);
    await Promise.all([watcher.destroy(), watched.destroy()]);
    expect(windows.errors).toEqual([]);
    await windows.close();
  });

  test("the visibility and the block list of a user are shown, and changed by an operator", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/`);
    await logIn(page, password);
    const [hidden, seer] = await Promise.all([client("e2e-hidden"), client("e2e-seer")]);
    await hidden.addToBlacklist({ userIDList: ["e2e-seer"] });
    await goTo(page, "#/users/1400000001/e2e-hidden");
    const privacy = page.locator("lc-privacy");
    await privacy.getByRole("link", { name: "e2e-seer" }).waitFor();
    await privacy.getByLabel("Who may see the status").selectOption("nobody");
    await privacy.getByText("The visibility is set.").waitFor();
    expect((await hidden.getVisibility()).data).toBe("nobody");

    await privacy.getByRole("button", { name: "Unblock: e2e-seer" }).click();
    await page.locator("lc-confirm button.danger").click();
    await privacy.getByText("e2e-seer is not blocked any longer.").waitFor();
    await page.getByText("Unblock e2e-seer?").waitFor({ state: "hidden" });
    await privacy.getByLabel("userID").fill("e2e-nobody");
    await privacy.getByRole("button", { name: "Block", exact: true }).click();
    await privacy.locator("lc-notice").waitFor();
    await privacy.getByLabel("userID").fill("e2e-seer");
    await privacy.getByRole("button", { name: "Block", exact: true }).click();
    await privacy.getByText("e2e-seer is blocked.").waitFor();
    expect((await hidden.getBlacklist()).data).toEqual(["e2e-seer"]);
    await hidden.setVisibility("friends");
    await expect.poll(() => privacy.getByLabel("Who may see the status").inputValue()).toBe("friends");
    expect(await seriousFaults(page)).toEqual([]);
    await Promise.all([hidden.destroy(), seer.destroy()]);
    // The browser logs the refused request as an error.
    expect(windows.errors.filter((error) => !/status of 4\d\d/.test(error))).toEqual([]);
    await windows.close();
  });

  test("on a telephone the section that is shown is in sight, and nothing is wider than the screen", async () => {
    const windows = await Windows.open(browser, { viewport: { width: 390, height: 844 } });
    const page = await windows.page(`${server.pages}/console/`);
    await page.locator("lc-login input[name=password]").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await logIn(page, password);
    // The navigation has two lines: the operator with the preferences, and the links.
    const heightOfNavigation = async () => (await page.locator("aside").boundingBox())?.height ?? 999;
    await expect.poll(heightOfNavigation).toBeLessThan(120);
    for (const hash of CONSOLE_PAGES) {
      await goTo(page, hash);
      const width = () => page.evaluate(() => document.documentElement.scrollWidth);
      await expect.poll(width, { message: hash }).toBe(390);
      const here = page.locator("lc-app nav a[aria-current]");
      if ((await here.count()) > 0) {
        const isInSight = async () => {
          const box = await here.boundingBox();
          return box !== null && box.x >= 0 && box.x + box.width <= 390;
        };
        await expect.poll(isInSight, { message: hash }).toBe(true);
      }
    }
    await page.getByLabel("Language").selectOption("zh");
    await page.getByRole("button", { name: "退出登录" }).click();
    await page.locator("lc-login").waitFor();
    await windows.close();
  });

  test("a new app's key is shown under its name, and the focus is on the page after a login", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/#/apps`);
    await page.locator("lc-login input[name=password]").waitFor();
    await logIn(page, password);
    const focused = () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.localName);
    await expect.poll(focused).toBe("main");
    await page.getByRole("button", { name: "New app" }).click();
    await page.getByRole("button", { name: "Create app" }).click();
    const dialog = page.getByRole("dialog", { name: /^App \d+ was created$/ });
    await dialog.waitFor();
    await page.locator("lc-dialog[open]").getByRole("heading", { name: "Key 1" }).waitFor();
    await page.getByRole("group", { name: "Secret text of key 1" }).waitFor();
    await windows.close();
  });

  test("with colours that the system forces a switch that is on does not look like one that is off", async () => {
    // Without transitions, a colour changes at once, and is never between two others.
    const windows = await Windows.open(browser, { forcedColors: "active", reducedMotion: "reduce" });
    const page = await windows.page(`${server.pages}/console/#/apps/1400000001/switches`);
    await page.locator("lc-login input[name=password]").waitFor();
    await logIn(page, password);
    const toggle = page.locator("lc-toggle#friend_notification");
    const paint = (part: string) =>
      toggle.locator(part).evaluate((element) => getComputedStyle(element).backgroundColor);
    const [track, knob] = [await paint(".track"), await paint(".knob")];
    expect(track).not.toBe(knob);
    await toggle.locator("button").click();
    await expect.poll(() => paint(".track")).not.toBe(track);
    expect(await paint(".track")).not.toBe(await paint(".knob"));
    await windows.close();
  });

  test("without a mouse: from the login to a switch that is turned", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/#/apps/1400000001/switches`);
    await page.locator("lc-login input[name=password]:focus").waitFor();
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    const toggle = page.getByRole("switch", { name: "Friend status notification" });
    await toggle.waitFor();
    await page.locator("main:focus").waitFor();
    const before = await toggle.getAttribute("aria-checked");
    // The switch must be reachable with the Tab key only.
    for (let presses = 0; presses < 60; presses += 1) {
      const isThere = await toggle.evaluate((element) => element.matches(":focus"));
      if (isThere) break;
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Space");
    await expect.poll(() => toggle.getAttribute("aria-checked")).not.toBe(before);
    await page.getByText("1 unsaved change").waitFor();
    expect(windows.errors).toEqual([]);
    await windows.close();
  });
});
