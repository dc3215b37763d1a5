/**
 * Checks every page with the rules of axe, in both themes, in English and Chinese, on a desktop and a telephone. No
 * page may have a serious problem, or be wider than the screen of the telephone.
 */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seriousFaults } from "../src/axe.js";
import { launch, playAs, rowOf, Windows } from "../src/browser.js";
import { CONSOLE_PAGES, goTo, logIn, passwordOf } from "../src/console.js";
import { Server } from "../src/server.js";

const LOOKS = (["light", "dark"] as const).flatMap((colorScheme) =>
  (["en-US", "zh-CN"] as const).flatMap((locale) =>
    [1280, 390].map((width) => ({ colorScheme, locale, width, height: width === 390 ? 844 : 800 })),
  ),
);

/** The time limit for all states of a page, in milliseconds. It is long, because a page has many states. */
const LONG = 240_000;

describe.each(LOOKS)(
  "$colorScheme, $locale, $width px",
  { timeout: LONG },
  ({ colorScheme, locale, width, height }) => {
    let server: Server;
    let browser: Browser;
    let windows: Windows;

    beforeAll(async () => {
      [server, browser] = await Promise.all([sharedServer(), sharedBrowser()]);
      // Without animations, nothing is half transparent during a check.
      windows = await Windows.open(browser, {
        colorScheme,
        locale,
        viewport: { width, height },
        reducedMotion: "reduce",
      });
    });
    afterAll(async () => {
      await windows.close();
    });

    /** Returns the problems of the page in its current state. */
    async function faults(page: Page, state: string): Promise<string[]> {
      const found = await seriousFaults(page);
      const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      return [...found, ...(tooWide > 0 ? [`wider than the screen by ${tooWide} px`] : [])].map(
        (fault) => `${state}: ${fault}`,
      );
    }

    test("the demo", async () => {
      const page = await windows.page(server.pages);
      const found: string[] = [];
      const look = async (state: string): Promise<void> => {
        found.push(...(await faults(page, state)));
      };
      await page.locator("lamplight-entrance .player").first().waitFor();
      await page.locator("lamplight-entrance summary").click();
      await look("entrance");

      await playAs(page, "you");
      await page.locator("tuikit-conversation .dot").first().waitFor();
      await look("chats");
      await page.locator("lamplight-self-card .status").click();
      await page.locator("lamplight-self-card form").waitFor();
      await page.locator("lamplight-desk .new-chat").click();
      await page.locator("lamplight-desk form.new").waitFor();
      await look("own status and a new chat");
      // The open editor leaves little room for the lists.
      await page.locator("lamplight-self-card form .cancel").click();
      await page.locator("lamplight-self-card form").waitFor({ state: "detached" });
      await page.keyboard.press("Escape");
      await page.locator("lamplight-desk form.new").waitFor({ state: "detached" });
      await page.locator("#tab-contacts").click();
      await page.locator("tuikit-contact [role=option]").first().waitFor();
      await look("contacts");

      await rowOf(page, "林晓").click();
      await page.locator("tuikit-chat .message").first().waitFor();
      await page.locator("lamplight-evidence dl").waitFor({ state: "attached" });
      await look("a chat");
      if (width < 1120) {
        await page.locator("tuikit-chat .info").click();
        await page.locator("lamplight-desk aside.shown").waitFor();
        await look("the evidence");
        await page.keyboard.press("Escape");
        await page.locator("lamplight-desk aside.shown").waitFor({ state: "detached" });
      }
      await windows.setOffline(true);
      await page.locator("tuikit-chat .notice.cut").waitFor({ state: "attached" });
      await look("a chat without a connection");
      if (width < 736) {
        await page.keyboard.press("Escape");
      }
      await page.locator("tuikit-contact .notice.cut").waitFor();
      await look("contacts without a connection");
      await windows.setOffline(false);
      expect(found).toEqual([]);
      await page.close();
    });

    test("the console", async () => {
      const page = await windows.page(`${server.pages}/console/`);
      await page.locator("lc-login input[name=password]").waitFor();
      const found = await faults(page, "login");
      await logIn(page, passwordOf(server));
      for (const hash of CONSOLE_PAGES) {
        await goTo(page, hash);
        found.push(...(await faults(page, hash)));
      }
      await goTo(page, "#/apps");
      await page.locator("lc-apps button.primary").first().click();
      await page.locator("dialog[open]").first().waitFor();
      found.push(...(await faults(page, "a new app")));
      await page.keyboard.press("Escape");
      await goTo(page, "#/users/1400000001/alice");
      await page.locator("lc-user button.danger").first().click();
      await page.locator("lc-confirm dialog[open]").waitFor();
      found.push(...(await faults(page, "a question")));
      expect(found).toEqual([]);
      await page.close();
    });

    test("the pages of the kit", async () => {
      const page = await windows.page(`${server.pages}/docs/uikit/`);
      await page.locator("tuikit-conversation .dot").first().waitFor();
      await page.locator("tuikit-chat .message").first().waitFor();
      expect(await faults(page, "kit")).toEqual([]);
      await page.close();
    });

    test("the documentation", async () => {
      const page = await windows.page(`${server.pages}/docs/`);
      const found = await faults(page, "first page");
      await page.locator("input[type=search]").fill("heartbeat");
      await page.locator(".found li").first().waitFor();
      found.push(...(await faults(page, "search")));
      for (const path of ["operations.html", "migrate/cloud.html", "decisions/README.html"]) {
        await page.goto(`${server.pages}/docs/${path}`);
        await page.locator("form[role=search]").waitFor();
        found.push(...(await faults(page, path)));
      }
      expect(found).toEqual([]);
      await page.close();
    });

    test("the reference of the server API", async () => {
      const page = await windows.page(`${server.pages}/v4/docs/`);
      await page.locator(".opblock").first().waitFor();
      const found = await faults(page, "operations");
      const first = page.locator(".opblock-summary-control").first();
      await first.focus();
      await page.keyboard.press("Enter");
      await page.locator(".opblock.is-open .body-param__text").waitFor();
      found.push(...(await faults(page, "an operation")));
      for (const field of await page.locator(".opblock.is-open .parameters input").all()) {
        await field.fill("1");
      }
      await page.locator(".opblock.is-open .execute").click();
      await page.locator(".opblock.is-open .live-responses-table").waitFor();
      found.push(...(await faults(page, "an answer")));
      expect(found).toEqual([]);
      await page.close();
    });
  },
);

test("axe is awake: it sees a fault that is planted", async () => {
  const windows = await Windows.open(await sharedBrowser());
  const page = await windows.page((await sharedServer()).pages);
  await page.evaluate(() => {
    document.body.append(Object.assign(document.createElement("img"), { src: "/lamp.svg" }));
  });
  expect((await seriousFaults(page)).join()).toContain("image-alt");
  await windows.close();
});

// All tests share one server and one browser.

let server: Promise<Server> | undefined;
let browser: Promise<Browser> | undefined;

function sharedServer(): Promise<Server> {
  return (server ??= Server.start({ kind: "demo" }));
}

function sharedBrowser(): Promise<Browser> {
  return (browser ??= launch());
}

afterAll(async () => {
  await (await browser)?.close();
  await (await server)?.stop();
});
