/** Tests the calls about the block list and the visibility. The test itself acts as the server. */

import { expect, test } from "vitest";
import Lamplight from "../src/index.js";
import { loggedIn, type Wire } from "./wire.js";

/** Lets the answers that were sent reach their callers. */
function turn(): Promise<unknown> {
  return new Promise((fulfil) => setImmediate(fulfil));
}

/** Answers the last request for the block list. */
function sayBlocked(wire: Wire, users: string[], listsVersion: string): void {
  const blocked = users.map((userId) => ({ userId, blockedAt: "1" }));
  const getBlockList = { blocked, visibility: "VISIBILITY_FRIENDS" as const, listsVersion };
  wire.say({ id: wire.last("getBlockList").id ?? "", getBlockList });
}

/** Returns a client whose block list has `eve`, and the events about the block list and the visibility. */
async function blocking() {
  const wire = await loggedIn({ listsVersion: "5" });
  const told: unknown[] = [];
  wire.chat.on(Lamplight.EVENT.BLACKLIST_UPDATED, ({ data }) => told.push(data));
  wire.chat.on(Lamplight.EVENT.VISIBILITY_UPDATED, ({ data }) => told.push(data));
  const read = wire.chat.getBlacklist();
  await turn();
  sayBlocked(wire, ["eve"], "5");
  expect(await read).toEqual({ code: 0, data: ["eve"] });
  return { wire, chat: wire.chat, told };
}

test("the block list is an array of userIDs, and is kept up to date by the client's own calls", async () => {
  const { wire, chat, told } = await blocking();
  const adding = chat.addToBlacklist({ userIDList: ["bob", "eve", "bob", "ghost"] });
  expect(wire.last("blockUsers").blockUsers).toEqual({ userIds: ["bob", "eve", "ghost"] });
  const failures = [
    { userId: "eve", code: 31307, message: "there already" },
    { userId: "ghost", code: 70107, message: "no such account" },
  ];
  const blocked = [{ userId: "bob", blockedAt: "2" }];
  wire.say({ id: wire.last("blockUsers").id ?? "", blockUsers: { blocked, failures, listsVersion: "6" } });
  expect(await adding).toEqual({
    code: 0,
    data: ["bob", "eve"],
    failureUserList: [{ userID: "ghost", code: 70107, message: "no such account" }],
  });
  const removing = chat.removeFromBlacklist({ userIDList: ["eve", "ann"] });
  const notThere = [{ userId: "ann", code: 31503, message: "not on it" }];
  wire.say({
    id: wire.last("unblockUsers").id ?? "",
    unblockUsers: { failures: notThere, listsVersion: "7" },
  });
  expect(await removing).toEqual({ code: 0, data: ["eve", "ann"], failureUserList: [] });
  expect(await chat.getBlacklist()).toEqual({ code: 0, data: ["bob"] });
  expect(told).toEqual([["bob", "eve"], ["bob"]]);
  expect(wire.kinds.filter((kind) => kind === "getBlockList")).toHaveLength(1);
});

test("a call that fails for every user is rejected with the code of the first one", async () => {
  const { wire, chat, told } = await blocking();
  const adding = chat.addToBlacklist({ userIDList: ["ghost", "bob"] });
  const failures = [
    { userId: "ghost", code: 70107, message: "no such account" },
    { userId: "bob", code: 31306, message: "full" },
  ];
  wire.say({ id: wire.last("blockUsers").id ?? "", blockUsers: { failures, listsVersion: "5" } });
  await expect(adding).rejects.toMatchObject({ code: 70107, message: "no such account" });
  const self = chat.addToBlacklist({ userIDList: ["me"] });
  wire.say({ id: wire.last("blockUsers").id ?? "", refusal: { code: 6017, message: "that is you" } });
  await expect(self).rejects.toMatchObject({ code: 6017 });
  expect(told).toEqual([]);
});

test("the visibility is read with the block list, set by a call, and reported", async () => {
  const { wire, chat, told } = await blocking();
  expect(await chat.getVisibility()).toEqual({ code: 0, data: "friends" });
  const setting = chat.setVisibility("nobody");
  expect(wire.last("setVisibility").setVisibility).toEqual({ visibility: "VISIBILITY_NOBODY" });
  wire.say({ id: wire.last("setVisibility").id ?? "", setVisibility: { listsVersion: "6" } });
  expect(await setting).toEqual({ code: 0, data: "nobody" });
  wire.say({ listsChanged: { listsVersion: "7", visibility: "VISIBILITY_EVERYONE" } });
  wire.say({ listsChanged: { listsVersion: "8", blocked: [{ userId: "bob" }], unblocked: ["eve"] } });
  expect(told).toEqual(["nobody", "everyone", ["bob"]]);
  expect((await chat.getVisibility()).data).toBe("everyone");
});

test("too many changes for one message: the block list and the visibility are read again", async () => {
  const { wire, chat, told } = await blocking();
  wire.say({ listsChanged: { listsVersion: "9", reload: true } });
  await turn();
  sayBlocked(wire, ["bob"], "9");
  await turn();
  expect(told).toEqual([["bob"]]);
  expect((await chat.getBlacklist()).data).toEqual(["bob"]);
});

test("a visibility that was only set or reported is read again after missed changes", async () => {
  const wire = await loggedIn({ listsVersion: "5" });
  const told: unknown[] = [];
  wire.chat.on(Lamplight.EVENT.VISIBILITY_UPDATED, ({ data }) => told.push(data));
  wire.chat.on(Lamplight.EVENT.BLACKLIST_UPDATED, ({ data }) => told.push(data));
  const setting = wire.chat.setVisibility("nobody");
  wire.say({ id: wire.last("setVisibility").id ?? "", setVisibility: { listsVersion: "6" } });
  await setting;
  wire.say({ listsChanged: { listsVersion: "9", reload: true } });
  await turn();
  sayBlocked(wire, ["bob"], "9");
  await turn();
  expect(told).toEqual(["nobody", "friends"]);
});

test("a message to a user who has blocked the sender is refused with 20007 and its text", async () => {
  const wire = await loggedIn();
  const message = wire.chat.createTextMessage({ to: "eve", conversationType: "C2C", payload: { text: "hi" } });
  const sending = wire.chat.sendMessage(message);
  const refusal = { code: Lamplight.CODES.BLOCKED.number, message: "blocked by the recipient" };
  wire.say({ id: wire.last("sendMessage").id ?? "", refusal });
  await expect(sending).rejects.toMatchObject({ code: 20007, message: "blocked by the recipient" });
  expect(message.status).toBe("fail");
});
