/** Tests the notices for a lost connection and for an app that allows no statuses. */

import { describe, expect, test, vi } from "vitest";
import { TUIKit } from "../../src/index.js";
import { SHORT_CUT } from "../../src/status/watcher.js";
import { all, dots, drawn, holdTimers, mount, one, open, row, until } from "./support.js";

/**
 * Pairs of a list and a user who is visible when the list has its final order. The contact list has its final order
 * when the pinyin table is loaded.
 */
const LISTS = [
  ["tuikit-conversation", "Maya Lindqvist"],
  ["tuikit-contact", "陈晓"],
] as const;

const said = (element: Element) => one(element, ".notice").textContent.replace(/\s+/g, " ").trim();

describe.each(LISTS)("%s without a connection", (tag, last) => {
  test("no dot is green, a line says why, and a button connects", async () => {
    const stage = open();
    const list = await mount(tag, { theme: "light" });
    await until(() => {
      expect(all(list, ".dot.online").length).toBeGreaterThan(1);
      expect(Object.keys(dots(list))).toContain(last);
    });
    const before = dots(list);
    expect(said(list)).toBe("");

    stage.net("disconnected");
    await until(() => {
      expect(all(list, ".dot.stale").length).toBe(all(list, ".dot").length);
    });
    expect(dots(list)["Maya Lindqvist"]).toBe("Last known: Online");
    const green = "rgb(22, 163, 74)";
    expect(all(list, ".dot").filter((dot) => getComputedStyle(dot).backgroundColor === green)).toEqual([]);
    expect(said(list)).toBe("No connection. What you see may be out of date. Try again");
    expect(one(list, ".notice").getAttribute("role")).toBe("status");

    one(list, ".notice button").click();
    expect(stage.calls.filter(({ call }) => call === "reconnect")).toHaveLength(1);
    stage.net("connecting");
    await drawn(list);
    expect(said(list)).toContain("Connecting…");
    expect(one(list, ".notice button").getAttribute("aria-disabled")).toBe("true");

    stage.net("connected");
    await until(() => {
      expect(dots(list)).toEqual(before);
      expect(said(list)).toBe("");
    });
  });

  test("a short cut is not told of: dots that blink help nobody", async () => {
    const stage = open();
    const list = await mount(tag);
    await until(() => {
      expect(all(list, ".dot.online").length).toBeGreaterThan(1);
    });
    const told: string[] = [];
    new MutationObserver(() => told.push(said(list))).observe(one(list, ".notice"), {
      childList: true,
      subtree: true,
    });
    holdTimers();
    stage.net("disconnected");
    vi.advanceTimersByTime(SHORT_CUT - 1);
    stage.net("connecting");
    stage.net("connected");
    vi.advanceTimersByTime(SHORT_CUT);
    await drawn(list);
    expect(told).toEqual([]);
    expect(all(list, ".dot.stale")).toHaveLength(0);

    // A longer interruption is shown.
    stage.net("disconnected");
    vi.advanceTimersByTime(SHORT_CUT);
    await drawn(list);
    expect(told.at(-1)).toContain("No connection.");
  });

  test("who has logged out is told nothing", async () => {
    const stage = open();
    const list = await mount(tag);
    await until(() => {
      expect(all(list, ".dot").length).toBeGreaterThan(1);
    });
    holdTimers();
    stage.net("disconnected");
    stage.logOut();
    vi.advanceTimersByTime(SHORT_CUT);
    await drawn(list);
    expect(said(list)).toBe("");
  });

  test.each([
    [72001, "Online status is switched off in this app.", "此应用已关闭在线状态。"],
    [7013, "This app does not include online status.", "此应用的套餐不支持在线状态。"],
  ])(
    "%i is said to the user, in their language, as long as the list would show statuses",
    async (code, english, chinese) => {
      vi.spyOn(console, "warn").mockImplementation(() => undefined);
      open({ refusal: { code, message: "no" } });
      const list = await mount(tag);
      await until(() => {
        expect(said(list)).toBe(english);
      });
      list.language = "zh";
      await drawn(list);
      expect(said(list)).toBe(chinese);
      TUIKit.setConfig({ isShowOnlineStatus: false });
      await drawn(list);
      expect(said(list)).toBe("");
    },
  );

  test("a switch that an operator turns is said in the open page, and that it is on again too", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const stage = open();
    const list = await mount(tag);
    await until(() => {
      expect(all(list, ".dot").length).toBeGreaterThan(1);
    });
    stage.allow(false);
    await until(() => {
      expect(said(list)).toBe("Online status is switched off in this app.");
      expect(all(list, ".dot")).toHaveLength(0);
    });
    stage.allow(true);
    await until(() => {
      expect(said(list)).toBe("");
      expect(all(list, ".dot").length).toBeGreaterThan(1);
    });
  });
});

test("a chat says that its other one was online, not that they are", async () => {
  const stage = open();
  const chat = await mount("tuikit-chat", { conversationID: "C2Camir" });
  await until(() => {
    expect(one(chat, ".who span").textContent).toBe("Online");
  });
  stage.net("disconnected");
  await until(() => {
    expect(one(chat, ".who span").textContent).toBe("Last known: Online");
  });
  expect(said(chat)).toContain("No connection.");
});

test("a picture by itself is told by its page", async () => {
  document.body.innerHTML = `<tuikit-avatar user-id="maya" name="Maya" status="1" stale></tuikit-avatar>`;
  const picture = document.querySelector("tuikit-avatar");
  await picture?.updateComplete;
  expect(picture?.getAttribute("aria-label")).toBe("Maya, Last known: Online");
  expect(picture?.shadowRoot?.querySelectorAll(".dot.stale")).toHaveLength(1);
});

test("an SDK that cannot be asked to connect is not offered to be", async () => {
  const stage = open();
  Object.assign(stage, { reconnect: undefined });
  const list = await mount("tuikit-conversation");
  await until(() => {
    expect(row(list, "Maya Lindqvist")).toBeDefined();
  });
  stage.net("disconnected");
  await until(() => {
    expect(said(list)).toContain("No connection.");
  });
  expect(all(list, ".notice button")).toHaveLength(0);
});
