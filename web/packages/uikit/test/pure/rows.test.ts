/** The rows of the lists, as tables. */

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

describe("names", () => {
  test.each([
    ["Anna from work", "Anna K.", "anna", "Anna from work"],
    ["", "Anna K.", "anna", "Anna K."],
    ["  ", "", "anna", "anna"],
  ])("remark %j, nick %j, id %j: %s", (remark, nick, userID, name) => {
    expect(nameOf(remark, { userID, nick, avatar: "" }, userID)).toBe(name);
  });

  test.each([
    ["Maya Lindqvist", "ML"],
    ["maya", "M"],
    ["Anna Maria Rossi", "AR"],
    ["user_42", "U4"],
    ["陈晓", "陈"],
    ["林月（设计）", "林"],
    ["김하늘", "김"],
    ["étienne", "É"],
    ["42", "4"],
    ["☀️", "☀"],
    ["", ""],
  ])("%j is drawn as %j", (name, initials) => {
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

  test("stand under their letters, Chinese names under their pinyin, the rest under #", async () => {
    const friends = ["王芳", "bob", "Anna", "赵磊", "Émile", "42", "Aaron", "陈晓", "曾国"].map((n) => friend(n, n));
    expect(drawn(friends, await loadPinyin())).toBe(
      "A: Aaron Anna B: bob C: 陈晓 E: Émile W: 王芳 Z: 曾国 赵磊 #: 42",
    );
  });

  test("before the table is there, Chinese names wait under #", () => {
    expect(drawn([friend("a", "王芳"), friend("b", "Bob")], null)).toBe("B: Bob #: 王芳");
    expect(needsPinyin(["Bob", "王芳"])).toBe(true);
    expect(needsPinyin(["Bob", "ひなた"])).toBe(false);
  });

  test("numbers in names count, and equal names stand by their ids", () => {
    const friends = [friend("3", "Room 10"), friend("2", "Room 9"), friend("c", "Sam"), friend("b", "Sam")];
    const { rows, users, letters } = contactsOf(friends, null, "en");
    expect(users).toEqual(["2", "3", "b", "c"]);
    expect([...letters]).toEqual([
      ["R", 0],
      ["S", 3],
    ]);
    expect(rows.flatMap((row) => (row.is === "friend" ? [row.place] : []))).toEqual([1, 2, 3, 4]);
  });

  test.each([
    ["Ångström", "A"],
    ["ñandú", "N"],
    ["Ωmega", "#"],
    ["_x", "#"],
    ["", "#"],
  ])("%j stands under %s", (name, letter) => {
    expect(letterOf(name)).toBe(letter);
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

  test("pinned ones first, then the latest; those without a message last", () => {
    const list = [
      conversation("old", 1),
      conversation("none", 0, { lastMessage: null }),
      conversation("new", 9),
      conversation("pinned", 2, { isPinned: true }),
      conversation("pinnednew", 3, { isPinned: true }),
    ];
    expect(peersOf(inOrder(list))).toEqual(["pinnednew", "pinned", "new", "old", "none"]);
  });

  test("only conversations of two people show somebody", () => {
    expect(peersOf([conversation("a", 1, { conversationID: "GROUPa" }), conversation("b", 1)])).toEqual(["b"]);
  });

  test.each([
    [{}, { draft: false, text: "from a" }],
    [{ draftText: "half a\nthought" }, { draft: true, text: "half a thought" }],
    [{ lastMessage: null }, { draft: false, text: "" }],
    [
      { lastMessage: { lastTime: 1, fromAccount: "a", messageForShow: "x", isRevoked: true } },
      { draft: false, text: EN.recalled },
    ],
    [
      { lastMessage: { lastTime: 1, fromAccount: "a", messageForShow: "x".repeat(5000) } },
      { draft: false, text: "x".repeat(200) },
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

  test.each([
    [1, "1"],
    [99, "99"],
    [100, "99+"],
  ])("%i unread: %s", (unread, badge) => {
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
