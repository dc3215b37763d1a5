/**
 * Tests that a browser with a wrong clock shows the same times as other browsers, because the page uses the server's
 * clock.
 */

import { describe, expect, test } from "vitest";
import { playAs, rowOf } from "../src/browser.js";
import { setUpDemo } from "../src/demo.js";

const MINUTE = 60_000;

/** The longest time until relative times such as "5 minutes ago" are updated, in milliseconds. */
const TOLD_ANEW = 40_000;

describe("a clock that is wrong by ten minutes", () => {
  const demo = setUpDemo();

  test.each([
    ["ahead", 10 * MINUTE],
    ["behind", -10 * MINUTE],
  ])("%s", async (_which, wrong) => {
    const windows = await demo.open({}, [turnClock, wrong]);
    const robin = await windows.page(demo.server.pages);
    await playAs(robin, "you");
    const lin = await windows.page(demo.server.pages);
    await playAs(lin, "guest");
    await rowOf(lin, "Robin").click();
    await lin.locator("tuikit-chat textarea").fill("a word");
    await lin.locator("tuikit-chat textarea").press("Enter");
    await rowOf(robin, "林晓").getByText("a word").waitFor();
    await rowOf(robin, "林晓").locator("time", { hasText: /^now$/ }).waitFor();
    await rowOf(robin, "林晓").click();
    const evidence = robin.locator("lamplight-evidence small").first();
    expect(await evidence.textContent()).toMatch(/^(now|\d+ seconds? ago)$/);

    // The clock of the browser advances by two minutes.
    await robin.evaluate((passed) => {
      (window as unknown as { clockIsWrongBy: number }).clockIsWrongBy += passed;
    }, 2 * MINUTE);
    await rowOf(robin, "林晓")
      .locator("time", { hasText: /^2 minutes ago$/ })
      .waitFor({ timeout: TOLD_ANEW });
    await robin
      .locator("lamplight-evidence small", { hasText: /^2 minutes ago$/ })
      .first()
      .waitFor();
  });
});

/** Replaces the clock of the page with a wrong one. It runs before all other scripts of the page. */
function turnClock(wrong: number): void {
  const state = window as unknown as { clockIsWrongBy: number };
  state.clockIsWrongBy = wrong;
  const TrueDate = Date;
  const present = (): number => TrueDate.now() + state.clockIsWrongBy;
  window.Date = new Proxy(TrueDate, {
    construct: (target, given: unknown[]) =>
      Reflect.construct(target, given.length === 0 ? [present()] : given) as object,
    get: (target, name) => (name === "now" ? present : (Reflect.get(target, name) as unknown)),
  });
}
