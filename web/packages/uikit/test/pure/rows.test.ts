/** Tests the rows of the lists with tables of cases. */

import { describe, expect, test } from "vitest";
import type { Conversation, Friend, Message } from "../../src/client.js";
import { stepOf } from "../../src/components/list-keys.js";
import { entriesOf, TOGETHER } from "../../src/rows/chat-entries.js";
import { contactsOf } from "../../src/rows/contact-rows.js";
import { badgeOf, inOrder, peersOf, summaryOf } from "../../src/rows/conversation-rows.js";
import { letterOf, loadPinyin, needsPinyin } from "../../src/rows/initials.js";
import { initialsOf, nameOf, TINTS, tintOf } from "../../src/rows/names.js";
import { EN } from "../../src/words/en.js";
import { messageOf } from "../../stage/stage.js";
import { readCases } from "./cases.js";

interface Cases {
  names: { remark: string; nick: string; userID: string; name: string }[];
  initials: { name: string; initials: string }[];
  letters: { reading: string; letter: string }[];
  contacts: {
    name: string;
    pinyin: boolean;
    friends: [string, string][];
    rows: string;
    users?: string[];
    letters?: Record<string, number>;
  }[];
  order: { name: string; conversations: { id: string; time?: number; pinned?: boolean }[]; peers: string[] }[];
  summaries: { text: string | null; draft: string; isDraft: boolean; summary: string }[];
  badges: { unread: number; badge: string }[];
}

const cases = JSON.parse(readCases("rows.json")) as Cases;

describe("names", () => {
  test.each(cases.names)("remark $remark, nick $nick, id $userID: $name", ({ remark, nick, userID, name }) => {
    expect(nameOf(remark, { userID, nick, avatar: "" }, userID)).toBe(name);
  });

  test.each(cases.initials)("$name is drawn as $initials", ({ name, initials }) => {
    expect(initialsOf(name)).toBe(initials);
  });

  test("a tint stays with its user, and all are used", () => {
    const tints = new Set(Array.from({ length: 200 }, (_, index) => tintOf(`user${index}`)));
    expect(tintOf("alice")).toBe(tintOf("alice"));
    expect([...tints].sort()).toEqual(Array.from({ length: TINTS }, (_, index) => index));
  });
});

describe("contacts", () => {
  const friend = (userID: string, nick: string): Friend => ({
    userID,
    remark: "",
    profile: { userID, nick, avatar: "" },
  });
  const drawn = (friends: readonly Friend[], pinyin: Parameters<typeof contactsOf>[1]) =>
    contactsOf(friends, pinyin, "en")
      .rows.map((row) => (row.is === "letter" ? `${row.letter}:` : row.name))
      .join(" ");

  test.each(cases.contacts)("$name", async ({ friends, pinyin, rows, users, letters }) => {
    const those = friends.map(([userID, nick]) => friend(userID, nick));
    const table = pinyin ? await loadPinyin() : null;
    expect(drawn(those, table)).toBe(rows);
    const contacts = contactsOf(those, table, "en");
    expect(contacts.users).toEqual(users ?? contacts.users);
    expect(Object.fromEntries(contacts.letters)).toEqual(letters ?? Object.fromEntries(contacts.letters));
    const places = contacts.rows.flatMap((row) => (row.is === "friend" ? [row.place] : []));
    expect(places).toEqual(those.map((_, index) => index + 1));
  });

  test("only Chinese names need the table", () => {
    expect(needsPinyin(["Bob", "王芳"])).toBe(true);
    expect(needsPinyin(["Bob", "ひなた"])).toBe(false);
  });

  test.each(cases.letters)("$reading stands under $letter", ({ reading, letter }) => {
    expect(letterOf(reading)).toBe(letter);
  });
});

