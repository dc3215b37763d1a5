/** Tests the documentation on the server: its links, its search, and a search index that cannot be loaded. */

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launch, Windows } from "../src/browser.js";
import { Server } from "../src/server.js";

let server: Server;
let browser: Browser;
let windows: Windows;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start({ kind: "serve" }), launch()]);
});
beforeEach(async () => {
  windows = await Windows.open(browser, { viewport: { width: 390, height: 844 } });
});
afterEach(async () => {
  await windows.close();
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

test("every page and file that a page names is served", async () => {
  const seen = new Set<string>();
  const waiting = ["/docs/"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) {
      continue;
    }
    seen.add(path);
    const answer = await fetch(server.pages + path);
    expect(answer.status, path).toBe(200);
    const text = await answer.text();
    if (!path.startsWith("/docs/") || path.startsWith("/docs/uikit/") || !text.startsWith("<!doctype html>")) {
      continue;
    }
    for (const [, href = ""] of text.matchAll(/(?:href|src|data-places)="([^"]*)"/g)) {
      const target = new URL(href, server.pages + path);
      if (target.origin === server.pages) {
        waiting.push(target.pathname);
      }
    }
  }
  expect(seen).toContain("/docs/migrate/redis.html");
  expect(seen.size).toBeGreaterThan(80);
});

test("a search leads to the place, by the keyboard, without a fault of the page", async () => {
  const page = await windows.page(`${server.pages}/docs/start/browser.html`);
  await page.locator("form[role=search]").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("keyspace notif");
  // The index is loaded while the words are typed, so results for the first letters may be shown before.
  await page.locator(".found [role=status]", { hasText: "Results for “keyspace notif”" }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".found a:focus").waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/docs/migrate/redis.html#what-becomes-what");
  await page.locator("#what-becomes-what").waitFor();

  await page.locator("form[role=search]").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("xylophone");
  await page.locator(".found [role=status]", { hasText: "No results for “xylophone”" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".found").waitFor({ state: "hidden" });
  expect(windows.errors).toEqual([]);
});

test("a search that cannot be loaded says so, and is tried again with the next key", async () => {
  const page = await windows.page(`${server.pages}/docs/`);
  await page.route("**/places-*.json", (route) => route.abort());
  await page.locator("input[type=search]").fill("lin");
  await page.locator(".found [role=status]", { hasText: "could not be loaded" }).waitFor();
  await page.unroute("**/places-*.json");
  await page.locator("input[type=search]").fill("linger");
  await page.locator(".found li").first().waitFor();
});
