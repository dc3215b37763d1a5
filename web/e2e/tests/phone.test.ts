/**
 * Tests the demo on a telephone and with the keyboard: the effects of Back and Escape, and the element with the
 * focus.
 */

import type { Page } from "playwright-core";
import { beforeEach, describe, expect, test } from "vitest";
import { playAs, rowOf, seesDot, type Windows } from "../src/browser.js";
import { setUpDemo } from "../src/demo.js";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true } as const;

const demo = setUpDemo();
let windows: Windows;

/** Returns the focused element: its name, role and class. */
async function focus(page: Page): Promise<string> {
  return await page.evaluate(() => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) {
      focused = focused.shadowRoot.activeElement;
    }
    return [focused?.localName, focused?.getAttribute("role"), focused?.className].filter(Boolean).join(" ");
  });
}

describe("on a telephone", () => {
  beforeEach(async () => {
    windows = await demo.open(PHONE);
  });

  test("Back closes what was opened last, and does not leave", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await rowOf(page, "Alice Baker").click();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
    await page.locator("tuikit-chat .info").click();
    await page.locator("lamplight-desk aside.shown").waitFor();

    await page.goBack();
    await page.locator("lamplight-desk aside.shown").waitFor({ state: "detached" });
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
    await page.goBack();
    await page.locator("tuikit-conversation").waitFor();
    await page.locator("tuikit-chat").waitFor({ state: "detached" });
    await page.goForward();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
    await page.waitForURL(/#\/chats\/alice$/);
  });

  test("a page that is loaded again shows the same chat, and its arrow leads to the list", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await rowOf(page, "Alice Baker").click();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
    await page.reload();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
    await page.locator("tuikit-chat .back").click();
    await page.locator("tuikit-conversation [role=option]").first().waitFor();
    // An address without a fragment also means the list.
    await page.waitForURL(({ hash }) => ["", "#/chats"].includes(hash));
  });

  test("a link opens a chat after the login; a link to nothing opens the list", async () => {
    const page = await windows.page(`${demo.server.pages}/#/contacts/mei`);
    await playAs(page, "you");
    await page.locator("tuikit-chat h2", { hasText: "李梅" }).waitFor();
    // The history has no earlier entry of the demo, but the arrow still leads to the list.
    await page.locator("tuikit-chat .back").click();
    await page.locator("tuikit-contact [role=option]").first().waitFor();
    await page.waitForURL(/#\/contacts$/);

    const other = await windows.page(`${demo.server.pages}/#/nowhere/%E0%A4%A`);
    await playAs(other, "guest");
    await other.locator("tuikit-conversation [role=option]").first().waitFor();
  });

  test("who logs out leaves nothing in the address", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await rowOf(page, "Alice Baker").click();
    await page.locator("tuikit-chat .back").click();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.locator("lamplight-entrance").waitFor();
    await page.waitForURL(({ hash }) => hash === "");
  });

  test("the focus follows: into the chat, to its evidence, and back to where it came from", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await page.locator("tuikit-conversation [role=option]").first().waitFor();
    await page.locator("tuikit-conversation .list").focus();
    await page.keyboard.press("Enter");
    await page.locator("tuikit-chat .back").waitFor();
    await expect.poll(() => focus(page)).toContain("back");
    await page.locator("tuikit-chat .info").click();
    await page.locator("lamplight-desk aside.shown").waitFor();
    await expect.poll(() => focus(page)).toContain("close");
    // The Tab key must not reach elements below the panel.
    for (let presses = 0; presses < 8; presses += 1) {
      await page.keyboard.press("Tab");
      expect(await focus(page)).not.toMatch(/textarea|back|info/);
    }
    await page.keyboard.press("Escape");
    await page.locator("lamplight-desk aside.shown").waitFor({ state: "detached" });
    await expect.poll(() => focus(page)).toContain("info");
    await page.keyboard.press("Escape");
    await page.locator("tuikit-conversation").waitFor();
    await page.waitForFunction(() => document.activeElement?.localName === "lamplight-demo");
    await expect.poll(() => focus(page)).toContain("listbox");
  });

  test("Escape that ends something within the chat closes that alone", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await page.locator("tuikit-conversation [role=option]").first().waitFor();
    await page.locator("tuikit-conversation .list").focus();
    await page.keyboard.press("Shift+F10");
    await page.locator("tuikit-conversation [role=menu]").waitFor();
    await page.locator("lamplight-desk .new-chat").evaluate((button: HTMLElement) => {
      button.click();
    });
    await page.locator("lamplight-desk form.new").waitFor();
    await page.locator("lamplight-self-card .status").click();
    await page.locator("lamplight-self-card form input:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("lamplight-self-card form").waitFor({ state: "detached" });
    expect(await page.locator("lamplight-desk form.new").count()).toBe(1);
  });

  test("the strip about a lost connection is in the list, and in a chat that covers the list", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await rowOf(page, "Alice Baker").click();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
    await windows.setOffline(true);
    await page.locator("tuikit-chat").getByText("No connection.").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("tuikit-conversation").getByText("No connection.").waitFor();
    await windows.setOffline(false);
    await page.locator("tuikit-conversation .notice.cut").waitFor({ state: "detached" });
  });
});

