/** A network that breaks and comes back: the page has the right picture again, and was not loaded again. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { enterWith, launch, seesDot, Windows } from "../src/browser.js";
import { Cable } from "../src/cable.js";
import { Server } from "../src/server.js";

describe("the network of a page", () => {
  let cable: Cable;
  let server: Server;
  let browser: Browser;
  let windows: Windows;

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
    expect(windows.errors).toEqual([]);
    await windows.close();
  });
  afterAll(async () => {
    await browser.close();
    await cable.remove();
    await server.stop();
  });

  /** Ada's page, with her contacts in sight, and a mark that a page which is loaded again has not. */
  async function ada(): Promise<Page> {
    const page = await windows.page(server.pages);
    await enterWith(page, await server.command("sig", "ada"));
    await page.locator("#tab-contacts").click();
    await page.evaluate(() => {
      document.documentElement.dataset["mark"] = "still here";
    });
    return page;
  }

  /** A window of its own for somebody. */
  async function comes(user: string): Promise<Windows> {
    const theirs = await Windows.open(browser);
    const page = await theirs.page(server.pages);
    await enterWith(page, await server.command("sig", user));
    return theirs;
  }

  /** Two ways to break it: the browser does not know of the first. */
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
    "gone, as the browser says,": { begins: () => windows.setOffline(true), ends: () => windows.setOffline(false) },
  };

  test.each(Object.entries(faults))(
    "%s and back: the page shows what changed meanwhile, and was not loaded again",
    async (_, fault) => {
      const page = await ada();
      const ben = await comes("ben");
      await seesDot(page, "ben", "Online");
      await seesDot(page, "cleo", "Not logged in");

      await fault.begins();
      await page.locator("lamplight-desk .net:not(.connected)").waitFor();
      await page.locator("lamplight-self-card .dot").waitFor({ state: "detached" });
      // Where the cable is cut, Ben's page is behind it too: it goes, and Cleo can come when it is mended.
      await ben.close();
      await fault.ends();
      const cleo = await comes("cleo");

      await page.locator("lamplight-desk .net.connected").waitFor();
      await seesDot(page, "ben", "Not logged in");
      await seesDot(page, "cleo", "Online");
      expect(await page.evaluate(() => document.documentElement.dataset["mark"])).toBe("still here");
      await cleo.close();
    },
  );
});
