/** A page that is left and kept by the browser is not there meanwhile, and is there again when it is come back to. */

import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FLAGS, launch, playAs, seesDot, Windows } from "../src/browser.js";
import { Server } from "../src/server.js";

describe("a page that is left", () => {
  let server: Server;
  let browser: Browser;
  let keeping: Browser;

  beforeAll(async () => {
    [server, browser, keeping] = await Promise.all([
      Server.start({ kind: "demo" }),
      launch(),
      // Playwright turns off what this is about.
      chromium.launch({
        executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
        args: [...FLAGS, "--enable-features=BackForwardCache"],
        ignoreDefaultArgs: ["--disable-back-forward-cache"],
      }),
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await keeping.close();
    await server.stop();
  });

  test("is not there while the browser keeps it, and is there again at once", async () => {
    const watching = await Windows.open(browser);
    const robin = await watching.page(server.pages);
    await playAs(robin, "you");

    const leaving = await Windows.open(keeping);
    const lin = await leaving.page(server.pages);
    await playAs(lin, "guest");
    await seesDot(robin, "林晓", "Online");
    await lin.evaluate(() => {
      Object.assign(window, { isTheSamePage: true });
    });

    const before = Date.now();
    await lin.goto(`${server.pages}/docs/uikit/`);
    await seesDot(robin, "林晓", "Not logged in");
    // The linger of a new app is 5 s; the server's patience with a silent page is a minute.
    expect(Date.now() - before).toBeLessThan(10_000);

    await lin.evaluate(() => {
      history.back();
    });
    await lin.waitForURL(`${server.pages}/`, { waitUntil: "commit" });
    await seesDot(robin, "林晓", "Online");
    expect(await lin.evaluate(() => "isTheSamePage" in window)).toBe(true);
    expect([...watching.errors, ...leaving.errors]).toEqual([]);
    await watching.close();
    await leaving.close();
  });
});
