/** Tests that a failed message is marked as sent when the server reports that it has stored the message. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import Lamplight, { type Message } from "../src/index.js";
import { CALL_TIMEOUT } from "../src/machine/driver.js";
import { loggedIn, type Wire } from "./wire.js";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/**
 * Returns a client, a message of it that was not answered in time, the array of `MESSAGE_MODIFIED` events, and the
 * stored message.
 */
async function failed(): Promise<{ wire: Wire; message: Message; modified: Message[]; there: object }> {
  const wire = await loggedIn();
  const modified: Message[] = [];
  wire.chat.on(Lamplight.EVENT.MESSAGE_MODIFIED, ({ data }) => modified.push(...data));
  wire.chat.on(Lamplight.EVENT.MESSAGE_RECEIVED, ({ data }) => {
    throw new Error(`nobody has to be told of ${JSON.stringify(data)}`);
  });
  const message = wire.chat.createTextMessage({ to: "bob", conversationType: "C2C", payload: { text: "hi" } });
  const refused = expect(wire.chat.sendMessage(message)).rejects.toMatchObject({ code: 9520 });
  // A message of the server in the meantime keeps the link alive.
  await vi.advanceTimersByTimeAsync(CALL_TIMEOUT / 2);
  wire.say({ heartbeat: {} });
  await vi.advanceTimersByTimeAsync(CALL_TIMEOUT / 2);
  await refused;
  expect(message.status).toBe("fail");
  const there = { ...wire.last("sendMessage").sendMessage, from: "me", sequence: "7", time: "5000" };
  return { wire, message, modified, there };
}

function expectArrived(message: Message, modified: Message[]): void {
  expect(message).toMatchObject({ status: "success", sequence: 7, time: 5 });
  expect(modified).toEqual([message]);
}

test("by an answer that comes late", async () => {
  const { wire, message, modified, there } = await failed();
  const { id = "" } = wire.last("sendMessage");
  wire.say({ id, sendMessage: { message: there, listsVersion: "1" } });
  expectArrived(message, modified);
  expect((await wire.chat.getConversationList()).data.conversationList).toMatchObject([
    { conversationID: "C2Cbob", lastMessage: { messageForShow: "hi" } },
  ]);
});

test("by the history", async () => {
  const { wire, message, modified, there } = await failed();
  const page = wire.chat.getMessageList({ conversationID: "C2Cbob" });
  await vi.advanceTimersByTimeAsync(0);
  wire.say({ id: wire.last("getHistory").id ?? "", getHistory: { messages: [there], finished: true } });
  expect((await page).data.messageList).toMatchObject([{ ID: message.ID, status: "success" }]);
  expectArrived(message, modified);
});

test("by what the server tells of the lists", async () => {
  const { wire, message, modified, there } = await failed();
  wire.say({ listsChanged: { listsVersion: "1", messages: [there] } });
  expectArrived(message, modified);
});

test("by the lists that are read again after the link was broken", async () => {
  const { wire, message, modified, there } = await failed();
  wire.login = { listsVersion: "1" };
  wire.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  const conversation = { peer: "bob", lastMessage: there, activeAt: "5000" };
  wire.say({ id: wire.last("getFriendList").id ?? "", getFriendList: { finished: true, listsVersion: "1" } });
  wire.say({
    id: wire.last("getConversationList").id ?? "",
    getConversationList: { conversations: [conversation], listsVersion: "1" },
  });
  await vi.advanceTimersByTimeAsync(0);
  wire.say({ id: wire.last("getHistory").id ?? "", getHistory: { messages: [there], finished: true } });
  await vi.advanceTimersByTimeAsync(0);
  expectArrived(message, modified);
});

test("a message of another client with the same id is another one", async () => {
  const { wire, message, modified, there } = await failed();
  const page = wire.chat.getMessageList({ conversationID: "C2Cbob" });
  await vi.advanceTimersByTimeAsync(0);
  const others = [{ ...there, from: "bob", to: "me" }];
  wire.say({ id: wire.last("getHistory").id ?? "", getHistory: { messages: others, finished: true } });
  await page;
  expect([message.status, modified]).toEqual(["fail", []]);
});

test("a message that was sent again and answered is told by its own call alone", async () => {
  const { wire, message, modified, there } = await failed();
  const again = wire.chat.resendMessage(message);
  await vi.advanceTimersByTimeAsync(0);
  const { id = "" } = wire.last("sendMessage");
  wire.say({ id, sendMessage: { message: there, repeatedSend: true, listsVersion: "1" } });
  await again;
  expect([message.status, modified]).toEqual(["success", []]);
});
