/** Creates the pictures of the README: the demo on a desktop and on a telephone, and the console. */

import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { launch, playAs, rowOf, seesDot, Windows } from "../src/browser.js";
import { logIn, passwordOf } from "../src/console.js";
import { Server } from "../src/server.js";

const IMAGES = fileURLToPath(new URL("../../../docs/images", import.meta.url));

let server: Server;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start({ kind: "demo" }), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

const LIGHT: BrowserContextOptions = { colorScheme: "light", locale: "en-US", reducedMotion: "reduce" };
const DARK: BrowserContextOptions = { colorScheme: "dark", locale: "zh-CN", reducedMotion: "reduce" };

/** The minimum number of points in a line of the console's chart, so that the picture looks good. */
const POINTS = 30;

/**
 * Takes a picture. Characters for which this machine has no font, such as emoji, are removed, because they would be
 * shown as boxes.
 */
async function take(page: Page, name: string): Promise<void> {
  await page.evaluate(() => {
    const drawing = (text: string): string => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
      const pen = canvas.getContext("2d");
      if (pen !== null) {
        pen.font = getComputedStyle(document.documentElement).font;
        pen.fillText(text, 4, 24);
      }
      return canvas.toDataURL();
    };
    // This code point is not assigned, so it is drawn like any missing character.
    const missing = drawing("\u{10fffe}");
    const mend = (node: Node): void => {
      if (node instanceof Text) {
        const mended = node.data.replace(/ ?\p{Extended_Pictographic}\ufe0f?/gu, (sign) =>
          drawing(sign.trim().replace("\ufe0f", "")) === missing ? "" : sign,
        );
        if (mended !== node.data) {
          node.data = mended;
        }
      }
      const within = node instanceof Element ? node.shadowRoot : null;
      [...node.childNodes, ...(within?.childNodes ?? [])].forEach(mend);
    };
    mend(document.body);
  });
  await page.screenshot({ path: `${IMAGES}/${name}.png` });
}

async function writes(page: Page, to: string, ...texts: string[]): Promise<void> {
  await rowOf(page, to).click();
  for (const text of texts) {
    const field = page.locator("tuikit-chat textarea");
    await field.fill(text);
    await field.press("Enter");
    await page.locator("tuikit-chat .message.own .text").getByText(text).waitFor();
  }
}

test("the demo on a desk", async () => {
  const [windows, others] = [await Windows.open(browser, LIGHT), await Windows.open(browser, LIGHT)];
  const lin = await others.page(server.pages);
  await playAs(lin, "guest");
  const robin = await windows.page(server.pages);
  await playAs(robin, "you");
  await seesDot(robin, "林晓", "Online");
  await writes(robin, "林晓", "Is the tea still warm?");
  await writes(lin, "Robin", "It is. 茶还热着。", "Come over, the others are here too.");
  await writes(robin, "林晓", "Ten minutes!");
  await lin.locator("lamplight-self-card .status").click();
  await lin.locator("lamplight-self-card form input[type=text]").fill("泡茶中");
  await lin.locator("lamplight-self-card form .primary").click();
  await robin.locator("lamplight-evidence").getByText("changed the status text").waitFor();
  await robin.locator("tuikit-chat textarea").evaluate((field: HTMLElement) => {
    field.blur();
  });
  await robin.mouse.move(640, 300);
  await robin.locator("lamplight-happenings li").nth(7).waitFor();
  await take(robin, "demo-desk");
  await windows.close();
  await others.close();
});

test("the demo on a telephone", async () => {
  const windows = await Windows.open(browser, { ...DARK, viewport: { width: 390, height: 800 } });
  const page = await windows.page(server.pages);
  await playAs(page, "you");
  await page.locator("tuikit-conversation .dot.online").first().waitFor();
  await page.mouse.move(0, 0);
  await take(page, "demo-phone");
  await windows.close();
});

test("the console", async () => {
  const windows = await Windows.open(browser, LIGHT);
  const page = await windows.page(`${server.pages}/console/`);
  await logIn(page, passwordOf(server));
  await page.locator("lc-chart canvas").first().waitFor();
  // A line needs more than one point.
  await page.waitForFunction(
    async (least) => {
      const answer = await fetch("/console/api/v1/figures", { headers: { "X-Background": "1" } });
      return ((await answer.json()) as { samples: unknown[] }).samples.length >= least;
    },
    POINTS,
    { polling: 1_000, timeout: 120_000 },
  );
  await take(page, "console");
  await windows.close();
});
