/**
 * Tests a list of 10,001 conversations. Its first rows appear at once, and the remaining rows soon. No call exceeds the
 * rate limit.
 */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterWith, launch, rowOf, Windows } from "../src/browser.js";
import { ServerApi } from "../src/server-api.js";
import { Server } from "../src/server.js";

const CONVERSATIONS = 10_001;

/** The time limit from the navigation to the first row, in milliseconds. An idle machine needs less than a second. */
const FIRST_ROW = 5_000;

/** The time limit for sending ten thousand messages over the server API, in milliseconds. */
const MAKING = 300_000;

/** The maximum number of rows in the document. A window shows fewer rows, and the list has many more. */
const MOST_ROWS = 120;

describe("ten thousand conversations", () => {
  let server: Server;
  let browser: Browser;
  let windows: Windows;

  beforeAll(async () => {
    [server, browser] = await Promise.all([Server.start({ kind: "serve" }), launch()]);
    windows = await Windows.open(browser);
    const api = await ServerApi.of(server);
    await server.command("app", "set", String(server.app), "--api-rate-calls", "60000");
    const peers = Array.from({ length: CONVERSATIONS }, (_, number) => `user${String(number).padStart(5, "0")}`);
    await api.makeAccounts(["ada", ...peers]);
    await api.sayToAll("ada", peers, "hello");
  }, MAKING);
  afterAll(async () => {
    await windows.close();
    await browser.close();
    await server.stop();
  });

  test("the first row is painted at once, and the last one is reached", async () => {
    const ada = await windows.page(server.pages);
    await enterWith(ada, await server.command("sig", "ada"));
    await rowOf(ada, "user").first().waitFor();

    const calls: string[] = [];
    const refusals: string[] = [];
    ada.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => {
        calls.push(...(String(payload).match(/"(getConversationList|getUserStatus|subscribeUserStatus)"/g) ?? []));
      });
      socket.on("framereceived", ({ payload }) => {
        refusals.push(...(String(payload).match(/"refusal".*/g) ?? []));
      });
    });
    await ada.reload();
    const first = await rowsAtLeast(ada, 1);
    const all = await rowsAtLeast(ada, CONVERSATIONS);
    console.log(`first row ${first.at} ms after the navigation (${first.rows} rows), all of them ${all.at} ms`);
    expect(first.at).toBeLessThan(FIRST_ROW);
    expect(first.rows, "painted before the last page was there").toBeLessThan(CONVERSATIONS);
    expect(all.rows).toBe(CONVERSATIONS);
    // One call reads a page of 100 rows, and ten calls read pages of up to 1,000 rows.
    expect(calls.filter((call) => call.includes("getConversationList"))).toHaveLength(11);
    expect(refusals).toEqual([]);

    const rows = ada.locator("tuikit-conversation [role=option]");
    expect(await rows.count()).toBeLessThan(MOST_ROWS);
    await ada.locator("tuikit-conversation [role=listbox]").focus();
    await ada.keyboard.press("End");
    await ada.locator(`tuikit-conversation [role=option][aria-posinset="${CONVERSATIONS}"]`).waitFor();
    expect(windows.errors).toEqual([]);
  });
});

/** Waits until the list has at least `least` rows. Returns the time by the page's clock, and the number of rows. */
async function rowsAtLeast(page: Page, least: number): Promise<{ at: number; rows: number }> {
  const found = await page.waitForFunction((least) => {
    const desk = document.querySelector("lamplight-demo")?.shadowRoot?.querySelector("lamplight-desk");
    const list = desk?.shadowRoot?.querySelector("tuikit-conversation")?.shadowRoot;
    const rows = Number(list?.querySelector("[role=option]")?.getAttribute("aria-setsize") ?? 0);
    return rows >= least ? { at: Math.round(performance.now()), rows } : undefined;
  }, least);
  const value = await found.jsonValue();
  if (value === undefined) {
    throw new Error("waitForFunction has returned no value");
  }
  return value;
}
