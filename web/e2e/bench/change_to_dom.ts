/**
 * Measures the time that a change takes from one page to another: `npm run bench -w @lamplight/e2e`. The time begins
 * with the application's call in one page. It ends when the text is in a row of a list in the other page. Both pages
 * are pages of the demo in one browser, and share a monotonic clock. The server is on this machine.
 */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, playAs, seesDot, Windows } from "../src/browser.js";
import { Server } from "../src/server.js";

/** The number of changes. With the default, a run takes about 20 s. */
const CHANGES = Number(process.env["CHANGES"] ?? 200);

/** The time between two changes, in milliseconds. Changes that follow within 50 ms would be conflated. */
const PAUSE = 90;

/**
 * The limit of the median, in milliseconds. It is far above the values that were measured, so only a defect exceeds
 * it.
 */
const BROKEN = 500;

let server: Server;
let browser: Browser;
let windows: Windows;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start({ kind: "demo" }), launch()]);
  windows = await Windows.open(browser, {}, [noteArrivals, 0]);
});
afterAll(async () => {
  await windows.close();
  await browser.close();
  await server.stop();
});

test("a change of one page in another's document", async () => {
  const robin = await windows.page(server.pages);
  await playAs(robin, "you");
  const lin = await windows.page(server.pages);
  await playAs(lin, "guest");
  await seesDot(robin, "林晓", "Online");
  await watch(robin);
  const told = await change(lin);
  // No change follows the last one, so the last one is certainly delivered.
  const last = `change ${CHANGES - 1}`;
  await robin.waitForFunction((last) => last in (window as unknown as { seen: object }).seen, last);
  const seen = await robin.evaluate(() => (window as unknown as { seen: Record<string, number> }).seen);
  const arrived = await robin.evaluate(() => (window as unknown as { arrived: Record<string, number> }).arrived);
  // A slow machine conflates changes, so a change before another one may not be delivered.
  const shown = [...told].filter(([text]) => seen[text] !== undefined);
  const took = shown.map(([text, at]) => (seen[text] ?? NaN) - at);
  const transit = shown.map(([text, at]) => (arrived[text] ?? NaN) - at);
  console.log(`${CHANGES} changes, ${shown.length} of them told; call to document: ${percentiles(took)}`);
  console.log(`  of it, call to the message in the other page: ${percentiles(transit)}`);
  expect(shown.at(-1)?.[0], "the newest state is seen").toBe(last);
  expect(percentile(took, 0.5)).toBeLessThan(BROKEN);
});

/** Records when each text first arrives in a message. It runs before the other scripts of the page. */
function noteArrivals(): void {
  const arrived: Record<string, number> = {};
  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }) => {
        const [text] = /change \d+/.exec(String(data)) ?? [];
        if (text !== undefined) {
          arrived[text] ??= performance.timeOrigin + performance.now();
        }
      });
    }
  };
  Object.assign(window, { arrived });
}

/** Records when each text of another user appears in the list. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const desk = document.querySelector("lamplight-demo")?.shadowRoot?.querySelector("lamplight-desk");
    const list = desk?.shadowRoot?.querySelector("tuikit-conversation")?.shadowRoot;
    if (list === null || list === undefined) {
      throw new Error("the page has no list of conversations");
    }
    const present = () => performance.timeOrigin + performance.now();
    const seen: Record<string, number> = {};
    const look = () => {
      for (const { textContent } of list.querySelectorAll(".status")) {
        seen[textContent] ??= present();
      }
    };
    new MutationObserver(look).observe(list, { subtree: true, childList: true, characterData: true });
    Object.assign(window, { seen });
  });
}

/** Changes the page's custom status many times. Returns the start time of each change. */
async function change(page: Page): Promise<Map<string, number>> {
  const told = await page.evaluate(
    async ([changes, pause]) => {
      const desk = document.querySelector("lamplight-demo")?.shadowRoot?.querySelector("lamplight-desk");
      const card = desk?.shadowRoot?.querySelector("lamplight-self-card");
      const own = card?.shadowRoot?.querySelector("tuikit-own-status") as unknown as {
        set(text: string): Promise<void>;
      };
      const told: [string, number][] = [];
      for (let number = 0; number < changes; number += 1) {
        const text = `change ${number}`;
        told.push([text, performance.timeOrigin + performance.now()]);
        await own.set(text);
        await new Promise((fulfil) => setTimeout(fulfil, pause + Math.random() * 20));
      }
      return told;
    },
    [CHANGES, PAUSE] as const,
  );
  return new Map(told);
}

function percentiles(took: readonly number[]): string {
  const at = (share: number) => `${percentile(took, share).toFixed(1)} ms`;
  return `median ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, most ${at(1)}`;
}

function percentile(took: readonly number[], share: number): number {
  const sorted = took.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
