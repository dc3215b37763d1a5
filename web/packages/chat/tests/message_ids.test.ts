/** Tests that each message has a unique ID, even if other clients and backends reuse theirs. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import Lamplight, { type Message } from "../src/index.js";
import type { MessageJson } from "../src/gen/wire.js";
import { ListsServer } from "./lists_server.js";
import { textOf } from "./text_of.js";
import { loggedIn, type Wire } from "./wire.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Messages of a backend that always uses the same `MsgRandom`. */
const SAME: MessageJson[] = [
  { from: "bob", to: "me", sequence: "1", time: "1000", text: "one", clientMessageId: "api:0_7" },
  { from: "bob", to: "me", sequence: "2", time: "2000", text: "two", clientMessageId: "api:0_7" },
];

function received(wire: Wire): Message[] {
  const told: Message[] = [];
  wire.chat.on(Lamplight.EVENT.MESSAGE_RECEIVED, ({ data }) => told.push(...data));
  return told;
}

test("messages of the server API with one client id are two, and the same when they are told and in the history", async () => {
  const wire = await loggedIn();
  const told = received(wire);
  wire.say({ listsChanged: { listsVersion: "1", messages: SAME } });
  expect(told.map(textOf)).toEqual(["one", "two"]);
  expect(new Set(told.map(({ ID }) => ID)).size).toBe(2);

  const page = wire.chat.getMessageList({ conversationID: "C2Cbob" });
  await vi.advanceTimersByTimeAsync(0);
  const messages = SAME.toReversed();
  wire.say({ id: wire.last("getHistory").id ?? "", getHistory: { messages, finished: true } });
  expect((await page).data.messageList.map(({ ID }) => ID)).toEqual(told.map(({ ID }) => ID));
});

test("a message of this SDK has the ID that it was made with, for its receiver too", async () => {
  const [mine, theirs] = [await loggedIn(), await loggedIn()];
  const made = mine.chat.createTextMessage({ to: "bob", conversationType: "C2C", payload: { text: "hi" } });
  const sent = mine.chat.sendMessage(made);
  await vi.advanceTimersByTimeAsync(0);
  const message = { ...mine.last("sendMessage").sendMessage, from: "me", sequence: "3", time: "3000" };
  mine.say({ id: mine.last("sendMessage").id ?? "", sendMessage: { message, listsVersion: "1" } });
  await sent;
  const told = received(theirs);
  theirs.say({ listsChanged: { listsVersion: "1", messages: [message] } });
  expect(told.map(({ ID }) => ID)).toEqual([made.ID]);
});

test("a message is told although another user gave it the client id of an own one", async () => {
  const wire = await loggedIn();
  const told = received(wire);
  const made = wire.chat.createTextMessage({ to: "bob", conversationType: "C2C", payload: { text: "hi" } });
  const clientMessageId = made.ID.slice("me-".length);
  const copy = { from: "bob", to: "me", sequence: "1", time: "1000", text: "copied", clientMessageId };
  wire.say({ listsChanged: { listsVersion: "1", messages: [copy] } });
  expect(told.map(textOf)).toEqual(["copied"]);
});

test("a message that was missed is told although one with its client id is told while the lists are read", async () => {
  const server = new ListsServer();
  server.isUp = true;
  server.receive("bob", "first");
  server.login();
  await server.settle();
  server.down();
  server.receive("bob", "missed", "api:0_7");
  server.up();
  server.receive("bob", "while reading", "api:0_7");
  await server.settle();
  expect(server.application.messages.toSorted()).toEqual(["first", "missed", "while reading"]);
});
