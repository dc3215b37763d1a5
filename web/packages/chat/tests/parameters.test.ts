/** Tests that the SDK refuses values that the server could not read, and sends nothing in these cases. */

import { utf8Length } from "../src/machine/utf8.js";
import { expect, test } from "vitest";
import type { Chat } from "../src/index.js";
import { loggedIn } from "./wire.js";

const HALF = "\ud83d";
const LONG_ID = "x".repeat(33);

/** Calls with invalid parameters and the codes of their refusals. They are untyped, as in JavaScript. */
function badCalls(chat: Chat): [string, number, () => unknown][] {
  const any = chat as unknown as Record<string, (...values: unknown[]) => unknown>;
  const call = (code: number, name: string, ...values: unknown[]): [string, number, () => unknown] => [
    `${name} ${JSON.stringify(values)}`,
    code,
    () => any[name]?.apply(chat, values),
  ];
  const good = chat.createTextMessage({ to: "ann", conversationType: "C2C", payload: { text: "hi" } });
  const text = (to: unknown, said: unknown) => ({ to, conversationType: "C2C", payload: { text: said } });
  const lists = [null, "bob", {}, [1], [null], [undefined], ["bob", HALF], ["bob", "bøb"], [""], [LONG_ID]];
  const ids = [null, 7, {}, "bob", "C2C", "GROUPbob", `C2C${HALF}`, "C2Cbøb", `C2C${LONG_ID}`];
  return [
    ...[null, undefined, "bob", 7, ["bob"]].flatMap((nothing) =>
      [
        "login setSelfStatus getUserStatus subscribeUserStatus unsubscribeUserStatus updateMyProfile getUserProfile",
        "addFriend deleteFriend updateFriend checkFriend getFriendProfile pinConversation createTextMessage",
        "sendMessage getMessageList setMessageRead addToBlacklist removeFromBlacklist setVisibility",
      ]
        .flatMap((names) => names.split(" "))
        .map((name) => call(6017, name, nothing)),
    ),
    ...lists.flatMap((userIDList) =>
      [
        "getUserStatus",
        "subscribeUserStatus",
        "unsubscribeUserStatus",
        "getUserProfile",
        "deleteFriend",
        "addToBlacklist",
        "removeFromBlacklist",
        "checkFriend",
        "getFriendProfile",
      ].map((name) => call(6017, name, { userIDList })),
    ),
    ...ids.flatMap((conversationID) => [
      call(6017, "getConversationProfile", conversationID),
      call(6017, "pinConversation", { conversationID, isPinned: true }),
      call(6017, "getMessageList", { conversationID }),
      call(6017, "setMessageRead", { conversationID }),
      call(6017, "deleteConversation", { conversationIDList: ["C2Cbob", conversationID] }),
    ]),
    ...[null, 7, `${HALF}!`].flatMap((value) => [
      call(6017, "setSelfStatus", { customStatus: value }),
      call(6017, "login", { userID: "me", userSig: value }),
      call(6017, "updateMyProfile", { nick: value }),
      call(6017, "updateMyProfile", { avatar: value }),
      call(6017, "addFriend", { to: "ann", remark: value }),
      call(6017, "addFriend", { to: "ann", source: value }),
      call(6017, "addFriend", { to: "ann", wording: value }),
      call(6017, "updateFriend", { userID: "ann", remark: value }),
      call(6017, "createTextMessage", text("ann", value)),
      call(6017, "sendMessage", { ...good, payload: { text: value } }),
      call(6017, "sendMessage", { ...good, ID: value }),
      call(6017, "getMessageList", { conversationID: "C2Cbob", nextReqMessageID: value }),
    ]),
    ...[null, "60", NaN, Infinity, -1, 0.5, 2_592_001, {}].map((expiresIn) =>
      call(6017, "setSelfStatus", { customStatus: "out", expiresIn }),
    ),
    call(6017, "setSelfStatus", { customStatus: "", expiresIn: 60 }),
    ...["", HALF, "bøb", LONG_ID, "a\nb"].flatMap((user) => [
      call(7003, "login", { userID: user, userSig: "sig" }),
      call(7003, "addFriend", { to: user }),
      call(7003, "updateFriend", { userID: user, remark: "" }),
      call(7003, "createTextMessage", text(user, "hi")),
      call(7003, "sendMessage", { ...good, to: user }),
    ]),
    call(6017, "updateMyProfile", { nick: "é".repeat(251) }),
    call(6017, "updateMyProfile", { avatar: `https://${"x".repeat(493)}` }),
    call(6017, "updateMyProfile", { allowType: null }),
    call(6017, "addFriend", { to: "ann", remark: "x".repeat(97) }),
    call(6017, "addFriend", { to: "ann", source: "x".repeat(257) }),
    call(6017, "addFriend", { to: "ann", wording: "x".repeat(257) }),
    call(6017, "addFriend", { to: "ann", type: 1 }),
    call(6017, "updateFriend", { userID: "ann", remark: "三".repeat(33) }),
    call(6017, "deleteFriend", { userIDList: ["ann"], type: null }),
    ...["", "all", "NOBODY", {}].map((visibility) => call(6017, "setVisibility", visibility)),
    call(6017, "pinConversation", { conversationID: "C2Cbob" }),
    call(6017, "pinConversation", { conversationID: "C2Cbob", isPinned: null }),
    call(6017, "pinConversation", { conversationID: "C2Cbob", isPinned: "true" }),
    call(6017, "sendMessage", { ...good, ID: `me-${"x".repeat(65)}` }),
    call(6017, "sendMessage", { ...good, ID: "me-ø" }),
    call(6017, "getMessageList", { conversationID: "C2Cbob", nextReqMessageID: "9".repeat(20) }),
    call(6017, "getConversationList", "C2Cbob"),
    call(6017, "getConversationList", null),
    call(6017, "setAllMessageRead", null),
    call(6017, "setAllMessageRead", { scope: 7 }),
    call(6017, "deleteConversation", null),
  ];
}

