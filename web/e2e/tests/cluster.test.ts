/** Tests the demo of a cluster with two visitors in two windows, while every node is killed once. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { launch, playAs, rowOf, seesDot, Windows } from "../src/browser.js";
import { LIFETIME, Program } from "../src/program.js";
import { keepPictures, picturesOf } from "../src/recording.js";

/** The time within which Redis, PostgreSQL and three nodes start, in milliseconds. */
const START = 200_000;

describe("two windows of the demo of a cluster", () => {
  let browser: Browser;
  let windows: Windows;
  let cluster: Program;
  let pages: string;

  beforeAll(async () => {
    const listen = ["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];
    cluster = new Program(["demo", "--cluster", "--for", LIFETIME, ...listen]);
    browser = await launch();
    windows = await Windows.open(browser);
    const line = await cluster.printing("in two windows", { within: START });
    pages = /http:[^ ]*\//.exec(line)?.[0] ?? "";
  });
  afterEach(() => {
    expect(windows.errors).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await cluster.stop();
  });

  test("see each other online while the nodes are killed one after the other", async () => {
    const robin = await windows.page(pages);
    await playAs(robin, "you");
    const lin = await windows.page(pages);
    await playAs(lin, "guest");
    await seesDot(robin, "林晓", "Online");
    await seesDot(lin, "Robin", "Online");
    await says(lin, "all nodes run");
    await rowOf(robin, "林晓").getByText("all nodes run").waitFor();
    await keepPictures(robin, "林晓");
    await keepPictures(lin, "Robin");

    for (const node of [1, 2, 3]) {
      await cluster.answering(`k ${node}`, ": killed");
      await cluster.answering(`s ${node}`, `node ${node} is back`);
      // If the link broke while the status is set, the editor would show an error instead.
      await lin.locator("lamplight-desk .net.connected").waitFor();
      await says(lin, `node ${node} is back`);
      await rowOf(robin, "林晓").getByText(`node ${node} is back`).waitFor();
    }
    const texts = ["all nodes run", "node 1 is back", "node 2 is back", "node 3 is back"];
    expect(await known(robin)).toEqual(texts.map((text) => `Online: ${text}`));
    expect(await known(lin)).toEqual(["Online: "]);

    await lin.close();
    await seesDot(robin, "林晓", "Not logged in");
  }, 400_000);
});

/**
 * Returns what the page has shown for the user. While a page has no connection, it marks the status as the last known
 * one; here, the status with and without this mark is the same.
 */
async function known(page: Page): Promise<string[]> {
  const pictures = (await picturesOf(page)).map((picture) => picture.replace("Last known: ", ""));
  return pictures.filter((picture, index) => picture !== pictures[index - 1]);
}

/** Sets the custom status of the visitor. */
async function says(page: Page, text: string): Promise<void> {
  const card = page.locator("lamplight-self-card");
  await card.locator(".status").click();
  await card.locator("form input[type=text]").fill(text);
  await card.locator("form .primary").click();
}
