/**
 * Tests that a browser with a wrong clock shows the same times as other browsers, because the page uses the server's
 * clock.
 */

import { describe, expect, test } from "vitest";
import { playAs, rowOf, seesDot } from "../src/browser.js";
import { setUpDemo } from "../src/demo.js";

const MINUTE = 60_000;

/** The longest time until relative times such as "5 minutes ago" are updated, in milliseconds. */
const TOLD_ANEW = 60_000;

describe("a clock that is wrong by ten minutes", () => {
  const demo = setUpDemo();

  test.each([
    ["ahead", 10 * MINUTE],
    ["behind", -10 * MINUTE],
  ])("%s", async (_which, wrong) => {
    const windows = await demo.open({}, [turnClock, wrong]);
    const robin = await windows.page(demo.server.pages);
    await playAs(robin, "you");
    // The time of the test before does not count: Lin has been online since this test.
    await seesDot(robin, "林晓", "Not logged in");
    const lin = await windows.page(demo.server.pages);
    await playAs(lin, "guest");
    await rowOf(lin, "Robin").click();
    await lin.locator("tuikit-chat textarea").fill("a word");
    await lin.locator("tuikit-chat textarea").press("Enter");
    await rowOf(robin, "林晓").getByText("a word").waitFor();
    await rowOf(robin, "林晓").locator("time", { hasText: /^now$/ }).waitFor();
    await rowOf(robin, "林晓").click();
    const since = robin.locator("lamplight-evidence").filter({ hasText: "林晓" }).locator("small").first();
    await expect.poll(() => since.textContent()).toMatch(/^(now|\d+ seconds? ago|1 minute ago)$/);

    // The clock of the browser advances by two minutes. On a busy machine, up to a minute has passed before.
    await robin.evaluate((passed) => {
      (window as unknown as { clockIsWrongBy: number }).clockIsWrongBy += passed;
    }, 2 * MINUTE);
    await rowOf(robin, "林晓")
      .locator("time", { hasText: /^[23] minutes ago$/ })
      .waitFor({ timeout: TOLD_ANEW });
    await expect.poll(() => since.textContent()).toMatch(/^[23] minutes ago$/);
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
