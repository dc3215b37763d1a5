/** Tests that the copies of the lists stay correct. The server is in memory, and behaves as badly as a real one may. */

import { expect, test } from "vitest";
import { inOrder, totalUnread } from "../src/lists/lists.js";
import { ListsServer } from "./lists_server.js";
import { randomOf } from "./random.js";

/** Creates a server with some lists, and a client that has read the lists. */
async function world(): Promise<ListsServer> {
  const server = new ListsServer();
  ["ann", "bob", "cid", "dan", "eve"].forEach((peer) => {
    server.receive(peer, `first of ${peer}`);
  });
  server.befriend("ann", "A");
  server.befriend("bob", "");
  server.down();
  server.login();
  void server.sync.friends();
  await server.settle();
  return server;
}

/** Checks that the client's copies equal the server's lists. */
function expectTrue(server: ListsServer): void {
  const { sync, application } = server;
  const brief = ({ peer, lastMessage, unread, pinned, remark }: (typeof sync.shownConversations)[number]) =>
    [peer, lastMessage?.text, unread ?? 0, pinned ?? false, remark ?? ""].join(" ");
  expect(sync.shownConversations.map(brief)).toEqual(inOrder(server.conversations.values()).map(brief));
  const friends = (rows: Iterable<{ userId?: string; remark?: string }>) =>
    [...rows].map(({ userId, remark }) => `${userId ?? ""} ${remark ?? ""}`).sort();
  expect(friends(sync.shownFriends)).toEqual(friends(server.friends.values()));
  expect(sync.shownBlocked).toEqual([...server.blocked].sort());
  expect(sync.unread).toBe(totalUnread(server.conversations.values()));
  expect(application.unread).toBe(sync.unread);
  expect(application.failures).toEqual([]);
}

test("a user without friends and messages costs no request", async () => {
  const server = new ListsServer();
  server.sync.connected({}, false);
  await server.settle();
  expect([await server.sync.conversations(), await server.sync.friends()]).toEqual([[], []]);
  expect(server.answers.size).toBe(0);
});

test("lists are read page by page once, and kept true by what is told", async () => {
  const server = await world();
  expectTrue(server);
  expect(server.answers).toEqual(
    new Map([
      ["getConversationList", 3],
      ["getFriendList", 1],
    ]),
  );
  server.receive("bob", "again");
  server.pin("cid", true);
  server.read("ann");
  server.delete("dan");
  server.befriend("eve", "E");
  server.unfriend("ann");
  await server.settle();
  expectTrue(server);
  await Promise.all([server.sync.conversations(), server.sync.friends()]);
  expect(server.answers.get("getConversationList")).toBe(3);
  expect(server.application.messages).toEqual(["again"]);
});

test("the block list and the visibility are read once together, and kept true by what is told", async () => {
  const server = await world();
  server.block("eve");
  server.showTo("VISIBILITY_FRIENDS");
  server.down();
  server.login();
  const read = Promise.all([server.sync.blocked(), server.sync.visibility()]);
  await server.settle();
  expect(await read).toEqual([["eve"], "VISIBILITY_FRIENDS"]);
  const { application } = server;
  expect([application.blocked, application.visibilities], "a first reading is no change").toEqual([[], []]);
  server.block("bob");
  server.block("eve", false);
  server.showTo("VISIBILITY_NOBODY");
  await server.settle();
  expect(application.blocked).toEqual(["bob eve", "bob"]);
  expect(application.visibilities).toEqual(["VISIBILITY_NOBODY"]);
  expect([await server.sync.blocked(), await server.sync.visibility()]).toEqual([["bob"], "VISIBILITY_NOBODY"]);
  expect(server.answers.get("getBlockList")).toBe(1);
});

test("a change of a block list that was never read is told with the whole list", async () => {
  const server = await world();
  server.block("eve");
  server.down();
  server.login();
  await server.settle();
  server.block("bob");
  server.showTo("VISIBILITY_NOBODY");
  await server.settle();
  expect(server.application.blocked.at(-1)).toBe("bob eve");
  expect(server.application.visibilities).toEqual(["VISIBILITY_NOBODY"]);
  expect(server.sync.shownBlocked).toEqual(["bob", "eve"]);
});

