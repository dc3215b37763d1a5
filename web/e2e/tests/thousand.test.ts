/** Tests a list of a thousand contacts. The user can reach every contact, and the visible contacts have their dots. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterWith, launch, rowOf, seesDot, Windows } from "../src/browser.js";
import { ServerApi } from "../src/server-api.js";
import { Server } from "../src/server.js";

const CONTACTS = 1_000;

/** The maximum number of rows in the document. A window shows fewer rows, and the list has many more. */
const MOST_ROWS = 120;

describe("a thousand contacts", () => {
  let server: Server;
  let browser: Browser;
  let windows: Windows;

  beforeAll(async () => {
    [server, browser] = await Promise.all([Server.start({ kind: "serve" }), launch()]);
    windows = await Windows.open(browser);
    const api = await ServerApi.of(server);
    const contacts = Array.from({ length: CONTACTS }, (_, number) => `user${String(number).padStart(4, "0")}`);
    await api.makeAccounts(["ada", ...contacts]);
    await api.befriend("ada", contacts);
  });
  afterAll(async () => {
    await windows.close();
    await browser.close();
    await server.stop();
  });

  test("the last one is reached, and is seen to come", async () => {
    const ada = await windows.page(server.pages);
    await enterWith(ada, await server.command("sig", "ada"));
    await ada.locator("#tab-contacts").click();
    await seesDot(ada, "user0000", "Not logged in");
    const rows = ada.locator("tuikit-contact [role=option]");
    expect(await rows.count()).toBeLessThan(MOST_ROWS);

    await ada.locator("tuikit-contact [role=listbox]").focus();
    await ada.keyboard.press("End");
    await seesDot(ada, "user0999", "Not logged in");
    expect(await rows.count()).toBeLessThan(MOST_ROWS);

    const other = await windows.page(server.pages);
    await enterWith(other, await server.command("sig", "user0999"));
    await seesDot(ada, "user0999", "Online");
    await other.close();
    await seesDot(ada, "user0999", "Not logged in");

    await ada.keyboard.press("Home");
    await rowOf(ada, "user0000").waitFor();
    expect(windows.errors).toEqual([]);
  });
});
