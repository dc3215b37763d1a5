/** Tests profiles, friends, conversations and messages, with a real server. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import Lamplight, { type Message } from "../../src/index.js";
import { type Client, closeAll, codeOf, login } from "./client.js";
import { textOf } from "../text_of.js";
import { Server, until } from "./server.js";

const { EVENT, TYPES } = Lamplight;

let server: Server;

beforeAll(async () => {
  server = await Server.start();
});

afterEach(closeAll);

afterAll(() => server.end());

/** Sends a text message. */
async function write(client: Client, to: string, text: string): Promise<Message> {
  const message = client.chat.createTextMessage({ to, conversationType: TYPES.CONV_C2C, payload: { text } });
  return (await client.chat.sendMessage(message)).data.message;
}

/** Returns the texts that a client has received. */
function received(client: Client): string[] {
  return client.heard(EVENT.MESSAGE_RECEIVED).flat().map(textOf);
}

/** Returns the conversation list in a short form. */
async function conversations(client: Client): Promise<string[]> {
  const { data } = await client.chat.getConversationList();
  return data.conversationList.map(
    ({ conversationID, lastMessage, unreadCount, isPinned }) =>
      `${conversationID} ${lastMessage.messageForShow} ${unreadCount}${isPinned ? " pinned" : ""}`,
  );
}

test("custom content arrives as it was made, beside texts", async () => {
  const [cat, dan] = await Promise.all([login(server, "cat"), login(server, "dan")]);
  const payload = { data: '{"order":7}', description: "an order", extension: "" };
  const made = cat.chat.createCustomMessage({
    to: "dan",
    conversationType: "C2C",
    payload: { data: payload.data, description: payload.description },
  });
  expect(made).toMatchObject({ type: TYPES.MSG_CUSTOM, payload, status: "unSend" });
  expect((await cat.chat.sendMessage(made)).data.message).toMatchObject({ status: "success", payload });
  await until("dan has it", () => received(dan).length > 0);
  expect(dan.heard(EVENT.MESSAGE_RECEIVED).flat()).toMatchObject([{ ID: made.ID, type: TYPES.MSG_CUSTOM, payload }]);
  const [row] = (await dan.chat.getConversationList()).data.conversationList;
  expect(row?.lastMessage).toMatchObject({ type: TYPES.MSG_CUSTOM, messageForShow: "an order", payload });

  await write(cat, "dan", "an order");
  const { messageList } = (await dan.chat.getMessageList({ conversationID: "C2Ccat" })).data;
  expect(messageList.map(({ type }) => type)).toEqual([TYPES.MSG_CUSTOM, TYPES.MSG_TEXT]);
  const empty = cat.chat.createCustomMessage({ to: "dan", conversationType: "C2C", payload: {} });
  await expect(codeOf(cat.chat.sendMessage(empty))).resolves.toBe(6017);
});

