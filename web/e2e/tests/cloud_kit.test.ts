/**
 * Tests the cloud's own web kit on Lamplight, with two users in two windows. Only the kit's bundler is configured,
 * with an alias.
 */

import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch, Windows } from "../src/browser.js";
import { CloudKit, PATIENCE_TO_INSTALL } from "../src/cloud-kit.js";
import { ServerApi } from "../src/server-api.js";
import { Server } from "../src/server.js";

describe("the cloud's kit", () => {
  let server: Server;
  let browser: Browser;
  let kit: CloudKit;
  let windows: Windows;

  beforeAll(async () => {
    [server, browser] = await Promise.all([Server.start({ kind: "serve" }), launch()]);
    const api = await ServerApi.of(server);
    await api.makeAccounts(["alice", "bob"]);
    await api.befriend("alice", ["bob"]);
    await api.say("alice", "bob", "written before");
    kit = await CloudKit.start(`ws://127.0.0.1:${server.clientPort}`);
  }, PATIENCE_TO_INSTALL);
  beforeEach(async () => {
    windows = await Windows.open(browser);
    // The kit loads its emoji and some pictures from the cloud's hosts.
    await windows.withoutOthers();
  });
  afterEach(async () => {
    expect(windows.errors).toEqual([]);
    expect(windows.elsewhere.filter((asked) => !asked.startsWith("image "))).toEqual([]);
    await windows.close();
  });
  afterAll(async () => {
    await browser.close();
    await kit.stop();
    await server.stop();
  });

  async function open(user: string): Promise<Page> {
    return await windows.page(kit.page(server.app, user, await server.command("sig", user)));
  }

  const row = (page: Page, name: string): Locator => page.locator(".tui-conversation-item", { hasText: name });

  async function write(page: Page, text: string): Promise<void> {
    const editor = page.locator(".tiptap, .ProseMirror").first();
    await editor.click();
    await editor.pressSequentially(text);
    await editor.press("Enter");
  }

  test("has nothing of the cloud's own client in it", () => {
    expect(kit.code.length).toBeGreaterThan(100_000);
    expect(kit.code).not.toContain("wss.im.qcloud.com");
    expect(kit.code).not.toContain("im.qcloud.com/v4");
    expect(kit.code).toContain("is not supported by Lamplight");
  });

  test("shows conversations with their history, messages as they come, and dots that change", async () => {
    const alice = await open("alice");
    await row(alice, "bob").getByText("written before").waitFor();
    await row(alice, "bob").locator(".online-status-offline").waitFor();

    const bob = await open("bob");
    await row(bob, "alice").locator(".num", { hasText: "1" }).waitFor();
    await row(alice, "bob").locator(".online-status-online").waitFor();
    await row(bob, "alice").locator(".online-status-online").waitFor();

    await row(alice, "bob").click();
    await alice.locator(".tui-chat").getByText("written before").first().waitFor();
    await row(bob, "alice").click();
    await bob.locator(".tui-chat").getByText("written before").first().waitFor();
    await row(bob, "alice").locator(".num").waitFor({ state: "detached" });

    await write(alice, "hello from the kit");
    await bob.locator(".tui-chat").getByText("hello from the kit").first().waitFor();
    await write(bob, "and back");
    await alice.locator(".tui-chat").getByText("and back").first().waitFor();
    await row(alice, "bob").getByText("and back").waitFor();

    await bob.close();
    await row(alice, "bob").locator(".online-status-offline").waitFor();
    const again = await open("bob");
    await row(alice, "bob").locator(".online-status-online").waitFor();
    // The history is still there after a reload of the page.
    await row(again, "alice").click();
    await again.locator(".tui-chat").getByText("hello from the kit").first().waitFor();
  });
});
