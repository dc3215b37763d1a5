/** Tests the conversation list: its rows, its use without a mouse, and ten thousand rows. */

import { describe, expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { TALKS } from "../../stage/people.js";
import { LONG, TREMBLE } from "../../src/components/long-touch.js";
import { TUIKit, type Conversation, type TuikitConversation } from "../../src/index.js";
import { all, crowd, drawn, mount, NOON, one, open, press, row, until, rows, names } from "./support.js";

/** Returns a list that has drawn its rows, at the time of the scene. */
async function list(set: Partial<TuikitConversation> = {}, inside = ""): Promise<TuikitConversation> {
  vi.useFakeTimers({ toFake: ["Date"], now: NOON });
  const element = await mount("tuikit-conversation", set, inside);
  await until(() => {
    expect(rows(element).length).toBeGreaterThan(0);
  });
  return element;
}

const heard = (element: HTMLElement, name: "tuikit-conversation-tap" | "tuikit-conversation-delete") => {
  const taps: string[] = [];
  element.addEventListener(name, ({ detail }) => taps.push(detail.conversation.conversationID));
  return taps;
};

describe("shows", () => {
  test("name, time, last message and how many are not read; pinned ones on top", async () => {
    open();
    const element = await list();
    const text = (name: string) => row(element, name).textContent.replace(/\s+/g, " ").trim();
    expect(names(element)[0]).toBe("林月（设计）");
    expect(text("Priya Nair")).toContain("99+");
    expect(row(element, "Priya Nair").querySelector(".badge")?.getAttribute("aria-label")).toBe("128 unread");
    expect(text("Sofía Romero")).toContain("yesterday");
    expect(text("Bruno Okafor")).toContain("I will send the figures tonight");
    expect(text("Amir Haddad")).toContain("[Draft] About the second draft");
    expect(row(element, "林月（设计）").querySelector(".pin")?.getAttribute("aria-label")).toBe("Pinned");
  });

  test("what changes: a message moves its conversation up, a pin to the top", async () => {
    const stage = open();
    const element = await list();
    stage.writes("bruno", "The figures!", NOON + 1000);
    await until(() => {
      expect(names(element)[1]).toBe("Bruno Okafor");
      expect(row(element, "Bruno Okafor").querySelector(".badge")?.textContent).toBe("1");
    });
    await stage.pinConversation({ conversationID: "C2Cnoah", isPinned: true });
    await until(() => {
      expect(names(element).slice(0, 2)).toContain("Noah Weber");
    });
  });

  test.each(["ltr", "rtl"])("the button of a row under a mouse covers nothing (%s)", async (dir) => {
    document.documentElement.dir = dir;
    open();
    const element = await list();
    await until(() => {
      expect(all(element, ".dot").length).toBeGreaterThan(5);
    });
    for (const name of ["Priya Nair", "Bruno Okafor", "林月（设计）"]) {
      const over = row(element, name);
      await userEvent.hover(over);
      const button = over.querySelector(".more")?.getBoundingClientRect() ?? new DOMRect();
      expect(button.width).toBeGreaterThan(20);
      for (const part of [".name", ".time", ".summary", ".badge", ".pin"]) {
        const other = over.querySelector(part)?.getBoundingClientRect();
        const isApart =
          other === undefined ||
          other.right <= button.left ||
          other.left >= button.right ||
          other.bottom <= button.top ||
          other.top >= button.bottom;
        expect(isApart, `${part} of ${name}`).toBe(true);
      }
    }
  });

  test("a time reads in its own direction in a list from right to left", async () => {
    document.documentElement.dir = "rtl";
    open();
    const element = await list();
    const time = row(element, "陈晓").querySelector(".time");
    expect(time?.textContent).toBe("12 minutes ago");
    const text = [...(time?.childNodes ?? [])].find((node) => node instanceof Text);
    if (text === undefined) throw new Error("the time has no text");
    const at = (index: number) => {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + 1);
      return range.getBoundingClientRect().left;
    };
    // The parts are in the order in which they are written: the number, the unit, "ago".
    const [number, unit, ago] = [at(0), at(3), at(11)];
    expect([number < unit, unit < ago]).toEqual([true, true]);
  });

  test("the words of a language, of the list itself or of the kit", async () => {
    open({}, { language: "zh-CN" });
    const element = await list();
    expect(row(element, "Sofía Romero").textContent).toContain("昨天");
    expect(one(element, ".list").getAttribute("aria-label")).toBe("会话");
    element.language = "en";
    await drawn(element);
    expect(row(element, "Sofía Romero").textContent).toContain("yesterday");
    element.language = "";
    TUIKit.setConfig({ language: "en" });
    await drawn(element);
    expect(one(element, ".list").getAttribute("aria-label")).toBe("Chats");
  });

  test("initials where a picture cannot be loaded", async () => {
    const talk = {
      with: { id: "x", nick: "Xenia Ypsilanti", avatar: "data:image/png;base64,broken" },
      text: "",
      ago: 0,
    };
    open({ talks: [talk] });
    const element = await list();
    await until(() => {
      const image = one(element, "img") as HTMLImageElement;
      expect([image.complete, image.naturalWidth, getComputedStyle(image).opacity]).toEqual([true, 0, "0"]);
    });
    expect(one(element, ".initials").textContent).toBe("XY");
  });

  test("what a filter lets through", async () => {
    open();
    const element = await list({ filter: ({ unreadCount }: Conversation) => unreadCount > 0 });
    expect(names(element)).toEqual(["Maya Lindqvist", "陈晓", "Priya Nair"]);
    element.filter = null;
    await drawn(element);
    expect(rows(element).length).toBe(TALKS.length);
  });

  test("what the page puts into its slots", async () => {
    open();
    const element = await list(
      { itemExtra: ({ conversationID }) => (conversationID === "C2Cbruno" ? "muted" : null) },
      `<h1 slot="header">My chats</h1><b slot="extra:C2Cmaya">team</b>`,
    );
    expect(document.querySelector("h1")?.getBoundingClientRect().height).toBeGreaterThan(10);
    expect(document.querySelector("b")?.assignedSlot?.closest(".row")).toBe(row(element, "Maya Lindqvist"));
    expect(row(element, "Bruno Okafor").querySelector(".marks")?.textContent).toContain("muted");
    // The header does not cover the first row.
    const header = one(element, ".header").getBoundingClientRect();
    await until(() => {
      expect(row(element, "林月（设计）").getBoundingClientRect().top).toBeCloseTo(header.bottom, 0);
    });
  });
});

