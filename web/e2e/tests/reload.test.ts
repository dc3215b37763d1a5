/** Tests that other users do not notice the reload of a page. */

import { describe, expect, test } from "vitest";
import { enterWith, playAs, rowOf, seesDot } from "../src/browser.js";
import { setUpDemo } from "../src/demo.js";
import { keepPictures, picturesOf } from "../src/recording.js";

/** The Web linger of the app, in seconds. It is longer than a reload on a busy machine takes. */
const LINGER = 15;

describe("a page that is loaded again", () => {
  const demo = setUpDemo(async (server) => {
    await server.command("account", "create", "mira");
    await server.command("friend", "add", "you", "mira");
    await server.command("app", "set", String(server.app), "--linger-web", `${LINGER}s`);
  });

  test("keeps its custom status, and nobody sees it go", async () => {
    const robin = await demo.windows.page(demo.server.pages);
    await playAs(robin, "you");
    const lin = await demo.windows.page(demo.server.pages);
    await playAs(lin, "guest");
    await seesDot(robin, "林晓", "Online");
    await lin.locator("lamplight-self-card .status").click();
    await lin.locator("lamplight-self-card form input[type=text]").fill("reading");
    await lin.locator("lamplight-self-card form .primary").click();
    await rowOf(robin, "林晓").getByText("reading").waitFor();

    const mira = await demo.windows.page(demo.server.pages);
    await enterWith(mira, await demo.server.command("sig", "mira"));
    await robin.locator("#tab-contacts").click();
    await seesDot(robin, "mira", "Online");
    await robin.locator("#tab-chats").click();
    await seesDot(robin, "林晓", "Online");
    await rowOf(robin, "林晓").getByText("reading").waitFor();
    await keepPictures(robin, "林晓");
    await lin.reload();
    await lin.locator("lamplight-self-card", { hasText: "reading" }).waitFor();
    // Mira closes her page after Lin has left hers. When Mira's linger has ended, Lin's would have ended too.
    await mira.close();
    await expect
      .poll(() => demo.server.command("status", "get", "mira"), { timeout: 3 * LINGER * 1_000, interval: 500 })
      .not.toMatch(/ONLINE/);
    expect(await picturesOf(robin)).toEqual(["Online: reading"]);
    await lin.locator("lamplight-self-card", { hasText: "reading" }).waitFor();

    // When a page is closed for good, others see it after the linger.
    await lin.close();
    await seesDot(robin, "林晓", "Not logged in");
    expect(await picturesOf(robin)).toEqual(["Online: reading", "Not logged in: "]);
  }, 240_000);
});

describe("a page that is loaded again while the server is away", () => {
  const demo = setUpDemo();

  test("says so, keeps the login, and goes on with it when the visitor tries again", async () => {
    const page = await demo.windows.page(demo.server.pages);
    let isAway = false;
    await page.routeWebSocket(/./, (socket) => {
      if (isAway) {
        void socket.close();
      } else {
        socket.connectToServer();
      }
    });
    await playAs(page, "you");
    await rowOf(page, "Alice Baker").click();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();

    isAway = true;
    await page.reload();
    const ending = page.locator("lamplight-entrance .ending");
    await ending.getByText("The server cannot be reached").waitFor();
    await page.reload();
    await ending.getByText("The server cannot be reached").waitFor();
    isAway = false;
    await ending.getByRole("button", { name: "Try again" }).click();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
  });
});