test("what the server could not read is refused at once with its code, and nothing is sent", async () => {
  const { chat, sent } = await loggedIn();
  for (const [what, code, call] of badCalls(chat)) {
    let answer: unknown;
    // The refusal does not wait for a server, so it comes within a few turns of the event loop.
    const pending = new Promise((fulfil) => setImmediate(fulfil)).then(() => "no answer");
    try {
      answer = await Promise.race([pending, call()]);
    } catch (error) {
      answer = (error as { code?: number }).code ?? error;
    }
    expect([what, answer, sent]).toEqual([what, code, []]);
  }
  expect(chat.getLoginUser()).toBe("me");
});

test("a refusal names what is wrong", async () => {
  const { chat } = await loggedIn();
  await expect(chat.getUserStatus({ userIDList: ["ann", "bøb"] })).rejects.toThrow(
    'invalid parameter: userIDList has "bøb", which is not a userID',
  );
  await expect(chat.setSelfStatus({ customStatus: "wave 👋".slice(0, -1) })).rejects.toThrow(
    "customStatus has half of a surrogate pair",
  );
});

test("what is right is sent, an emoji too", async () => {
  const wire = await loggedIn();
  const { chat } = wire;
  void chat.setSelfStatus({ customStatus: "👋" }).catch(() => undefined);
  void chat.addFriend({ to: "~".repeat(32), remark: "三".repeat(32) }).catch(() => undefined);
  void chat.unsubscribeUserStatus({ userIDList: undefined }).catch(() => undefined);
  await new Promise((fulfil) => setImmediate(fulfil));
  expect(wire.kinds).toEqual(["setSelfStatus", "addFriend", "unsubscribeUserStatus"]);
});

test.each([
  [{ customStatus: "out" }, { customStatus: "out" }],
  [{ customStatus: "out", expiresIn: undefined }, { customStatus: "out" }],
  [{ customStatus: "out", expiresIn: 0 }, { customStatus: "out" }],
  [
    { customStatus: "out", expiresIn: 1 },
    { customStatus: "out", expiresIn: 1 },
  ],
  [
    { customStatus: "out", expiresIn: 2_592_000 },
    { customStatus: "out", expiresIn: 2_592_000 },
  ],
  [{ customStatus: "", expiresIn: 0 }, { customStatus: "" }],
])("setSelfStatus(%j) sends %j", async (options, message) => {
  const { chat, sent } = await loggedIn();
  void chat.setSelfStatus(options).catch(() => undefined);
  await new Promise((fulfil) => setImmediate(fulfil));
  expect(sent.map(({ setSelfStatus }) => setSelfStatus)).toEqual([message]);
});

test.each(["", "a", "ä", "€", "🚲", "a%b%20", "\u0000\u007f\u0080\u07ff\u0800\uffff"])("the bytes of %o", (text) => {
  expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
});