test("what was blocked and hidden while the link was broken is told after it", async () => {
  const server = await world();
  void server.sync.blocked();
  await server.settle();
  server.down();
  server.block("eve");
  server.showTo("VISIBILITY_NOBODY");
  server.up();
  await server.settle();
  expect(server.application.blocked).toEqual(["eve"]);
  expect(server.application.visibilities).toEqual(["VISIBILITY_NOBODY"]);
  expectTrue(server);
});

test("a block list that was read before a change does not undo the change", async () => {
  const server = await world();
  const read = server.sync.blocked();
  await server.deliver();
  server.answer();
  server.block("eve");
  server.showTo("VISIBILITY_NOBODY");
  await server.settle();
  expect(await read).toEqual([]);
  expect([server.sync.shownBlocked, await server.sync.visibility()]).toEqual([["eve"], "VISIBILITY_NOBODY"]);
  server.sync.changed({ blocked: [{ userId: "old" }], visibility: "VISIBILITY_EVERYONE", listsVersion: "1" });
  expect(await server.sync.visibility()).toBe("VISIBILITY_NOBODY");
});

/** Creates a server with `size` conversations, and a client that has logged in. */
function crowd(size: number): ListsServer {
  const server = new ListsServer();
  for (let n = 0; n < size; n += 1) {
    server.receive(`peer ${n}`, "x");
  }
  server.down();
  server.login();
  return server;
}

test("pages are shown as they come, with the number of all unread messages", async () => {
  const server = crowd(5);
  const { sync, application } = server;
  const whole = sync.conversations();
  await server.deliver();
  const seen: string[] = [];
  while (server.answer()) {
    await server.deliver();
    seen.push(
      `${sync.shownConversations.length} shown, ${application.unread} unread, told ${application.rowsShown.length}`,
    );
  }
  expect(seen).toEqual(["2 shown, 5 unread, told 1", "4 shown, 5 unread, told 2", "5 shown, 5 unread, told 3"]);
  expect(sync.conversation("peer 0")?.unread).toBe(1);
  expect(await whole, "who asks for the list gets all of it").toHaveLength(5);
  expectTrue(server);
});

test("a first reading that begins again never shows fewer rows than before", async () => {
  const server = crowd(7);
  const { application } = server;
  await server.deliver();
  for (let page = 1; server.answer(); page += 1) {
    await server.deliver();
    if (page === 2) {
      server.befriend("peer 1", "a new friend");
      await server.deliver();
    }
  }
  expect(server.answers.get("getConversationList")).toBe(3 + 4);
  expect(application.rowsShown).toEqual([2, 4, 6, 7]);
  expectTrue(server);
});

test("many pages in a row leave the application room for calls of its own", async () => {
  const server = crowd(40);
  await server.settle();
  expectTrue(server);
  // Twenty pages: eight without a pause, and one after each of twelve pauses.
  expect([server.answers.get("getConversationList"), server.pauses]).toEqual([20, 12]);

  server.down();
  for (let n = 0; n < 11; n += 1) {
    server.receive(`peer ${n}`, `missed ${n}`);
  }
  server.up();
  server.pauses = 0;
  await server.settle();
  expectTrue(server);
  expect([server.answers.get("getHistory"), server.application.messages.length]).toEqual([11, 11]);
  expect(server.pauses).toBe(12 + 3);
});

test("who logs out between two pages reads no further, whoever logs in then", async () => {
  const server = crowd(40);
  const { sync } = server;
  let endPause: () => void = () => undefined;
  server.afterPause = new Promise((fulfil) => {
    endPause = fulfil;
  });
  const asked = sync.conversations();
  await server.settle();
  expect(server.pauses).toBe(1);
  sync.ended();
  sync.connected({}, false);
  endPause();
  await expect(asked).rejects.toMatchObject({ code: 6014 });
  await server.settle();
  expect(server.answers.get("getConversationList")).toBe(8);
  expect(sync.shownConversations).toEqual([]);
});

test("what comes while a list is read is neither lost nor overwritten by an older page", async () => {
  const server = await world();
  server.overflow();
  await server.deliver();
  // The rows of the first page change after it was written and before it arrives.
  server.receive("eve", "newer than the page");
  server.answer();
  server.delete("dan");
  server.receive("dan", "back again");
  server.pin("ann", true);
  await server.settle();
  expectTrue(server);
  expect(server.application.messages).toEqual(["newer than the page", "back again"]);
});

