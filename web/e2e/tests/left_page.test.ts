/**
 * Tests that a page in the browser's back-forward cache is disconnected, and connects again when the user returns to
 * the page.
 */

import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FLAGS, playAs, seesDot, Windows } from "../src/browser.js";
import { setUpDemo } from "../src/demo.js";

describe("a page that is left", () => {
  const demo = setUpDemo();
  let keeping: Browser;

  beforeAll(async () => {
    // By default, Playwright turns off the cache for left pages, which this test needs.
    keeping = await chromium.launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      timeout: 60_000,
      args: [...FLAGS, "--enable-features=BackForwardCache"],
      ignoreDefaultArgs: ["--disable-back-forward-cache"],
    });
  });
  afterAll(async () => {
    await keeping.close();
  });

  test("is not there while the browser keeps it, and is there again at once", async () => {
    const { pages } = demo.server;
    const robin = await demo.windows.page(pages);
    await playAs(robin, "you");

    const leaving = await Windows.open(keeping);
    const lin = await leaving.page(pages);
    await playAs(lin, "guest");
    await seesDot(robin, "林晓", "Online");
    await lin.evaluate(() => {
      Object.assign(window, { isTheSamePage: true });
    });

    const before = Date.now();
    await lin.goto(`${pages}/docs/uikit/`);
    await seesDot(robin, "林晓", "Not logged in");
    // The linger of a new app is 5 s. If the page were not disconnected, the server's heartbeat timeout of a minute
    // would end the link: at least 40 s after the last heartbeat, and then the linger would begin.
    expect(Date.now() - before).toBeLessThan(35_000);

    await lin.evaluate(() => {
      history.back();
    });
    await lin.waitForURL(`${pages}/`, { waitUntil: "commit" });
    await seesDot(robin, "林晓", "Online");
    expect(await lin.evaluate(() => "isTheSamePage" in window)).toBe(true);
    expect(leaving.errors).toEqual([]);
    await leaving.close();
  });
});
