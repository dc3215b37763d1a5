/** The pictures of the README: the demo on a desk and on a telephone, and the console. */

import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { launch, playAs, rowOf, seesDot, Windows } from "../src/browser.js";
import { logIn, passwordOf } from "../src/console.js";
import { Server } from "../src/server.js";

const IMAGES = fileURLToPath(new URL("../../../docs/images", import.meta.url));

/** The people of the demo use signs that many machines have no font for. A picture without them looks alike everywhere. */
const SIGN = /\p{Extended_Pictographic}/u;

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

/** Waits until none of these signs is seen, and something has happened. */
async function untilCalm(page: Page): Promise<void> {
  for (;;) {
    const seen = await page.locator("lamplight-desk").evaluate((desk) => {
      const texts: string[] = [];
      const read = (node: Node): void => {
        if (node instanceof Text) {
          texts.push(node.data);
        }
        const within = node instanceof Element ? node.shadowRoot : null;
        [...node.childNodes, ...(within?.childNodes ?? [])].forEach(read);
      };
      read(desk);
      return texts.join(" ");
    });
    if (!SIGN.test(seen)) {
      return;
    }
    await page.waitForTimeout(200);
  }
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
  await lin.locator("lamplight-self-card form input").fill("泡茶中");
  await lin.locator("lamplight-self-card form .primary").click();
  await robin.locator("lamplight-evidence").getByText("changed the status text").waitFor();
  await robin.locator("tuikit-chat textarea").evaluate((field: HTMLElement) => {
    field.blur();
  });
  await robin.mouse.move(640, 300);
  await untilCalm(robin);
  await robin.screenshot({ path: `${IMAGES}/demo-desk.png` });
  await windows.close();
  await others.close();
});

test("the demo on a telephone", async () => {
  const windows = await Windows.open(browser, { ...DARK, viewport: { width: 390, height: 800 } });
  const page = await windows.page(server.pages);
  await playAs(page, "you");
  await page.locator("tuikit-conversation .dot.online").first().waitFor();
  await page.mouse.move(0, 0);
  await untilCalm(page);
  await page.screenshot({ path: `${IMAGES}/demo-phone.png` });
  await windows.close();
});

test("the console", async () => {
  const windows = await Windows.open(browser, LIGHT);
  const page = await windows.page(`${server.pages}/console/`);
  await logIn(page, passwordOf(server));
  await page.locator("lc-chart canvas").first().waitFor();
  // A line needs more than a point.
  await page.waitForTimeout(30_000);
  await page.screenshot({ path: `${IMAGES}/console.png` });
  await windows.close();
});
