/**
 * Tests the demo on a telephone and with the keyboard: the effects of Back and Escape, and the element with the
 * focus.
 */

import type { Page } from "playwright-core";
import { beforeEach, describe, expect, test } from "vitest";
import { playAs, rowOf, type Windows } from "../src/browser.js";
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
    expect(await page.locator("tuikit-chat h2").isVisible()).toBe(true);
    await page.goBack();
    await page.locator("tuikit-conversation").waitFor();
    expect(await page.locator("tuikit-chat").count()).toBe(0);
    await page.goForward();
    await page.locator("tuikit-chat h2", { hasText: "Alice Baker" }).waitFor();
    expect(page.url()).toMatch(/#\/chats\/alice$/);
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
    expect(["", "#/chats"]).toContain(new URL(page.url()).hash);
  });

  test("a link opens a chat after the login; a link to nothing opens the list", async () => {
    const page = await windows.page(`${demo.server.pages}/#/contacts/mei`);
    await playAs(page, "you");
    await page.locator("tuikit-chat h2", { hasText: "李梅" }).waitFor();
    // The history has no earlier entry of the demo, but the arrow still leads to the list.
    await page.locator("tuikit-chat .back").click();
    await page.locator("tuikit-contact [role=option]").first().waitFor();
    expect(page.url()).toMatch(/#\/contacts$/);

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
    expect(new URL(page.url()).hash).toBe("");
  });

  test("the focus follows: into the chat, to its evidence, and back to where it came from", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await page.locator("tuikit-conversation [role=option]").first().waitFor();
    await page.locator("tuikit-conversation .list").focus();
    await page.keyboard.press("Enter");
    await page.locator("tuikit-chat .back").waitFor();
    expect(await focus(page)).toContain("back");
    await page.locator("tuikit-chat .info").click();
    await page.locator("lamplight-desk aside.shown").waitFor();
    expect(await focus(page)).toContain("close");
    // The Tab key must not reach elements below the panel.
    for (let presses = 0; presses < 8; presses += 1) {
      await page.keyboard.press("Tab");
      expect(await focus(page)).not.toMatch(/textarea|back|info/);
    }
    await page.keyboard.press("Escape");
    await page.locator("lamplight-desk aside.shown").waitFor({ state: "detached" });
    expect(await focus(page)).toContain("info");
    await page.keyboard.press("Escape");
    await page.locator("tuikit-conversation").waitFor();
    await page.waitForFunction(() => document.activeElement?.localName === "lamplight-demo");
    expect(await focus(page)).toContain("listbox");
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
    expect(await focus(page)).toContain("h1");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.locator("lamplight-entrance").waitFor();
    expect(await focus(page)).toContain("h1");
  });

  test("the form for a new chat takes the focus, gives it back, and leads into the chat", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await page.getByRole("button", { name: "New chat" }).click();
    expect(await focus(page)).toBe("input");
    await page.keyboard.press("Escape");
    await page.locator("lamplight-desk form.new").waitFor({ state: "detached" });
    expect(await focus(page)).toContain("new-chat");
    await page.keyboard.press("Enter");
    await page.keyboard.type("mei");
    await page.keyboard.press("Enter");
    await page.locator("tuikit-chat h2", { hasText: "李梅" }).waitFor();
    expect(await focus(page)).toBe("textarea");
  });

  test("without a connection no dot is green, the strip says why once, and its button connects", async () => {
    const page = await windows.page(demo.server.pages);
    await playAs(page, "you");
    await page.locator("tuikit-conversation .dot.online").first().waitFor();
    await rowOf(page, "Alice Baker").click();
    await windows.setOffline(true);
    const strip = page.locator("tuikit-conversation .notice.cut");
    await strip.getByText("No connection.").waitFor();
    await expect.poll(() => page.locator(".dot.online").count()).toBe(0);
    await expect.poll(() => page.locator("tuikit-conversation .dot.stale").count()).toBeGreaterThan(3);
    expect(await page.locator("tuikit-chat .notice").isVisible()).toBe(false);
    await page.locator("lamplight-evidence .type.stale", { hasText: "Last known" }).waitFor();

    await windows.setOffline(false);
    // Either the browser's event or the button makes the SDK reconnect. The button exists only while there is no
    // connection.
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
    await rowOf(page, "林晓").locator(".dot").waitFor();
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
    const terms = await facts.locator("dt").allTextContents();
    expect(terms).toContain("Online since");
    expect(terms).toContain("Last change");
    const meaning = await facts.locator("dt", { hasText: "Last change" }).evaluate((term) => {
      return term.nextElementSibling?.textContent;
    });
    expect(meaning).toBe("changed the status text");
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
    const texts = [
      ...(await page.locator("tuikit-conversation .time").allTextContents()),
      ...(await page.locator("tuikit-chat .note").allTextContents()),
      ...(await page.locator("lamplight-happenings time").allTextContents()),
      ...(await page.locator("lamplight-evidence dd").allTextContents()),
    ];
    expect(texts.filter((text) => /\d\s?[AP]M|min\.|sec\./i.test(text))).toEqual([]);
    expect(texts.filter((text) => /\b\d\d:\d\d\b/.test(text)).length).toBeGreaterThan(1);
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