describe("on a desk", () => {
  beforeEach(() => {
    windows = demo.windows;
  });

  test("the focus is on the page after a login, and on what it says after a logout", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await expect.poll(() => focus(page)).toContain("h1");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.locator("lamplight-entrance").waitFor();
    await expect.poll(() => focus(page)).toContain("h1");
  });

  test("the form for a new chat takes the focus, gives it back, and leads into the chat", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await page.getByRole("button", { name: "New chat" }).click();
    await expect.poll(() => focus(page)).toBe("input");
    await page.keyboard.press("Escape");
    await page.locator("lamplight-desk form.new").waitFor({ state: "detached" });
    await expect.poll(() => focus(page)).toContain("new-chat");
    await page.keyboard.press("Enter");
    await expect.poll(() => focus(page)).toBe("input");
    await page.keyboard.type("mei");
    await page.keyboard.press("Enter");
    await page.locator("tuikit-chat h2", { hasText: "李梅" }).waitFor();
    await expect.poll(() => focus(page)).toBe("textarea");
  });

  test("without a connection no dot is green, the strip says why once, and its button connects", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    // The dots that are not there yet would not come without a connection, and neither would Alice's status.
    await page.locator("tuikit-conversation .dot.online").first().waitFor();
    await expect.poll(() => page.locator("tuikit-conversation .dot").count()).toBeGreaterThan(3);
    await rowOf(page, "Alice Baker").click();
    await page.locator("lamplight-evidence").filter({ hasText: "Alice Baker" }).locator("dl").waitFor();
    await windows.setOffline(true);
    const strip = page.locator("tuikit-conversation .notice.cut");
    await strip.getByText("No connection.").waitFor();
    await expect.poll(() => page.locator(".dot.online").count()).toBe(0);
    await expect.poll(() => page.locator("tuikit-conversation .dot.stale").count()).toBeGreaterThan(3);
    await page.locator("tuikit-chat .notice.cut").waitFor({ state: "attached" });
    expect(await page.locator("tuikit-chat .notice").isVisible()).toBe(false);
    await page.locator("lamplight-evidence .type.stale", { hasText: "Last known" }).waitFor();

    await windows.setOffline(false);
    // Either the browser's event or the button makes the SDK reconnect. The button exists only while there is no
    // connection, so it is clicked only if it is still there.
    await strip
      .getByRole("button", { name: "Try again" })
      .click({ timeout: 500 })
      .catch(() => undefined);
    await strip.waitFor({ state: "detached" });
    await page.locator("tuikit-conversation .dot.online").first().waitFor();
    await expect.poll(() => page.locator(".dot.stale").count()).toBe(0);
  });

  test("everybody's first change is told", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    // In a test before, Lin was online. Others see it until the linger is over.
    await seesDot(page, "林晓", "Not logged in");
    const lin = await windows.page(demo.server.pages);
    await playAs(lin, "guest");
    await page.locator("lamplight-happenings li", { hasText: "林晓" }).getByText("→ Online").waitFor();
  });

  test("why a status is as it is does not stand beside the time of its type", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await page.locator("lamplight-self-card .status").click();
    await page.locator("lamplight-self-card .chips button").first().click();
    await page.locator("lamplight-self-card form .primary").click();
    const facts = page.locator("lamplight-evidence dl");
    await facts.getByText("changed the status text").waitFor();
    await facts.locator("dt", { hasText: "Online since" }).waitFor();
    const meaning = () =>
      facts.locator("dt", { hasText: "Last change" }).evaluate((term) => term.nextElementSibling?.textContent);
    await expect.poll(meaning).toBe("changed the status text");
  });

  test("a second window of the same person is no somebody else, and can be left for this one", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await rowOf(page, "Alice Baker").click();
    const second = await windows.page(demo.server.pages);
    await playAs(second, "you");
    const ending = page.locator("lamplight-entrance .ending");
    await ending.getByText("You logged in in another window").waitFor();
    expect(await page.locator("lamplight-entrance").getByText("Somebody else logged in").count()).toBe(0);
    await ending.getByRole("button", { name: "Use it here instead" }).click();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
    await second.locator("lamplight-entrance .ending").waitFor();
  });

  test("times are written in one way", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await rowOf(page, "Alice Baker").click();
    await page.locator("tuikit-chat .note").first().waitFor();
    await page.locator("lamplight-happenings time").first().waitFor();
    await page.locator("lamplight-evidence").filter({ hasText: "Alice Baker" }).locator("dd").first().waitFor();
    const places = [
      "tuikit-conversation .time",
      "tuikit-chat .note",
      "lamplight-happenings time",
      "lamplight-evidence dd",
    ];
    const texts = async () =>
      (await Promise.all(places.map((place) => page.locator(place).allTextContents()))).flat();
    const clockTimes = async () => (await texts()).filter((text) => /\b\d\d:\d\d\b/.test(text));
    await expect.poll(async () => (await clockTimes()).length).toBeGreaterThan(1);
    expect((await texts()).filter((text) => /\d\s?[AP]M|min\.|sec\./i.test(text))).toEqual([]);
  });
});