describe("has nothing to show", () => {
  test("before the kit has a client, and while the list is loading", async () => {
    const element = await mount("tuikit-conversation");
    expect(one(element, ".scroller [role=status]").textContent).toContain("Loading");
    open({ lists: "pending" });
    await drawn(element);
    expect(one(element, ".scroller [role=status]").textContent).toContain("Loading");
  });

  test("no conversation, in our words or the page's", async () => {
    open({ talks: [] });
    const element = await mount("tuikit-conversation");
    await until(() => {
      expect(one(element, ".placeholder").textContent).toContain("No chats yet");
    });
    const own = await mount("tuikit-conversation", {}, `<p slot="empty">Nobody here</p>`);
    await until(() => {
      expect(document.querySelector("p")?.assignedSlot?.name).toBe("empty");
    });
    expect(own.isConnected).toBe(true);
  });

  test("a failure is said, and can be tried again", async () => {
    const stage = open({ lists: "failing" });
    const element = await mount("tuikit-conversation");
    await until(() => {
      expect(one(element, "[role=alert]").textContent).toContain("no connection to the server");
    });
    const read = vi.spyOn(stage, "getConversationList").mockResolvedValue({ data: { conversationList: [] } });
    one(element, ".button").click();
    await until(() => {
      expect(one(element, ".placeholder").textContent).toContain("No chats yet");
    });
    expect(read).toHaveBeenCalledOnce();
  });

  test("after a logout the next user's conversations come", async () => {
    const stage = open();
    const element = await list();
    stage.logOut();
    await until(() => {
      expect(rows(element)).toHaveLength(0);
      expect(all(element, ".skeleton").length).toBeGreaterThan(0);
    });
    stage.logIn("you");
    await until(() => {
      expect(rows(element).length).toBeGreaterThan(0);
    });
  });
});