test("a row that went is not brought back by a page that was written before", async () => {
  const server = new ListsServer();
  ["ann", "bob", "cid"].forEach((peer) => {
    server.receive(peer, "x");
  });
  server.down();
  server.login();
  await server.deliver();
  server.answer();
  const late = server.version;
  // This change arrives before the page, although the page is older.
  server.conversations.delete("cid");
  server.version = late + 1;
  server.sync.changed({ deletedConversations: ["cid"], listsVersion: String(late + 1) });
  await server.settle();
  expectTrue(server);
});

test("a link that breaks and finds nothing changed costs no request", async () => {
  const server = await world();
  const before = new Map(server.answers);
  server.down();
  server.up();
  await server.settle();
  expect(server.answers).toEqual(before);
});

test("after a broken link the lists are right, and what was missed is told in order, once", async () => {
  const server = await world();
  server.down();
  server.receive("bob", "missed 1");
  server.receive("zoe", "missed 2");
  server.receive("bob", "missed 3");
  server.befriend("cid", "C");
  server.up();
  await server.settle();
  expectTrue(server);
  expect(server.application.messages).toEqual(["missed 1", "missed 2", "missed 3"]);
  server.down();
  server.up();
  await server.settle();
  expect(server.application.messages).toHaveLength(3);
});

test("what comes while missed messages are fetched is not told twice", async () => {
  const server = await world();
  server.down();
  server.receive("bob", "missed");
  server.up();
  server.receive("bob", "live");
  await server.settle();
  expectTrue(server);
  expect(server.application.messages.toSorted()).toEqual(["live", "missed"]);
});

test("a link that breaks again while the lists are read again leaves nothing out", async () => {
  const server = await world();
  server.down();
  server.receive("bob", "missed 1");
  server.up();
  await server.deliver();
  // All pages of the conversations arrive. The request for the friends then is the first one that waits.
  expect(server.answer()).toBe(true);
  await server.deliver();
  for (let page = 2; page <= 3; page += 1) {
    expect(server.answer(1)).toBe(true);
    await server.deliver();
  }
  server.down();
  server.receive("bob", "missed 2");
  server.up();
  await server.settle();
  expectTrue(server);
  expect(server.application.messages).toEqual(["missed 1", "missed 2"]);
});

test("an own message moves its conversation up, or makes it, with the profile of the peer", async () => {
  const server = await world();
  server.send("ann", "hello");
  server.send("yan", "who are you?");
  await server.settle();
  expectTrue(server);
  expect(server.sync.conversation("yan")?.profile?.nick).toBe("nick of yan");
  expect(server.application.messages).toEqual([]);
  const before = new Map(server.answers);
  server.down();
  server.up();
  await server.settle();
  expect(server.answers).toEqual(before);
});

test("a message that is sent while the list is read again keeps the rest of its conversation", async () => {
  const server = await world();
  server.pin("ann", true);
  await server.settle();
  server.overflow();
  await server.deliver();
  expect(server.waiting).toBe("getConversationList");
  server.send("ann", "hello");
  await server.deliver();
  const { pinned, unread, remark, lastMessage } = server.sync.conversation("ann") ?? {};
  expect([pinned, unread, remark, lastMessage?.text]).toEqual([true, 1, "A", "hello"]);
  await server.settle();
  expectTrue(server);
});

test("a new profile of a friend is told, and shown in the conversation with them", async () => {
  const server = await world();
  server.rename("bob", "Bobby");
  await server.settle();
  expect(server.application.profileEvents).toEqual(["Bobby"]);
  expect(server.sync.conversation("bob")?.profile?.nick).toBe("Bobby");
  expect(server.sync.shownFriends.find(({ userId }) => userId === "bob")?.profile?.nick).toBe("Bobby");
  const before = new Map(server.answers);
  server.down();
  server.up();
  await server.settle();
  expect(server.answers).toEqual(before);
});

test("a friend who showed another name while the link was broken does so in the list that is asked for next", async () => {
  const server = await world();
  server.down();
  server.rename("bob", "Bobby");
  server.up();
  await server.settle();
  const asked = server.sync.friends();
  await server.settle();
  expect((await asked).find(({ userId }) => userId === "bob")?.profile?.nick).toBe("Bobby");
  expect(server.application.profileEvents).toEqual(["Bobby"]);
  const before = new Map(server.answers);
  await server.sync.friends();
  expect(server.answers).toEqual(before);
});