describe("with colours that the system forces", () => {
  test.each(["light", "dark"] as const)("switches and dots keep their shape: %s", async (colorScheme) => {
    windows = await demo.open({ colorScheme, forcedColors: "active" });
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await page.locator("tuikit-conversation .dot.online").first().waitFor();
    const seen = await page.evaluate(() => {
      const root = document.querySelector("lamplight-demo")?.shadowRoot?.querySelector("lamplight-desk")?.shadowRoot;
      const within = (host: string, part: string) => root?.querySelector(host)?.shadowRoot?.querySelector(part);
      const paint = (element: Element | null | undefined, pseudo?: string) => {
        const style = element ? getComputedStyle(element, pseudo) : undefined;
        return style?.backgroundColor ?? "missing";
      };
      const toggle = root?.querySelector<HTMLInputElement>(".switch") ?? null;
      const read = () => ({ track: paint(toggle), knob: paint(toggle, "::after") });
      const on = read();
      toggle?.click();
      const off = read();
      toggle?.click();
      return {
        canvas: getComputedStyle(document.documentElement).backgroundColor,
        on,
        off,
        net: paint(root?.querySelector(".net"), "::before"),
        type: paint(within("lamplight-evidence", ".type"), "::before"),
        online: paint(within("tuikit-conversation", ".dot.online")),
      };
    });
    expect(seen.on.track).not.toBe(seen.on.knob);
    expect(seen.off.track).not.toBe(seen.off.knob);
    expect(seen.on.track).not.toBe(seen.off.track);
    expect([seen.net, seen.type, seen.online].filter((colour) => colour === seen.canvas)).toEqual([]);
  });
});
