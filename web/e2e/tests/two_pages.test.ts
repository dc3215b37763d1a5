/** Tests the demo with two visitors in two windows. */

import { describe, expect, test } from "vitest";
import { playAs, rowOf, seesDot } from "../src/browser.js";
import { setUpDemo } from "../src/demo.js";

/**
 * The Web linger of a new app, in milliseconds. Other users see a closed tab after this time, and do not see a
 * reload.
 */
const LINGER = 5_000;

/**
 * The longest delay of the end of the linger on a busy machine, in milliseconds. If the server did not notice that the
 * tab was closed, its heartbeat timeout would end the link: at least 40 s after the last heartbeat.
 */
const LATEST = 30_000;

/** The duration of a custom status, in seconds. It is long enough to be seen in every place on a busy machine. */
const DURATION = 20;

describe("two windows of the demo", () => {
  const demo = setUpDemo();

  test("each sees the other come, say something, and go", async () => {
    const robin = await demo.windows.page(demo.server.pages);
    await playAs(robin, "you");
    await seesDot(robin, "林晓", "Not logged in");

    const lin = await demo.windows.page(demo.server.pages);
    await playAs(lin, "guest");
    await seesDot(robin, "林晓", "Online");
    await seesDot(lin, "Robin", "Online");

    await lin.locator("lamplight-self-card .status").click();
    await lin.locator("lamplight-self-card form input[type=text]").fill("听歌中 🎧");
    await lin.locator("lamplight-self-card form .primary").click();
    await rowOf(robin, "林晓").getByText("听歌中 🎧").waitFor();

    await rowOf(robin, "林晓").click();
    const evidence = robin.locator("lamplight-evidence");
    await evidence.getByText("changed the status text").waitFor();
    await evidence.locator(".devices", { hasText: "Web" }).waitFor();

    const before = Date.now();
    await lin.close();
    await seesDot(robin, "林晓", "Not logged in");
    const after = Date.now() - before;
    // The server and this process read different clocks.
    expect(after).toBeGreaterThan(LINGER - 500);
    expect(after).toBeLessThan(LINGER + LATEST);
    await evidence.locator(".type", { hasText: "Not logged in" }).waitFor();
    await evidence.getByText("the connection was closed").waitFor();
  });

  test("a status with an end runs out before the eyes of both", async () => {
    const robin = await demo.windows.page(demo.server.pages);
    await playAs(robin, "you");
    const lin = await demo.windows.page(demo.server.pages);
    await playAs(lin, "guest");
    await seesDot(robin, "林晓", "Online");
    await rowOf(robin, "林晓").click();

    const card = lin.locator("lamplight-self-card");
    await card.locator(".status").click();
    await card.getByText("1 minute", { exact: true }).waitFor();
    await card.locator("tuikit-own-status").evaluate((element, duration) => {
      Object.assign(element, { durations: [duration] });
    }, DURATION);
    await card.locator("form input[type=text]").fill("🍵 Brewing tea");
    await card.getByLabel(`${DURATION} seconds`).check();
    await card.locator("form .primary").click();

    const row = rowOf(robin, "林晓");
    await Promise.all([
      card.locator(".status .until", { hasText: /^for \d+ s$/ }).waitFor(),
      row.getByText("🍵 Brewing tea").waitFor(),
      row.locator(".until", { hasText: /^for \d+ s$/ }).waitFor(),
      robin.locator("tuikit-chat header .until").waitFor(),
      robin.locator("lamplight-evidence").getByText("Text ends").waitFor(),
    ]);

    await row.locator(".status").waitFor({ state: "detached" });
    await card.getByText("What are you doing?").waitFor();
    await card
      .locator("[role=status]", { hasText: "The time of your status is over." })
      .waitFor({ state: "attached" });
    const why = "the time of the status text was over";
    await robin.locator("lamplight-evidence").getByText(why).waitFor();
    await robin.locator("lamplight-happenings li", { hasText: "林晓" }).getByText(why).waitFor();
    await seesDot(robin, "林晓", "Online");
  });

  test("who is blocked sees the other go and cannot write, while a friend who is not blocked sees no change", async () => {
    const robin = await demo.windows.page(demo.server.pages);
    await playAs(robin, "you");
    const lin = await demo.windows.page(demo.server.pages);
    await playAs(lin, "guest");
    const alice = await demo.windows.page(demo.server.pages);
    await playAs(alice, "alice");
    await seesDot(lin, "Robin", "Online");
    await seesDot(alice, "Robin", "Online");

    await rowOf(robin, "林晓").click({ button: "right" });
    await robin.getByRole("menuitem", { name: "Block" }).click();
    await robin.getByRole("alertdialog").getByRole("button", { name: "Block" }).click();
    await seesDot(lin, "Robin", "Not logged in");
    await rowOf(lin, "Robin").click();
    await lin.locator("lamplight-evidence").getByText("the connection was closed").waitFor();
    await lin.locator("tuikit-chat textarea").fill("Are you there?");
    await lin.locator("tuikit-chat textarea").press("Enter");
    await lin.locator("tuikit-chat .note.failed", { hasText: "the recipient has blocked you" }).waitFor();
    await seesDot(alice, "Robin", "Online");

    const card = robin.locator("lamplight-self-card");
    await card.getByText("Privacy", { exact: true }).click();
    await card.getByRole("button", { name: "Unblock 林晓" }).click();
    await card.getByRole("alertdialog").getByRole("button", { name: "Unblock" }).click();
    await seesDot(lin, "Robin", "Online");
    await card.getByText("Nobody. You can block somebody").waitFor();
  });

  test("the visibility hides a visitor from strangers or from everybody, at once", async () => {
    const robin = await demo.windows.page(demo.server.pages);
    await playAs(robin, "you");
    const lin = await demo.windows.page(demo.server.pages);
    await playAs(lin, "guest");
    await seesDot(lin, "Robin", "Online");
    const card = robin.locator("lamplight-self-card");
    await card.getByText("Privacy", { exact: true }).click();
    await card.getByLabel("Nobody", { exact: true }).check();
    await seesDot(lin, "Robin", "Not logged in");
    await card.getByLabel("Friends", { exact: true }).check();
    await seesDot(lin, "Robin", "Online");
    await card.getByLabel("Nobody", { exact: true }).check();
    await seesDot(lin, "Robin", "Not logged in");
    // The visitor sees their own status as it is.
    await robin.locator("lamplight-self-card tuikit-avatar[status='1']").waitFor();
    await card.getByLabel("Everyone", { exact: true }).check();
    await seesDot(lin, "Robin", "Online");
  });

  test("what one writes the other reads", async () => {
    const robin = await demo.windows.page(demo.server.pages);
    await playAs(robin, "you");
    const lin = await demo.windows.page(demo.server.pages);
    await playAs(lin, "guest");

    await rowOf(robin, "林晓").click();
    const text = `seven lamps, ${Date.now()}`;
    const field = robin.locator("tuikit-chat textarea");
    await field.fill(text);
    await field.press("Enter");
    await rowOf(lin, "Robin").getByText(text).waitFor();
    await rowOf(lin, "Robin").locator(".badge").waitFor();

    await rowOf(lin, "Robin").click();
    await lin.locator("tuikit-chat").getByText(text).waitFor();
    await rowOf(lin, "Robin").locator(".badge").waitFor({ state: "detached" });
  });

  test("who lives in the demo answers", async () => {
    const robin = await demo.windows.page(demo.server.pages);
    await playAs(robin, "you");
    await robin.locator("#tab-contacts").click();
    await rowOf(robin, "Alice Baker").click();
    const text = `Are you there, ${Date.now()}?`;
    const field = robin.locator("tuikit-chat textarea");
    await field.fill(text);
    await field.press("Enter");
    // Alice may be away; she answers when she returns.
    const answer = robin.locator(`tuikit-chat .message.own:has-text("${text}") ~ .message:not(.own)`);
    await answer.first().waitFor({ timeout: 120_000 });
  });

  test("a page that is loaded again is the same visit", async () => {
    const robin = await demo.windows.page(demo.server.pages);
    await playAs(robin, "you");
    await robin.reload();
    await robin.locator("lamplight-desk").waitFor();
    await robin.locator("lamplight-self-card", { hasText: "Robin" }).waitFor();

    await robin.getByRole("button", { name: "Log out" }).click();
    await robin.locator("lamplight-entrance").waitFor();
    await robin.reload();
    await robin.locator("lamplight-entrance").waitFor();
  });

  test("without dots nobody's status is shown, and with them it is again", async () => {
    const robin = await demo.windows.page(demo.server.pages);
    await playAs(robin, "you");
    await seesDot(robin, "林晓", "Not logged in");
    const shown = robin.getByRole("switch", { name: "Show who is online" });
    await shown.click();
    await robin.locator("tuikit-conversation [role=option] .dot").first().waitFor({ state: "detached" });
    await robin.locator("tuikit-conversation [role=option]").first().waitFor();
    await shown.click();
    await seesDot(robin, "林晓", "Not logged in");
  });
});
