/** Tests that a call that has to wait is not continued in the session of another user. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ClientMessageJson } from "../src/gen/wire.js";
import { loggedIn, type Wire } from "./wire.js";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const NOT_LOGGED_IN = { code: 6014 };

function refuse(wire: Wire, { id = "" }: ClientMessageJson): void {
  wire.say({ id, refusal: { code: 7008, message: "too often" } });
}

/** Logs out, and logs in as another user. */
async function becomeBob(wire: Wire): Promise<void> {
  const logout = wire.chat.logout();
  wire.say({ id: wire.last("logout").id ?? "", logout: {} });
  await logout;
  wire.login = {};
  await wire.chat.login({ userID: "bob", userSig: "sig" });
}

test("a refused call is repeated in its own session", async () => {
  const wire = await loggedIn();
  const deleted = wire.chat.deleteConversation("C2Cdave");
  refuse(wire, wire.last("deleteConversation"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(wire.kinds).toEqual(["deleteConversation", "deleteConversation"]);
  wire.say({ id: wire.last("deleteConversation").id ?? "", deleteConversation: {} });
  await deleted;
});

test("a refused call is not repeated for the next user", async () => {
  const wire = await loggedIn();
  const deleted = expect(
    wire.chat.deleteConversation({ conversationIDList: ["C2Cdave", "C2Ccid"] }),
  ).rejects.toMatchObject(NOT_LOGGED_IN);
  const read = expect(wire.chat.setMessageRead({ conversationID: "C2Cdave" })).rejects.toMatchObject(NOT_LOGGED_IN);
  wire.sent.slice().forEach((message) => {
    refuse(wire, message);
  });
  await becomeBob(wire);
  wire.sent.length = 0;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(wire.kinds.filter((kind) => kind !== "heartbeat")).toEqual([]);
  await Promise.all([deleted, read]);
});

test("a refused call is not repeated for the next user whose login waits for the logout", async () => {
  const wire = await loggedIn();
  const deleted = expect(wire.chat.deleteConversation("C2Cdave")).rejects.toMatchObject(NOT_LOGGED_IN);
  refuse(wire, wire.last("deleteConversation"));
  const logout = wire.chat.logout();
  const login = wire.chat.login({ userID: "bob", userSig: "sig" });
  await vi.advanceTimersByTimeAsync(1_500);
  wire.say({ id: wire.last("logout").id ?? "", logout: {} });
  await Promise.all([logout, login]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(wire.kinds.filter((kind) => kind === "deleteConversation")).toHaveLength(1);
  await deleted;
});

test("a call that reads a list first does not change the conversations of the next user", async () => {
  const wire = await loggedIn();
  const conversation = { peer: "dave", unread: 1, lastMessage: { from: "dave", sequence: "1" } };
  wire.say({ listsChanged: { listsVersion: "1", conversations: [conversation] } });
  const read = expect(wire.chat.setAllMessageRead()).rejects.toMatchObject(NOT_LOGGED_IN);
  const logout = wire.chat.logout();
  const login = wire.chat.login({ userID: "bob", userSig: "sig" });
  await vi.advanceTimersByTimeAsync(0);
  wire.say({ id: wire.last("logout").id ?? "", logout: {} });
  await Promise.all([logout, login]);
  await vi.advanceTimersByTimeAsync(0);
  expect(wire.kinds).toEqual(["logout"]);
  await read;
});

test("a list of one user is not completed with the pages of the next user", async () => {
  const wire = await loggedIn({ listsVersion: "1" });
  const asked = expect(wire.chat.getFriendList()).rejects.toMatchObject(NOT_LOGGED_IN);
  await vi.advanceTimersByTimeAsync(0);
  refuse(wire, wire.last("getFriendList"));
  await becomeBob(wire);
  wire.sent.length = 0;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(wire.kinds).not.toContain("getFriendList");
  await asked;
});
