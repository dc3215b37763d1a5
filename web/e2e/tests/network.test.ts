/** Tests a network that breaks and is restored. The page must then show the current statuses without a reload. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { enterWith, launch, rowOf, seesDot, Windows } from "../src/browser.js";
import { Cable } from "../src/cable.js";
import { Server } from "../src/server.js";

describe("the network of a page", { timeout: 240_000 }, () => {
  let cable: Cable;
  let server: Server;
  let browser: Browser;
  let windows: Windows;
  /** The windows of the other users. */
  const theirs: Windows[] = [];

  beforeAll(async () => {
    cable = await Cable.lay();
    const environment = { LAMPLIGHT_PUBLIC_CLIENT_URL: `ws://127.0.0.1:${cable.port}` };
    [server, browser] = await Promise.all([Server.start({ kind: "serve", environment }), launch()]);
    cable.leadTo(server.clientPort);
    for (const user of ["ada", "ben", "cleo"]) {
      await server.command("account", "create", user);
    }
    await server.command("friend", "add", "ada", "ben");
    await server.command("friend", "add", "ada", "cleo");
  });
  beforeEach(async () => {
    windows = await Windows.open(browser);
  });
  afterEach(async () => {
    cable.mend();
    await Promise.all([windows, ...theirs.splice(0)].map((open) => open.close()));
    expect(windows.errors).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await cable.remove();
    await server.stop();
  });

  /** Opens the page of Ada with her contacts, and sets a mark that a reload would remove. */
  async function ada(clock: "real" | "ours" = "real"): Promise<Page> {
    const page = await windows.page(server.pages);
    if (clock === "ours") {
      await page.clock.install();
      await page.reload();
    }
    await enterWith(page, await server.command("sig", "ada"));
    await page.locator("#tab-contacts").click();
    await page.evaluate(() => {
      document.documentElement.dataset["mark"] = "still here";
    });
    return page;
  }

  /** Opens a window for another user. */
  async function comes(user: string): Promise<Windows> {
    const window = await Windows.open(browser);
    theirs.push(window);
    const page = await window.page(server.pages);
    await enterWith(page, await server.command("sig", user));
    return window;
  }

  /**
   * The time limits in milliseconds. A page must notice a cut network within `SEEN_WITHIN`. After a sleep, it must
   * show the current statuses within `RIGHT_WITHIN`. A busy machine needs most of these times. The SDK gives up a link
   * 8 s after a call that is not answered, and 0.8 s after a sleep. Without the call, only a heartbeat after up to 20 s
   * would notice; without the notice of the sleep, the link would be given up after 8 s.
   */
  const [SEEN_WITHIN, RIGHT_WITHIN] = [20_000, 7_500];

  /** Three ways in which a network breaks. The browser reports only the last one. */
  const faults = {
    cut: {
      begins: () => {
        cable.cut();
        return Promise.resolve();
      },
      ends: () => {
        cable.mend();
        return Promise.resolve();
      },
    },
    silent: {
      begins: async (page: Page) => {
        cable.fallSilent();
        // This click makes a call whose answer does not come.
        await rowOf(page, "ben").click();
      },
      ends: () => {
        cable.mend();
        return Promise.resolve();
      },
    },
    "gone, as the browser says,": { begins: () => windows.setOffline(true), ends: () => windows.setOffline(false) },
  };

  test.each(Object.entries(faults))(
    "%s and back: the page shows what changed meanwhile, and was not loaded again",
    async (name, fault) => {
      const page = await ada();
      const ben = await comes("ben");
      await seesDot(page, "ben", "Online");
      await seesDot(page, "cleo", "Not logged in");

      const before = Date.now();
      await fault.begins(page);
      await page.locator("lamplight-desk .net:not(.connected)").waitFor();
      const seen = Date.now() - before;
      console.log(`a page whose network was ${name} has seen it after ${seen} ms`);
      expect(seen).toBeLessThan(SEEN_WITHIN);
      await page.locator("lamplight-self-card .dot").waitFor({ state: "detached" });
      // Ben's page uses the same network. It is closed now, and Cleo logs in when the network is restored.
      await ben.close();
      await fault.ends();
      await comes("cleo");

      await page.locator("lamplight-desk .net.connected").waitFor();
      await seesDot(page, "ben", "Not logged in");
      await seesDot(page, "cleo", "Online");
      expect(await page.evaluate(() => document.documentElement.dataset["mark"])).toBe("still here");
    },
  );

  test("a page that wakes from a sleep is right at once, though its link has died without a word", async () => {
    const page = await ada("ours");
    await seesDot(page, "cleo", "Not logged in");
    cable.fallSilent();
    cable.mend();
    await comes("cleo");
    // Simulates a device that wakes: the clock advances by a minute, and each due timer runs only once.
    const before = Date.now();
    await page.clock.fastForward(60_000);
    await seesDot(page, "cleo", "Online");
    const right = Date.now() - before;
    console.log(`a page that woke was right after ${right} ms`);
    expect(right).toBeLessThan(RIGHT_WITHIN);
    await page.locator("lamplight-desk .net.connected").waitFor();
    expect(await page.evaluate(() => document.documentElement.dataset["mark"])).toBe("still here");
  });
});