describe("is used", () => {
  test("with a click", async () => {
    open();
    const element = await list();
    const taps = heard(element, "tuikit-conversation-tap");
    await userEvent.click(row(element, "Bruno Okafor"));
    expect(taps).toEqual(["C2Cbruno"]);
  });

  test("with the keyboard alone", async () => {
    const stage = open();
    const element = await list();
    const taps = heard(element, "tuikit-conversation-tap");
    await userEvent.tab();
    expect(element.shadowRoot?.activeElement).toBe(one(element, ".list"));
    const current = () =>
      element.shadowRoot?.getElementById(one(element, ".list").getAttribute("aria-activedescendant") ?? "");
    await drawn(element);
    expect(current()?.querySelector(".name")?.textContent).toBe("林月（设计）");
    await userEvent.keyboard("{ArrowDown}{Enter}");
    await drawn(element);
    await userEvent.keyboard("{End}");
    await drawn(element);
    expect(current()?.querySelector(".name")?.textContent).toBe("Noah Weber");
    await userEvent.keyboard(" ");
    expect(taps).toEqual(["C2Cmaya", "C2Cnoah"]);
    // The menu pins the conversation.
    press("F10", { shiftKey: true });
    await drawn(element);
    expect(element.shadowRoot?.activeElement?.textContent.trim()).toBe("Pin to top");
    await userEvent.keyboard("{ArrowDown}{ArrowDown}");
    expect(element.shadowRoot?.activeElement?.textContent.trim()).toBe("Delete");
    await userEvent.keyboard("{ArrowDown}{Enter}");
    await until(() => {
      expect(stage.calls.some(({ call, users }) => call === "pinConversation" && users[0] === "C2Cnoah")).toBe(true);
      expect(element.shadowRoot?.activeElement).toBe(one(element, ".list"));
    });
    // Delete asks for a confirmation, and Escape cancels it.
    await userEvent.keyboard("{Delete}");
    await drawn(element);
    expect(one(element, "[role=alertdialog]").textContent).toContain("Delete this chat?");
    await userEvent.keyboard("{Escape}");
    await drawn(element);
    expect(all(element, "[role=alertdialog]")).toHaveLength(0);
    expect(element.shadowRoot?.activeElement).toBe(one(element, ".list"));
    await userEvent.keyboard("{Delete}");
    await drawn(element);
    await userEvent.keyboard("{Tab}{Enter}");
    await until(() => {
      expect(names(element)).not.toContain("Noah Weber");
    });
  });

  test("with a right click: mark as read", async () => {
    const stage = open();
    const element = await list();
    await userEvent.click(row(element, "Maya Lindqvist"), { button: "right" });
    await drawn(element);
    const items = all(element, "[role=menuitem]");
    expect(items.map((item) => item.textContent.trim())).toEqual(["Pin to top", "Mark as read", "Block", "Delete"]);
    await userEvent.click(one(element, "[role=menuitem]", 1));
    await until(() => {
      expect(row(element, "Maya Lindqvist").querySelector(".badge")).toBeNull();
    });
    expect(stage.calls.some(({ call }) => call === "setMessageRead")).toBe(true);
  });

  test.each([
    ["rests", LONG, TREMBLE, 4],
    ["is lifted soon", LONG - 1, 0, 0],
    ["moves on", LONG, TREMBLE + 1, 0],
  ])("with a finger that %s", async (_what, rest, move, items) => {
    open();
    const element = await list();
    const taps = heard(element, "tuikit-conversation-tap");
    const target = row(element, "Maya Lindqvist");
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: NOON });
    const tell = (name: string, x: number) =>
      target.dispatchEvent(
        new PointerEvent(name, { pointerType: "touch", clientX: x, clientY: 100, bubbles: true, composed: true }),
      );
    tell("pointerdown", 50);
    tell("pointermove", 50 + move);
    vi.advanceTimersByTime(rest);
    tell("pointerup", 50 + move);
    target.click();
    vi.runOnlyPendingTimers();
    await drawn(element);
    expect(all(element, "[role=menuitem]")).toHaveLength(items);
    expect(taps).toHaveLength(items > 0 ? 0 : 1);
  });

  test("by a page that keeps what a person wants to delete", async () => {
    const stage = open();
    const element = await list();
    element.addEventListener("tuikit-conversation-delete", (event) => {
      event.preventDefault();
    });
    await userEvent.click(row(element, "Bruno Okafor"), { button: "right" });
    await drawn(element);
    await userEvent.click(one(element, "[role=menuitem]", -1));
    await drawn(element);
    await userEvent.click(one(element, "[role=alertdialog] button", -1));
    await drawn(element);
    expect(stage.calls.some(({ call }) => call === "deleteConversation")).toBe(false);
    expect(names(element)).toContain("Bruno Okafor");
  });

  test("what is refused is said", async () => {
    const stage = open();
    const element = await list();
    vi.spyOn(stage, "pinConversation").mockRejectedValue(new Error("no connection to the server"));
    await userEvent.click(row(element, "Bruno Okafor"), { button: "right" });
    await drawn(element);
    await userEvent.click(one(element, "[role=menuitem]"));
    await until(() => {
      expect(one(element, ".error").textContent).toContain("no connection to the server");
    });
  });
});

test("ten thousand rows are a few dozen in the document, and the last can be reached", async () => {
  const talks = crowd(10_000).map((person, index) => ({ with: person, text: `message ${index}`, ago: index }));
  open({ talks });
  const element = await list();
  expect(rows(element).length).toBeLessThan(40);
  expect(one(element, ".list").getBoundingClientRect().height).toBe(10_000 * 76);
  expect(one(element, ".row").getAttribute("aria-setsize")).toBe("10000");
  one(element, ".list").focus();
  press("End");
  await until(() => {
    const last = rows(element).at(-1);
    expect(last?.getAttribute("aria-posinset")).toBe("10000");
    expect(last?.getBoundingClientRect().bottom).toBeCloseTo(640, 0);
  });
  expect(rows(element).length).toBeLessThan(40);
});
