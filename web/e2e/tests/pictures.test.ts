/** Tests that the host of a user's picture does not learn who sees the picture. */

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch, playAs, rowOf, Windows } from "../src/browser.js";
import { ServerApi } from "../src/server-api.js";
import { Server } from "../src/server.js";

describe("pictures on other hosts", () => {
  let server: Server;
  let browser: Browser;
  let stranger: HttpServer;
  let asked: string[];

  beforeAll(async () => {
    stranger = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.setHeader("content-type", "image/svg+xml");
      response.end('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9" /></svg>');
    });
    await new Promise<void>((listening) => stranger.listen(0, "127.0.0.1", listening));
    [server, browser] = await Promise.all([Server.start({ kind: "demo" }), launch()]);
    const picture = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/who-looks.svg`;
    const api = await ServerApi.of(server);
    await api.setPicture("alice", picture);
    await api.setPicture("you", picture);
  });
  beforeEach(() => {
    asked = [];
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
    stranger.close();
  });

  test("the demo asks none of them, and shows initials", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(server.pages);
    await playAs(page, "you");
    await page.locator("#tab-contacts").click();
    const alice = rowOf(page, "Alice Baker");
    await alice.locator(".initials", { hasText: "AB" }).waitFor();
    await alice.click();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
    // A picture on the page's own host is loaded by then. If the other picture were allowed, it would be loaded too.
    await page.waitForFunction(() => {
      const list = document.querySelector("lamplight-demo")?.shadowRoot?.querySelector("lamplight-desk")?.shadowRoot;
      const pictures = list?.querySelector("tuikit-contact")?.shadowRoot?.querySelectorAll("img") ?? [];
      return [...pictures].some(({ naturalWidth }) => naturalWidth > 0);
    });
    expect(await alice.locator("img").count()).toBe(0);
    expect(asked).toEqual([]);
    expect(windows.errors).toEqual([]);
    await windows.close();
  });

  test("nor could a page of the server that forgot the rule", async () => {
    const windows = await Windows.open(browser);
    const page = await windows.page(server.pages);
    const picture = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/planted.svg`;
    const outcome = await page.evaluate(async (src) => {
      const image = document.createElement("img");
      const ended = new Promise((done) => {
        image.onload = () => {
          done("loaded");
        };
        image.onerror = () => {
          done("refused");
        };
      });
      image.src = src;
      document.body.append(image);
      return await ended;
    }, picture);
    expect(outcome).toBe("refused");
    expect(asked).toEqual([]);
    await windows.close();
  });
});