describe("conversations", () => {
  const conversation = (id: string, lastTime: number, change: Partial<Conversation> = {}): Conversation => ({
    conversationID: `C2C${id}`,
    type: "C2C",
    unreadCount: 0,
    lastMessage: { lastTime, fromAccount: id, messageForShow: `from ${id}` },
    userProfile: null,
    remark: "",
    isPinned: false,
    ...change,
  });

  test.each(cases.order)("$name", ({ conversations, peers }) => {
    const list = conversations.map(({ id, time, pinned = false }) =>
      conversation(id.slice(3), time ?? 0, {
        conversationID: id,
        isPinned: pinned,
        ...(time === undefined ? { lastMessage: null } : {}),
      }),
    );
    expect(peersOf(inOrder(list))).toEqual(peers);
  });

  test.each(cases.summaries)("the summary is $summary", ({ text, draft, isDraft, summary }) => {
    const lastMessage = text === null ? null : { lastTime: 1, fromAccount: "a", messageForShow: text };
    expect(summaryOf(conversation("a", 1, { lastMessage, draftText: draft }), EN)).toEqual({
      draft: isDraft,
      text: summary,
    });
  });

  test.each([
    [
      { lastMessage: { lastTime: 1, fromAccount: "a", messageForShow: "x", isRevoked: true } },
      { draft: false, text: EN.recalled },
    ],
    [
      { lastMessage: { lastTime: 1, fromAccount: "a", messageForShow: "", type: "TIMCustomElem" } },
      { draft: false, text: EN.customMessage },
    ],
    [
      { lastMessage: { lastTime: 1, fromAccount: "a", messageForShow: "an order", type: "TIMCustomElem" } },
      { draft: false, text: "an order" },
    ],
  ])("the summary of %j", (change, summary) => {
    expect(summaryOf(conversation("a", 1, change), EN)).toEqual(summary);
  });

  test.each(cases.badges)("$unread unread: $badge", ({ unread, badge }) => {
    expect(badgeOf(unread)).toBe(badge);
  });
});

describe("messages", () => {
  const message = (flow: "in" | "out", at: number): Message =>
    messageOf({ id: `${flow}${at}`, user: "a", text: "", flow, at: at * 1000 });
  const shape = (messages: Message[]) =>
    entriesOf(messages, "UTC").map(({ isNewDay, isFirst, isLast }) =>
      [isNewDay ? "day" : "", isFirst ? "first" : "", isLast ? "last" : ""].filter(Boolean).join(" "),
    );

  test("of one person within a while stand together; a new day parts them", () => {
    const day = 24 * 3600;
    expect(
      shape([message("in", day - 20), message("in", day - 10), message("in", day + 5), message("out", day + 10)]),
    ).toEqual(["day first", "last", "day first last", "first last"]);
  });

  test("as long as a while, and a second less", () => {
    expect(shape([message("in", 0), message("in", TOGETHER)])).toEqual(["day first last", "first last"]);
    expect(shape([message("in", 0), message("in", TOGETHER - 1)])).toEqual(["day first", "last"]);
  });
});

describe("keys", () => {
  const press = (key: string, more: Partial<KeyboardEvent> = {}) =>
    stepOf({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });

  test.each([
    ["ArrowDown", 3, 4],
    ["ArrowDown", -1, 0],
    ["ArrowDown", 9, 9],
    ["ArrowUp", 3, 2],
    ["ArrowUp", 0, 0],
    ["PageDown", 3, 8],
    ["PageDown", 7, 9],
    ["PageUp", 3, 0],
    ["Home", 7, 0],
    ["End", 2, 9],
  ])("%s at %i of ten rows goes to %i", (key, index, expected) => {
    const step = press(key);
    expect(step?.to === "row" ? step.from({ index, count: 10, page: 5 }) : undefined).toBe(expected);
  });

  test.each([
    ["Enter", {}, "open"],
    [" ", {}, "open"],
    ["Delete", {}, "delete"],
    ["ContextMenu", {}, "menu"],
    ["F10", { shiftKey: true }, "menu"],
    ["F10", {}, undefined],
    ["a", {}, undefined],
    ["ArrowDown", { ctrlKey: true }, undefined],
  ])("%s with %j means %s", (key, more, to) => {
    expect(press(key, more)?.to).toBe(to);
  });
});
