/**
 * Tests `@lamplight/chat/compat` with a real server. That module is for programs that were written for the cloud's SDK.
 */

import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import WebSocket from "ws";
import Lamplight, { type ChatSDK, type Message } from "../../src/compat/index.js";
import { Server, until } from "./server.js";

const { EVENT, TYPES } = Lamplight;

vi.stubGlobal("WebSocket", WebSocket);

let server: Server;
const made: ChatSDK[] = [];

beforeAll(async () => {
  server = await Server.start();
});

afterEach(async () => {
  await Promise.all(made.splice(0).map((chat) => chat.destroy()));
});

afterAll(() => server.end());

/** Creates a client with its own copy of the module. The same copy would return the same client for the same app. */
async function client(): Promise<{ sdk: typeof Lamplight; chat: ChatSDK }> {
  vi.resetModules();
  const { default: sdk } = await import("../../src/compat/index.js");
  const chat = sdk.create({ SDKAppID: server.app, proxyServer: server.url });
  chat.setLogLevel(4);
  made.push(chat);
  return { sdk, chat };
}

async function loggedIn(userID: string): Promise<ChatSDK> {
  const { chat } = await client();
  const ready = new Promise((fulfil) => {
    chat.once(EVENT.SDK_READY, fulfil);
  });
  await chat.login({ userID, userSig: await server.sig(userID) });
  await ready;
  return chat;
}

async function refusal(call: Promise<unknown>): Promise<{ code: number; message: string; data: unknown }> {
  return (await call.then(
    () => ({ code: 0 }),
    (error: unknown) => error,
  )) as { code: number; message: string; data: unknown };
}

test("SDK_READY is told after the login has resolved, and only then it is ready", async () => {
  const { chat } = await client();
  const order: string[] = [];
  chat.on(EVENT.SDK_READY, () => order.push(`ready ${String(chat.isReady())}`));
  const userSig = await server.sig("early");
  const { data } = (await chat.login({ userID: "early", userSig }).then((answer: unknown) => {
    order.push(`login ${String(chat.isReady())}`);
    return answer;
  })) as { data: { repeatLogin?: boolean } };
  // A listener that is added when the login has resolved still gets the event.
  const late = new Promise((fulfil) => {
    chat.on(EVENT.SDK_READY, fulfil);
  });
  expect(data.repeatLogin).toBeUndefined();
  await late;
  expect(order).toEqual(["login false", "ready true"]);

  const again = (await chat.login({ userID: "early", userSig: await server.sig("early") })) as {
    data: { repeatLogin?: boolean };
  };
  expect(again.data.repeatLogin).toBe(true);
  await chat.logout();
  expect(chat.isReady()).toBe(false);
  expect(order).toHaveLength(2);
});

test("destroy while a login is under way leaves nobody logged in, and nothing is told", async () => {
  const { chat } = await client();
  const heard: unknown[] = [];
  chat.on(EVENT.SDK_READY, () => heard.push("ready"));
  const login = refusal(chat.login({ userID: "hasty", userSig: await server.sig("hasty") }));
  await chat.destroy();
  await login;
  expect([chat.isReady(), chat.getLoginUser().toString()]).toEqual([false, ""]);
  expect((await refusal(chat.login({ userID: "hasty", userSig: await server.sig("hasty") }))).code).toBe(2999);
  const watcher = await loggedIn("watcher");
  await vi.waitFor(async () => {
    const gone: number = TYPES.USER_STATUS_UNLOGINED;
    const { data } = (await watcher.getUserStatus({ userIDList: ["hasty"] }).catch(() => ({
      data: { successUserList: [] },
    }))) as { data: { successUserList: { statusType: number }[] } };
    // The account either does not exist or is not logged in.
    expect(data.successUserList.filter(({ statusType }) => statusType !== gone)).toEqual([]);
  });
  expect(heard).toEqual([]);
});

test("statuses, messages and conversations, as a program of the cloud has them", async () => {
  const alice = await loggedIn("alice");
  const bob = await loggedIn("bob");
  expect(await alice.callExperimentalAPI("isCommercialAbilityEnabled", 2 ** 7)).toEqual({
    code: 0,
    data: { enabled: true },
  });

  const told: { userID: string; customStatus: string }[] = [];
  alice.on(EVENT.USER_STATUS_UPDATED, ({ data }: { data: typeof told }) => told.push(...data));
  await alice.subscribeUserStatus({ userIDList: ["bob"] });
  await bob.setSelfStatus({ customStatus: "here" });
  await until("bob tells of it", () =>
    told.some(({ userID, customStatus }) => userID === "bob" && customStatus === "here"),
  );

  const received: Message[] = [];
  bob.on(EVENT.MESSAGE_RECEIVED, ({ data }: { data: Message[] }) => received.push(...data));
  const message = alice.createTextMessage({
    to: "bob",
    conversationType: TYPES.CONV_C2C,
    payload: { text: "hello" },
    cloudCustomData: '{"messageFeature":{}}',
  });
  const sent = (await alice.sendMessage(message, { offlinePushInfo: {} })) as { data: { message: Message } };
  expect(sent.data.message).toBe(message);
  expect([message.status, alice.findMessage(message.ID)]).toEqual(["success", message]);
  await until("bob has the message", () => received.length === 1);
  expect(bob.findMessage(received[0]?.ID ?? "")?.payload).toEqual({ text: "hello" });

  const forwarded = bob.createForwardMessage({
    to: "alice",
    conversationType: TYPES.CONV_C2C,
    payload: received[0],
  });
  await bob.sendMessage(forwarded);
  const { data } = (await alice.getMessageList({ conversationID: "C2Cbob" })) as { data: { messageList: Message[] } };
  expect(data.messageList.map(({ payload }) => payload as unknown)).toEqual([{ text: "hello" }, { text: "hello" }]);
});

