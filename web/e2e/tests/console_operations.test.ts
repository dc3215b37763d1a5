/**
 * Tests an operator's work in the console, except the settings: testing a webhook, deleting an app, searching for
 * users.
 */

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import Lamplight, { type Chat } from "@lamplight/chat";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { seriousFaults } from "../src/axe.js";
import { launch, Windows } from "../src/browser.js";
import { Server } from "../src/server.js";

describe("the operations of the console", () => {
  let server: Server;
  let browser: Browser;
  let password: string;
  let receiver: HttpServer;
  let status = 200;

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      request.resume();
      response.writeHead(status).end();
    });
    await new Promise<void>((fulfil) => receiver.listen(0, "127.0.0.1", fulfil));
    const environment = { LAMPLIGHT_WEBHOOKS__ALLOW_NETWORKS: '["127.0.0.0/8"]' };
    [server, browser] = await Promise.all([Server.start({ kind: "serve", environment }), launch()]);
    const made = await server.command("console", "password", "--json");
    password = (JSON.parse(made) as { password: string }).password;
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
    receiver.close();
  });

  async function openConsole(hash: string): Promise<{ windows: Windows; page: Page }> {
    const windows = await Windows.open(browser);
    const page = await windows.page(`${server.pages}/console/${hash}`);
    await page.locator("lc-login input[name=password]").fill(password);
    await page.keyboard.press("Enter");
    await page.locator("lc-login").waitFor({ state: "detached" });
    return { windows, page };
  }

  async function client(app: number, user: string): Promise<Chat> {
    const chat = Lamplight.create({ SDKAppID: app, server: `ws://127.0.0.1:${server.clientPort}`, WebSocket });
    chat.setLogLevel(4);
    await chat.login({ userID: user, userSig: await server.command("sig", user, "--app", String(app)) });
    return chat;
  }

  test("a webhook is tested, and why it fails is said", async () => {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    await server.command("app", "set", String(server.app), "--push-url", url, "--webhook-token", "secret");
    const { windows, page } = await openConsole("#/apps/1400000001/webhooks");
    const button = page.getByRole("button", { name: "Test: push" });
    await button.click();
    await page.getByText(/The push webhook answered with 200 after \d+ ms\./).waitFor();
    await page
      .getByText(/Header x-lamplight-delivery: test-\d+; signed by Sign and RequestTime in the query\./)
      .waitFor();
    status = 503;
    await button.click();
    await page.getByText(/The push webhook failed after \d+ ms: status 503 Service Unavailable/).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    expect(windows.errors).toEqual([]);
    await windows.close();
  });

  test("users are found by nick, and who is online is listed", async () => {
    const chat = await client(server.app, "online-1");
    await server.command("account", "create", "offline-1");
    await server.command("account", "set", "online-1", "--nick", "Ärger");
    await server.command("account", "set", "offline-1", "--nick", "ärgert nobody");
    const { windows, page } = await openConsole("#/users");
    await page.getByLabel("Search by").selectOption("nick");
    await page.getByLabel("Begins with").fill("äRG");
    await page.getByRole("button", { name: "Find" }).click();
    await page.waitForURL(/#\/users\/1400000001\?by=nick&prefix=%C3%A4RG$/);
    await expect.poll(() => page.locator("lc-users tbody tr").count()).toBe(2);
    await page.getByRole("cell", { name: "ärgert nobody" }).waitFor();

    await page.getByRole("link", { name: "Online now" }).click();
    await page.getByRole("link", { name: "online-1" }).waitFor();
    await expect.poll(() => page.locator("lc-online tbody tr").count()).toBe(1);
    await page.getByText("Web: connected").waitFor();
    // The command line reports the same users.
    expect(await server.command("status", "online", "--on", "Web")).toContain("online-1");
    expect(await server.command("status", "online", "--on", "Mac")).toBe("nobody is ONLINE");
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByLabel("Platform").selectOption("Mac");
    await page.getByText("Nobody is online").waitFor();
    await chat.destroy();
    expect(windows.errors).toEqual([]);
    await windows.close();
  });

  test("an app is deleted when its id is typed, and its clients are told", async () => {
    await server.command("app", "create", "--name", "doomed");
    const chat = await client(1_400_000_002, "somebody");
    const told = new Promise((fulfil) => {
      chat.on(Lamplight.EVENT.KICKED_OUT, fulfil);
    });
    const { windows, page } = await openConsole("#/apps/1400000002/general");
    // Unsaved changes are discarded with the app, without a question.
    await page.getByLabel("Name").fill("not saved");
    await page.getByRole("button", { name: "Delete the app" }).click();
    const confirm = page.locator("lc-confirm button.danger");
    await expect.poll(() => confirm.isDisabled()).toBe(true);
    await page.getByLabel("Type its SDKAppID: 1400000002").fill("1400000001");
    expect(await confirm.isDisabled()).toBe(true);
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByLabel("Type its SDKAppID: 1400000002").fill("1400000002");
    await confirm.click();
    await page.locator("lc-apps").waitFor();
    await told;
    await page.getByText("first app").waitFor();
    expect(await page.getByText("doomed").count()).toBe(0);

    await page.evaluate(() => {
      location.hash = "#/apps/1400000001/general";
    });
    await page.getByRole("button", { name: "Delete the app" }).click();
    await page.getByLabel("Type its SDKAppID: 1400000001").fill("1400000001");
    await confirm.click();
    await page.getByText("This is the last app; make another one first (code 409)").waitFor();
    await chat.destroy();
    // The browser logs the refusal of the last request as an error.
    expect(windows.errors.filter((error) => !error.includes("409"))).toEqual([]);
    await windows.close();
  });
});
