/** Tests the chat: its messages, sending, and earlier messages. */

import { expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { TUIKit, type TuikitChat } from "../../src/index.js";
import { messageOf } from "../../stage/stage.js";
import { all, drawn, mount, NOON, one, open, press, until } from "./support.js";

async function chat(set: Partial<TuikitChat> = { conversationID: "C2Cmaya" }): Promise<TuikitChat> {
  vi.useFakeTimers({ toFake: ["Date"], now: NOON });
  const element = await mount("tuikit-chat", set);
  await until(() => {
    expect(all(element, ".scroller").length).toBe(1);
    expect(all(element, ".skeleton")).toHaveLength(0);
  });
  await drawn(element);
  return element;
}

const said = (element: Element) => all(element, ".message .text").map((found) => found.textContent);

test("shows who it is with, whether they are there, and what was said", async () => {
  const stage = open();
  const element = await chat();
  await until(() => {
    expect(one(element, "header").textContent).toContain("In the studio until six");
    expect(one(element, "header .dot").getAttribute("aria-label")).toBe("Online");
  });
  expect(one(element, "h2").textContent).toBe("Maya Lindqvist");
  expect(said(element).at(-1)).toBe("The lamp is on, come in whenever you like");
  expect(all(element, ".message.own")).toHaveLength(3);
  expect(all(element, ".day").map((day) => day.textContent)).toEqual(["yesterday", "today"]);
  stage.becomes("maya", 2);
  await until(() => {
    expect(one(element, "header").textContent).toContain("Offline");
  });
});

test("sends with Enter, begins a line with Shift+Enter, and says what was not sent", async () => {
  const stage = open();
  const element = await chat();
  const field = one(element, "textarea") as HTMLTextAreaElement;
  await userEvent.fill(field, "On my way");
  await userEvent.keyboard("{Enter}");
  await until(() => {
    expect(stage.sent).toEqual(["On my way"]);
    expect(said(element).at(-1)).toBe("On my way");
  });
  expect(field.value).toBe("");
  await userEvent.keyboard("one{Shift>}{Enter}{/Shift}two{Enter}");
  await until(() => {
    expect(stage.sent).toEqual(["On my way", "one\ntwo"]);
  });
  await userEvent.fill(field, "[fail] hm");
  await userEvent.keyboard("{Enter}");
  await until(() => {
    expect(one(element, ".note.failed").textContent).toContain("Not sent");
  });
  vi.spyOn(stage, "sendMessage").mockImplementation((message: never) =>
    Promise.resolve({ data: { message: { ...(message as object), status: "success" } as never } }),
  );
  one(element, ".note.failed button").click();
  await until(() => {
    expect(all(element, ".note.failed")).toHaveLength(0);
  });
  // An empty message cannot be sent.
  await userEvent.fill(field, "   ");
  expect((one(element, ".send") as HTMLButtonElement).disabled).toBe(true);
});

test("a message that is marked as not sent, and arrived, loses the mark", async () => {
  const stage = open();
  const element = await chat();
  const write = async (text: string) => {
    await userEvent.fill(one(element, "textarea"), text);
    await userEvent.keyboard("{Enter}");
    await until(() => {
      expect(all(element, ".note.failed")).toHaveLength(1);
    });
  };
  await write("[fail] one");
  stage.arrives("maya", "[fail] one");
  await until(() => {
    expect(all(element, ".note.failed")).toHaveLength(0);
  });
  expect(said(element).filter((text) => text === "[fail] one")).toHaveLength(1);
});

test("a text that cannot be sent because the session has ended stays in the field, with the reason", async () => {
  const stage = open();
  const element = await chat();
  const field = one(element, "textarea") as HTMLTextAreaElement;
  await userEvent.fill(field, "a long thought");
  stage.logOut();
  await userEvent.keyboard("{Enter}");
  await drawn(element);
  expect(field.value).toBe("a long thought");
  expect(one(element, "[role=alert]").textContent).toBe("That did not work: not logged in");
  stage.logIn("me");
  await userEvent.click(field);
  await userEvent.keyboard("{Enter}");
  await until(() => {
    expect(stage.sent).toEqual(["a long thought"]);
  });
  expect([field.value, all(element, "[role=alert]").length]).toEqual(["", 0]);
});

test("the reason of a failure is in the language of the kit", async () => {
  const stage = open({}, { language: "zh" });
  const element = await chat();
  await userEvent.fill(one(element, "textarea"), "你好");
  stage.logOut();
  await userEvent.keyboard("{Enter}");
  await drawn(element);
  expect(one(element, "[role=alert]").textContent).toBe("操作失败：未登录");
});

test.each([{ isComposing: true }, { isComposing: false, keyCode: 229 }])(
  "an Enter that completes a word of an input method sends nothing (%j)",
  async (key) => {
    const stage = open();
    const element = await chat();
    const field = one(element, "textarea") as HTMLTextAreaElement;
    await userEvent.fill(field, "你好");
    field.focus();
    press("Enter", key);
    await drawn(element);
    expect([stage.sent, field.value]).toEqual([[], "你好"]);
    press("Enter");
    await drawn(element);
    expect(stage.sent).toEqual(["你好"]);
  },
);

test("half of an emoji is sent as a character that stands for it", async () => {
  const stage = open();
  const element = await chat();
  const field = one(element, "textarea") as HTMLTextAreaElement;
  field.value = "cut here \ud83d";
  field.dispatchEvent(new Event("input"));
  await userEvent.click(field);
  await userEvent.keyboard("{Enter}");
  await until(() => {
    expect(stage.sent).toEqual(["cut here \ufffd"]);
  });
});

test("what comes is shown and read", async () => {
  const stage = open();
  const element = await chat();
  const reads = () => stage.calls.filter(({ call }) => call === "setMessageRead").length;
  window.focus();
  await until(() => {
    expect(reads()).toBe(1);
  });
  stage.writes("maya", "Bring biscuits", NOON);
  stage.writes("bruno", "not for this window", NOON);
  await until(() => {
    expect(said(element).at(-1)).toBe("Bring biscuits");
    expect(reads()).toBe(2);
  });
  await drawn(element);
  expect(reads()).toBe(2);
});

test("earlier messages come when a person scrolls up, and nothing jumps", async () => {
  const lines = Array.from({ length: 100 }, (_, index) =>
    messageOf({
      id: `m${index}`,
      user: "maya",
      text: `line ${index}`,
      flow: index % 3 === 0 ? "out" : "in",
      at: NOON - (100 - index) * 60_000,
    }),
  );
  open({ messages: { maya: lines } });
  const element = await chat();
  const scroller = one(element, ".scroller");
  expect(said(element).at(-1)).toBe("line 99");
  expect(Math.round(scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight)).toBeLessThanOrEqual(1);
  for (let round = 0; round < 12 && said(element)[0] !== "line 0"; round += 1) {
    scroller.scrollTop = 100;
    const marked = all(element, ".message").find((found) => found.getBoundingClientRect().top > 100);
    const before = marked?.getBoundingClientRect().top ?? 0;
    const held = said(element).length;
    await until(() => {
      // On a slow machine, the chat may still have been scrolling to its end.
      if (said(element).length === held && scroller.scrollTop !== 100) scroller.scrollTop = 100;
      expect(said(element).length).toBeGreaterThan(held);
    });
    await drawn(element);
    expect(Math.abs((marked?.getBoundingClientRect().top ?? 0) - before)).toBeLessThan(3);
  }
  expect(said(element)).toHaveLength(100);
  expect(said(element)[0]).toBe("line 0");
  one(element, ".to-end").click();
  await drawn(element);
  expect(Math.round(scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight)).toBeLessThanOrEqual(1);
});

test("screen readers do not read out earlier messages as new ones", async () => {
  const lines = Array.from({ length: 60 }, (_, index) =>
    messageOf({ id: `m${index}`, user: "maya", text: `line ${index}`, flow: "in", at: NOON - (60 - index) * 60_000 }),
  );
  const stage = open({ messages: { maya: lines } });
  const element = await chat();
  const log = one(element, "[role=log]");
  await until(() => {
    expect(log.getAttribute("aria-busy")).toBe("false");
  });
  const seen: string[] = [];
  new MutationObserver(() => {
    seen.push(`${log.getAttribute("aria-busy") ?? ""} ${said(element).length}`);
  }).observe(log, { childList: true, attributes: true });
  const count = said(element).length;
  one(element, ".scroller").scrollTop = 0;
  await until(() => {
    expect(said(element).length).toBeGreaterThan(count);
    expect(log.getAttribute("aria-busy")).toBe("false");
  });
  expect(seen).toEqual([`true ${count}`, `true ${count + 15}`, `false ${count + 15}`]);
  stage.writes("maya", "new", NOON);
  await until(() => {
    expect(said(element).at(-1)).toBe("new");
  });
  expect(seen.at(-1)).toBe(`false ${count + 16}`);
});

test("what is written in one conversation waits there for its return", async () => {
  open();
  const element = await chat();
  const field = () => one(element, "textarea") as HTMLTextAreaElement;
  await userEvent.fill(field(), "half a thought");
  element.conversationID = "C2Cbruno";
  await drawn(element);
  expect(one(element, "h2").textContent).toBe("Bruno Okafor");
  expect(field().value).toBe("");
  element.conversationID = "C2Cmaya";
  await drawn(element);
  expect(field().value).toBe("half a thought");
});

test("the next user sees neither messages nor texts of the user before", async () => {
  const stage = open();
  const element = await chat();
  const field = () => one(element, "textarea") as HTMLTextAreaElement;
  await userEvent.fill(field(), "a draft");
  element.conversationID = "C2Cbruno";
  await drawn(element);
  await userEvent.fill(field(), "a text");
  const count = said(element).length;
  const state = () => [said(element).length, field().value];
  stage.net("disconnected");
  await drawn(element);
  stage.net("connected");
  await drawn(element);
  expect(state(), "after a reconnect").toEqual([count, "a text"]);
  stage.logOut();
  await drawn(element);
  expect(said(element)).toEqual([]);
  stage.logIn("me");
  await drawn(element);
  expect(state(), "the same user again").toEqual([count, "a text"]);
  stage.logOut();
  await drawn(element);
  stage.logIn("bea");
  await drawn(element);
  expect(field().value).toBe("");
  element.conversationID = "C2Cmaya";
  await drawn(element);
  expect(field().value).toBe("");
});

test("the text of a user is gone when the page uses another client", async () => {
  open();
  const element = await chat();
  await userEvent.fill(one(element, "textarea"), "a text");
  await TUIKit.destroy();
  open({ self: "bea" });
  await drawn(element);
  expect((one(element, "textarea") as HTMLTextAreaElement).value).toBe("");
});

test("with nobody chosen, it says so", async () => {
  open();
  const element = await mount("tuikit-chat");
  expect(one(element, ".placeholder").textContent).toContain("Choose a chat");
});