test("a message arrives, is counted, is read, and is in the history of both", async () => {
  const [amy, bob] = await Promise.all([login(server, "amy"), login(server, "bob")]);
  const made = amy.chat.createTextMessage({ to: "bob", conversationType: "C2C", payload: { text: "你好 bob" } });
  expect(made).toMatchObject({ status: "unSend", flow: "out", from: "amy", conversationID: "C2Cbob" });
  const { data } = await amy.chat.sendMessage(made);
  expect(data.message).toBe(made);
  expect(made).toMatchObject({ status: "success", sequence: 1 });

  await until("bob has it", () => received(bob).length > 0);
  const [got] = bob.heard(EVENT.MESSAGE_RECEIVED).flat();
  expect(got).toMatchObject({
    ID: made.ID,
    type: "TIMTextElem",
    payload: { text: "你好 bob" },
    conversationID: "C2Camy",
    conversationType: "C2C",
    from: "amy",
    to: "bob",
    flow: "in",
    status: "success",
    sequence: 1,
  });
  expect(Math.abs((got?.time ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  expect(amy.heard(EVENT.MESSAGE_RECEIVED)).toEqual([]);
  await until("bob's list has it", () => bob.heard(EVENT.CONVERSATION_LIST_UPDATED).length > 0);
  expect(await conversations(bob)).toEqual(["C2Camy 你好 bob 1"]);
  expect(bob.chat.getTotalUnreadMessageCount()).toBe(1);
  expect(bob.heard(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED).at(-1)).toBe(1);
  expect(await conversations(amy)).toEqual(["C2Cbob 你好 bob 0"]);

  await bob.chat.setMessageRead({ conversationID: "C2Camy" });
  expect(await conversations(bob)).toEqual(["C2Camy 你好 bob 0"]);
  expect(bob.chat.getTotalUnreadMessageCount()).toBe(0);
  for (const [client, id] of [
    [amy, "C2Cbob"],
    [bob, "C2Camy"],
  ] as const) {
    const page = (await client.chat.getMessageList({ conversationID: id })).data;
    expect(page.isCompleted).toBe(true);
    expect(page.messageList.map(({ ID }) => ID)).toEqual([made.ID]);
  }
});

test("a history is read page by page, newest page first, each oldest first", async () => {
  const [cid, dan] = await Promise.all([login(server, "cid"), login(server, "dan")]);
  for (let count = 1; count <= 33; count += 1) {
    await write(count % 2 === 0 ? cid : dan, count % 2 === 0 ? "dan" : "cid", String(count));
  }
  const pages: string[][] = [];
  let next: string | undefined;
  for (let isCompleted = false; !isCompleted;) {
    const { data } = await cid.chat.getMessageList({ conversationID: "C2Cdan", nextReqMessageID: next });
    pages.push(data.messageList.map(textOf));
    next = data.nextReqMessageID;
    isCompleted = data.isCompleted;
  }
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => String(from + n));
  expect(pages).toEqual([range(19, 33), range(4, 18), range(1, 3)]);
});

test("a message that is sent again is there once", async () => {
  const [eve, fay] = await Promise.all([login(server, "eve"), login(server, "fay")]);
  const message = await write(eve, "fay", "once");
  await eve.chat.resendMessage(message);
  const { data } = await eve.chat.getMessageList({ conversationID: "C2Cfay" });
  expect(data.messageList).toHaveLength(1);
  await until("fay has it", () => received(fay).length > 0);
  await write(eve, "fay", "another");
  await until("fay has the other one", () => received(fay).includes("another"));
  expect(received(fay)).toEqual(["once", "another"]);
});

test("a message that is under way when the server is killed arrives, once", async () => {
  const [gil, hal] = await Promise.all([login(server, "gil"), login(server, "hal")]);
  await write(gil, "hal", "before");
  await until("hal has it", () => received(hal).length > 0);
  const killed = server.kill();
  const sending = [write(gil, "hal", "during 1"), write(gil, "hal", "during 2")];
  await killed;
  await server.restart();
  expect((await Promise.all(sending)).map(({ status }) => status)).toEqual(["success", "success"]);
  await until("hal has them", () => received(hal).length >= 3);
  expect(received(hal)).toEqual(["before", "during 1", "during 2"]);
  const { data } = await hal.chat.getMessageList({ conversationID: "C2Cgil" });
  expect(data.messageList.map(textOf)).toEqual(["before", "during 1", "during 2"]);
});

test("what came while the link was broken is told once it is back, and the lists are right", async () => {
  const [ida, jon] = await Promise.all([login(server, "ida"), login(server, "jon")]);
  await write(jon, "ida", "live");
  await until("ida has it", () => received(ida).length > 0);
  await ida.chat.getFriendList();
  ida.cut();
  await until("ida has noticed", () => ida.heard(EVENT.NET_STATE_CHANGE).at(-1)?.state === "disconnected");
  await write(jon, "ida", "missed 1");
  await write(jon, "ida", "missed 2");
  await jon.chat.addFriend({ to: "ida", source: "AddSource_Type_Web" });
  ida.mend();
  await until("ida has them", () => received(ida).length >= 3);
  expect(received(ida)).toEqual(["live", "missed 1", "missed 2"]);
  expect(await conversations(ida)).toEqual(["C2Cjon missed 2 3"]);
  await until("ida's friends are right", () => ida.heard(EVENT.FRIEND_LIST_UPDATED).at(-1)?.length === 1);
  expect((await ida.chat.getFriendList()).data).toMatchObject([{ userID: "jon", isMutual: true }]);
});

test("own devices see the same: what one sends, reads, pins and deletes, the other one has", async () => {
  const page = await login(server, "kim");
  const app = await login(server, "kim", { platform: "Mac" });
  const [leo, mia] = await Promise.all([login(server, "leo"), login(server, "mia")]);
  await write(page, "leo", "from the page");
  await until("the app has it", () => received(app).length > 0);
  expect(app.heard(EVENT.MESSAGE_RECEIVED).flat()).toMatchObject([{ flow: "out", conversationID: "C2Cleo" }]);
  await write(mia, "kim", "hi");
  await until("both have it", () => received(page).includes("hi") && received(app).includes("hi"));
  await page.chat.pinConversation({ conversationID: "C2Cleo", isPinned: true });
  await page.chat.setAllMessageRead({});
  await until("the app sees it", () => app.chat.getTotalUnreadMessageCount() === 0);
  expect(await conversations(page)).toEqual(["C2Cleo from the page 0 pinned", "C2Cmia hi 0"]);
  expect(await conversations(app)).toEqual(await conversations(page));

  await page.chat.deleteConversation("C2Cleo");
  expect(await conversations(page)).toEqual(["C2Cmia hi 0"]);
  await until("the app sees it", () => app.heard(EVENT.CONVERSATION_LIST_UPDATED).at(-1)?.length === 1);
  expect(await conversations(leo)).toEqual(["C2Ckim from the page 1"]);
  await write(leo, "kim", "back");
  await until("the conversation is back", () => received(page).includes("back"));
  const { data } = await page.chat.getMessageList({ conversationID: "C2Cleo" });
  expect(data.messageList.map(textOf)).toEqual(["back"]);
});

test("a conversation list is filtered by ids, by type and by what was not read", async () => {
  const [nia, oto, pia] = await Promise.all([login(server, "nia"), login(server, "oto"), login(server, "pia")]);
  await write(oto, "nia", "one");
  await write(pia, "nia", "two");
  await until("nia has both", () => received(nia).length === 2);
  await nia.chat.setMessageRead({ conversationID: "C2Coto" });
  const ids = async (...wanted: Parameters<typeof nia.chat.getConversationList>) =>
    (await nia.chat.getConversationList(...wanted)).data.conversationList.map(({ conversationID }) => conversationID);
  expect(await ids()).toEqual(["C2Cpia", "C2Coto"]);
  expect(await ids(["C2Coto", "C2Cnobody"])).toEqual(["C2Coto"]);
  expect(await ids([])).toEqual([]);
  expect(await ids({ hasUnreadCount: true })).toEqual(["C2Cpia"]);
  expect(await ids({ type: TYPES.CONV_GROUP })).toEqual([]);
  const profile = await nia.chat.getConversationProfile("C2Cpia");
  expect(profile.data.conversation).toMatchObject({ unreadCount: 1, userProfile: { userID: "pia" } });
  expect((await nia.chat.getConversationProfile("C2Camy")).data.conversation.unreadCount).toBe(0);
});

test("friends are added, renamed and deleted, on both sides", async () => {
  const [quin, rob] = await Promise.all([login(server, "quin"), login(server, "rob")]);
  expect([(await quin.chat.getFriendList()).data, (await rob.chat.getFriendList()).data]).toEqual([[], []]);
  const added = await quin.chat.addFriend({ to: "rob", source: "AddSource_Type_Web", wording: "hi", remark: "R" });
  expect(added.data).toEqual({ userID: "rob", code: 0 });
  expect(quin.heard(EVENT.FRIEND_LIST_UPDATED).at(-1)).toMatchObject([
    { userID: "rob", remark: "R", isMutual: true },
  ]);
  await until("rob sees it", () => rob.heard(EVENT.FRIEND_LIST_UPDATED).at(-1)?.[0]?.userID === "quin");
  const { data } = await quin.chat.updateFriend({ userID: "rob", remark: "Robby" });
  expect([data.remark, (await quin.chat.getFriendList()).data[0]?.remark]).toEqual(["Robby", "Robby"]);
  const check = await quin.chat.checkFriend({ userIDList: ["rob", "amy"], type: TYPES.SNS_CHECK_TYPE_BOTH });
  expect(check.data.successUserIDList).toEqual([
    { userID: "rob", relation: TYPES.SNS_TYPE_BOTH_WAY },
    { userID: "amy", relation: TYPES.SNS_TYPE_NO_RELATION },
  ]);
  const profiles = await quin.chat.getFriendProfile({ userIDList: ["rob", "amy"] });
  expect(profiles.data).toMatchObject({ friendList: [{ userID: "rob" }], failureUserIDList: [{ code: 31704 }] });

  const gone = await quin.chat.deleteFriend({ userIDList: ["rob", "amy"] });
  expect(gone.data.successUserIDList).toEqual([{ userID: "rob" }]);
  expect(gone.data.failureUserIDList).toMatchObject([{ userID: "amy", code: 31704 }]);
  await until("rob sees it", () => rob.heard(EVENT.FRIEND_LIST_UPDATED).at(-1)?.length === 0);
  expect((await quin.chat.getFriendList()).data).toEqual([]);
});

test("a profile is changed, and friends see it", async () => {
  const [sam, tom] = await Promise.all([login(server, "sam"), login(server, "tom")]);
  await sam.chat.addFriend({ to: "tom" });
  await tom.chat.getFriendList();
  const { data } = await sam.chat.updateMyProfile({ nick: "Sam 三", avatar: "https://example.org/s.png" });
  expect(data).toMatchObject({ userID: "sam", nick: "Sam 三", avatar: "https://example.org/s.png" });
  expect(sam.heard(EVENT.PROFILE_UPDATED).flat()).toMatchObject([{ userID: "sam", nick: "Sam 三" }]);
  expect((await sam.chat.getMyProfile()).data).toEqual(data);
  await until("tom sees it", () => tom.heard(EVENT.PROFILE_UPDATED).flat().at(-1)?.nick === "Sam 三");
  expect((await tom.chat.getFriendList()).data[0]?.profile.nick).toBe("Sam 三");
  expect((await tom.chat.getUserProfile({ userIDList: ["sam", "nobody"] })).data.map(({ nick }) => nick)).toEqual([
    "Sam 三",
  ]);
  const message = tom.chat.createTextMessage({ to: "sam", conversationType: "C2C", payload: { text: "x" } });
  await tom.chat.sendMessage(message);
  await until("sam has it", () => received(sam).length > 0);

  await sam.chat.updateMyProfile({ allowType: TYPES.ALLOW_TYPE_DENY_ANY });
  expect((await sam.chat.getMyProfile()).data).toMatchObject({ nick: "Sam 三", allowType: "AllowType_Type_DenyAny" });
  const una = await login(server, "una");
  expect(await codeOf(una.chat.addFriend({ to: "sam" }))).toBe(30516);
});

test("what cannot be done is refused with a code, and changes nothing", async () => {
  const vic = await login(server, "vic");
  const { chat } = vic;
  const message = chat.createTextMessage({ to: "nobody", conversationType: "C2C", payload: { text: "hello?" } });
  expect(await codeOf(chat.sendMessage(message))).not.toBe(0);
  expect(message.status).toBe("fail");
  const long = chat.createTextMessage({ to: "amy", conversationType: "C2C", payload: { text: "x".repeat(12_289) } });
  expect(await codeOf(chat.sendMessage(long))).toBe(80002);
  expect(() => chat.createTextMessage({ to: "g", conversationType: "GROUP", payload: { text: "x" } })).toThrow(
    "groups",
  );
  expect(await codeOf(chat.sendMessage({ ...message, from: "amy" }))).toBe(6017);
  expect(await codeOf(chat.getMessageList({ conversationID: "GROUPx" }))).toBe(6017);
  expect(await codeOf(chat.setMessageRead({ conversationID: "amy" }))).toBe(6017);
  expect(await codeOf(chat.updateMyProfile({ gender: TYPES.GENDER_MALE } as never))).toBe(6017);
  expect(await codeOf(chat.addFriend({ to: "nobody" }))).not.toBe(0);
  expect(await codeOf(chat.addFriend({ to: "" }))).toBe(7003);
  expect([await conversations(vic), (await chat.getFriendList()).data]).toEqual([[], []]);
});

test("what goes in numbers keeps to the rate by waiting", async () => {
  const app = String(server.app);
  const [yan, zoe] = await Promise.all([login(server, "yan"), login(server, "zoe"), login(server, "zed")]);
  await write(yan, "zoe", "x");
  await write(yan, "zed", "x");
  await server.command("app", "set", app, "--rate-calls", "1", "--rate-window", "1s");
  try {
    await yan.chat.deleteConversation({ conversationIDList: ["C2Czoe", "C2Czed"] });
    expect(await conversations(yan)).toEqual([]);
    // Of two calls of the application, the rate limit refuses the second.
    const calls = [zoe.chat.getMyProfile(), zoe.chat.getMyProfile()];
    expect(await Promise.all(calls.map(codeOf))).toEqual([0, 7008]);
  } finally {
    await server.command("app", "set", app, "--rate-calls", "20", "--rate-window", "5s");
  }
});

test("the switch of friend notification tells of friends without a subscription", async () => {
  const app = String(server.app);
  await server.command("app", "set", app, "--friend-notification", "on");
  try {
    const [wes, xia] = await Promise.all([login(server, "wes"), login(server, "xia")]);
    await server.command("friend", "add", "wes", "xia");
    await xia.chat.setSelfStatus({ customStatus: "for friends" });
    await until("wes hears of her friend", () => wes.told("xia").at(-1)?.customStatus === "for friends");
  } finally {
    await server.command("app", "set", app, "--friend-notification", "off");
  }
});