test("many missed messages of one conversation are all told, however short the pages are", async () => {
  const server = await world();
  server.down();
  const texts = Array.from({ length: 30 }, (_, n) => `missed ${n}`);
  texts.forEach((text) => {
    server.receive("bob", text);
  });
  server.up();
  await server.settle();
  expect(server.application.messages).toEqual(texts);
});

/** Answers and delivers everything, until the oldest waiting request has this kind. */
async function settleUntil(server: ListsServer, kind: string): Promise<void> {
  await server.deliver();
  while (server.waiting !== kind && server.answer()) {
    while (await server.deliver()) {
      // Deliver the next message.
    }
  }
}

test("missed messages whose reading failed are told after the next break, once", async () => {
  const server = await world();
  server.down();
  server.receive("bob", "missed 1");
  server.up();
  await settleUntil(server, "getHistory");
  expect(await server.refuse(new Error("no answer"))).toBe("getHistory");
  const { application } = server;
  expect([application.messages, application.failures.length]).toEqual([[], 2]);
  application.failures.length = 0;
  server.receive("bob", "live");
  server.down();
  server.receive("ann", "missed 2");
  server.up();
  await server.settle();
  expectTrue(server);
  expect(application.messages.toSorted()).toEqual(["live", "missed 1", "missed 2"]);
  server.down();
  server.receive("ann", "missed 3");
  server.up();
  await server.settle();
  expect(application.messages).toHaveLength(4);
});

test("missed messages whose reading failed are told when the list is asked for", async () => {
  const server = await world();
  server.down();
  server.receive("bob", "missed");
  server.up();
  await settleUntil(server, "getHistory");
  await server.refuse(new Error("no answer"));
  server.application.failures.length = 0;
  void server.sync.conversations();
  await server.settle();
  expectTrue(server);
  expect(server.application.messages).toEqual(["missed"]);
});

test("whatever happens in whatever order, at the end the lists are true and each message was told once", async () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = randomOf(seed);
    const pick = <T>(...choices: T[]) => choices[Math.floor(random() * choices.length)] as T;
    const server = await world();
    const written: string[] = [];
    for (let count = 0; count < 60; count += 1) {
      const peer = pick("ann", "bob", "cid", "dan", "eve", "fay");
      switch (
        pick(
          "receive",
          "receive",
          "send",
          "read",
          "pin",
          "delete",
          "friend",
          "block",
          "link",
          "answer",
          "answer",
          "arrive",
          "arrive",
        )
      ) {
        case "receive":
          written.push(`${seed}.${count}`);
          server.receive(peer, `${seed}.${count}`);
          break;
        case "send":
          if (server.isUp) {
            server.send(peer, "own");
          }
          break;
        case "read":
          server.read(peer);
          break;
        case "pin":
          server.pin(peer, random() < 0.5);
          break;
        case "delete":
          if (random() < 0.5) {
            server.delete(peer);
          }
          break;
        case "friend":
          if (random() < 0.5) {
            server.befriend(peer, String(count));
          } else {
            server.unfriend(peer);
          }
          break;
        case "block":
          server.block(peer, random() < 0.5);
          server.showTo(pick("VISIBILITY_EVERYONE", "VISIBILITY_FRIENDS", "VISIBILITY_NOBODY"));
          break;
        case "link":
          if (!server.isUp) {
            server.up();
          } else if (random() < 0.5) {
            server.down();
          } else {
            server.overflow();
          }
          break;
        case "answer":
          server.answer();
          break;
        case "arrive":
          await server.deliver();
          break;
      }
    }
    if (!server.isUp) {
      server.up();
    }
    await server.settle();
    try {
      const visibility = server.sync.visibility();
      await server.settle();
      expect(await visibility).toBe(server.visibility);
      expectTrue(server);
      const told = new Set(server.application.messages);
      expect(server.application.messages).toHaveLength(told.size);
      // A message that was deleted before it was reported is not reported.
      const missing = written.filter((text) => !told.has(text));
      expect(missing.filter((text) => !server.deletedMessages.includes(text))).toEqual([]);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
