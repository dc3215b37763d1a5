/** The pages of the demo by the rules of axe: no serious fault, light and dark, in both languages. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seriousFaults } from "../src/axe.js";
import { launch, playAs, rowOf, Windows } from "../src/browser.js";
import { Server } from "../src/server.js";

describe("accessibility", () => {
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    [server, browser] = await Promise.all([Server.start({ kind: "demo" }), launch()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  test.each([
    ["light", "en-US"],
    ["dark", "zh-CN"],
  ] as const)("no serious fault: %s, %s", async (colorScheme, locale) => {
    // Without motion nothing is half transparent when it is looked at.
    const windows = await Windows.open(browser, { colorScheme, locale, reducedMotion: "reduce" });
    const page = await windows.page(server.pages);
    await page.locator("lamplight-entrance .player").first().waitFor();
    await page.locator("lamplight-entrance summary").click();
    expect(await seriousFaults(page)).toEqual([]);

    await playAs(page, "you");
    await rowOf(page, "林晓").click();
    await page.locator("tuikit-chat .message").first().waitFor();
    await page.locator("lamplight-self-card .status").click();
    expect(await seriousFaults(page)).toEqual([]);

    await page.locator("#tab-contacts").click();
    await page.locator("tuikit-contact [role=option]").first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await windows.close();
  });

  test("axe is awake: it sees a fault that is planted", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(server.pages);
    await page.evaluate(() => {
      document.body.append(Object.assign(document.createElement("img"), { src: "/lamp.svg" }));
    });
    expect((await seriousFaults(page)).join()).toContain("image-alt");
    await windows.close();
  });
});
