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

/**
 * The time limit from the navigation to the first row, in milliseconds. An idle machine needs less than a second, and
 * only a defect exceeds the limit.
 */
const FIRST_ROW = 30_000;

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
    await ada.addInitScript(noteSizes);
    await ada.reload();
    await expect.poll(async () => (await sizesOf(ada)).at(-1)?.rows).toBe(CONVERSATIONS);
    const [first, all] = await sizesOf(ada).then((sizes) => [sizes[0], sizes.at(-1)]);
    console.log(
      `first row ${first?.at} ms after the navigation (${first?.rows} rows), all of them ${all?.at} ms after it`,
    );
    expect(first?.at).toBeLessThan(FIRST_ROW);
    // One call reads a page of 100 rows, and ten calls read pages of up to 1,000 rows.
    expect(first?.rows, "rendered before the second page was there").toBe(100);
    await expect.poll(() => calls.filter((call) => call.includes("getConversationList"))).toHaveLength(11);
    expect(refusals).toEqual([]);

    const rows = ada.locator("tuikit-conversation [role=option]");
    expect(await rows.count()).toBeLessThan(MOST_ROWS);
    await ada.locator("tuikit-conversation [role=listbox]").focus();
    await ada.keyboard.press("End");
    await ada.locator(`tuikit-conversation [role=option][aria-posinset="${CONVERSATIONS}"]`).waitFor();
    expect(windows.errors).toEqual([]);
  });
});

/** A length of the list, and the time by the page's clock at which the page first rendered it, in milliseconds. */
interface Size {
  readonly at: number;
  readonly rows: number;
}

/**
 * Makes the page record every length of its list. It runs before the other scripts of the page. A test that looked at
 * the page from time to time could miss a length.
 */
function noteSizes(): void {
  const sizes: Size[] = [];
  const set = Object.getOwnPropertyDescriptor(Element.prototype, "setAttribute")?.value as Element["setAttribute"];
  Element.prototype.setAttribute = function (name, value) {
    if (name === "aria-setsize" && Number(value) !== sizes.at(-1)?.rows) {
      sizes.push({ at: Math.round(performance.now()), rows: Number(value) });
    }
    set.call(this, name, value);
  };
  Object.assign(window, { sizes });
}

/** Returns the lengths that {@link noteSizes} has recorded. */
function sizesOf(page: Page): Promise<Size[]> {
  return page.evaluate(() => (window as unknown as { sizes: Size[] }).sizes);
}