test("a message that was made before the login is sent after it", async () => {
  const { chat } = await client();
  const message = chat.createTextMessage({
    to: "alice",
    conversationType: TYPES.CONV_C2C,
    payload: { text: "written early" },
  });
  await chat.login({ userID: "writer", userSig: await server.sig("writer") });
  await chat.sendMessage(message);
  expect(message).toMatchObject({ from: "writer", status: "success" });
  expect(chat.findMessage(message.ID)).toBe(message);
});

test("what there is not answers as empty, or is refused with 3122", async () => {
  const chat = await loggedIn("asker");
  const answers = await Promise.all([
    chat.getGroupList(),
    chat.getFriendGroupList(),
    chat.getFriendApplicationList(),
    chat.getMessageReactions({ messageList: [{ ID: "m" }] }),
    chat.getConversationList({ markType: 1 }),
  ]);
  expect(answers).toEqual([
    { code: 0, data: { groupList: [] } },
    { code: 0, data: [] },
    { code: 0, data: { friendApplicationList: [], unreadCount: 0 } },
    { code: 0, data: { resultList: [{ messageID: "m", reactionList: [] }] } },
    { code: 0, data: { conversationList: [], isSyncCompleted: true } },
  ]);
  for (const call of [
    chat.createGroup({ name: "x" }),
    chat.followUser(["alice"]),
    chat.addMessageReaction({}, "like"),
    chat.revokeMessage({}),
  ]) {
    expect((await refusal(call)).code).toBe(3122);
  }
  const picture = chat.createImageMessage({ to: "alice", conversationType: TYPES.CONV_C2C, payload: { file: {} } });
  const toGroup = chat.createTextMessage({ to: "g", conversationType: TYPES.CONV_GROUP, payload: { text: "x" } });
  const brief = chat.createTextMessage({ to: "alice", conversationType: TYPES.CONV_C2C, payload: { text: "x" } });
  for (const [message, options] of [
    [picture, {}],
    [toGroup, {}],
    [brief, { onlineUserOnly: true }],
  ] as const) {
    expect(await refusal(chat.sendMessage(message, options))).toMatchObject({ code: 3122, data: { message } });
    expect(message.status).toBe("fail");
  }
});

test("a refusal of the server keeps its code, and has data", async () => {
  const chat = await loggedIn("loner");
  const message = chat.createTextMessage({
    to: "nobody-at-all",
    conversationType: TYPES.CONV_C2C,
    payload: { text: "x" },
  });
  expect(await refusal(chat.sendMessage(message))).toMatchObject({ code: 70107, data: { message } });
  const many = Array.from({ length: 501 }, (_, number) => `user${number}`);
  expect(await refusal(chat.getUserStatus({ userIDList: many }))).toMatchObject({ code: 70206, data: {} });
});

test("a draft stays with its conversation while the page does", async () => {
  const chat = await loggedIn("drafter");
  const message = chat.createTextMessage({ to: "alice", conversationType: TYPES.CONV_C2C, payload: { text: "x" } });
  await chat.sendMessage(message);
  const lists: { conversationID: string; draftText: string }[][] = [];
  chat.on(EVENT.CONVERSATION_LIST_UPDATED, ({ data }: { data: (typeof lists)[number] }) => lists.push(data));
  await chat.setConversationDraft({ conversationID: "C2Calice", draftText: "half a" });
  expect(lists.at(-1)).toMatchObject([{ conversationID: "C2Calice", draftText: "half a" }]);
  const read = async () =>
    ((await chat.getConversationProfile("C2Calice")) as { data: { conversation: { draftText: string } } }).data
      .conversation.draftText;
  expect(await read()).toBe("half a");
  await chat.setConversationDraft({ conversationID: "C2Calice", draftText: "" });
  expect(await read()).toBe("");
  expect((await refusal(chat.setConversationDraft({ conversationID: "nonsense", draftText: "x" }))).code).toBe(6017);
});
