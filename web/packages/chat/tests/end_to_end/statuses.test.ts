/** Tests statuses with a real server. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Client, closeAll, codeOf, login } from "./client.js";
import { Server, until } from "./server.js";

let server: Server;

beforeAll(async () => {
  server = await Server.start();
});

afterEach(closeAll);

afterAll(() => server.end());

test("two users see each other come, change their minds and go", async () => {
  const alice = await login(server, "alice");
  const early = await alice.chat.getUserStatus({ userIDList: ["alice", "bob", "nobody"] }).catch(String);
  expect(early).toMatchObject({ code: 0, data: { failureUserList: [{ code: 70107 }, { code: 70107 }] } });

  const bob = await login(server, "bob");
  const { code, data } = await alice.chat.subscribeUserStatus({ userIDList: ["bob", "bob", "nobody"] });
  expect(code).toBe(0);
  expect(data.failureUserList).toEqual([{ userID: "nobody", code: 70107, message: "no such account" }]);
  expect(data.successUserList).toMatchObject([
    { userID: "bob", statusType: 1, customStatus: "", reason: "login", onlineDevices: ["Web"] },
  ]);

  const { data: own } = await bob.chat.setSelfStatus({ customStatus: "听歌中" });
  expect(own).toMatchObject({ userID: "bob", statusType: 1, customStatus: "听歌中", reason: "custom" });
  await until("alice hears of bob's song", () => alice.told("bob").at(-1)?.customStatus === "听歌中");
  await until("bob hears of it too", () => bob.told("bob").at(-1)?.customStatus === "听歌中");
  expect(alice.told("bob").at(-1)).toEqual(own);

  bob.cut();
  await until("alice sees bob's tab close", () => alice.told("bob").at(-1)?.statusType === 3);
  const last = alice.told("bob").at(-1);
  expect(last).toMatchObject({ customStatus: "", reason: "link_closed", onlineDevices: [] });
  expect(last?.lastSeen).toBeGreaterThan(0);
  bob.mend();
  await until("bob is back by himself", () => alice.told("bob").at(-1)?.statusType === 1);
  expect(alice.told("bob").map(({ statusType }) => statusType)).toEqual([1, 1, 3, 1]);
});

test("a custom status with an end is told with it, and cleared by the server", async () => {
  const [alice, bob] = await Promise.all([login(server, "alice"), login(server, "bob")]);
  const phone = await login(server, "bob", { platform: "Mac" });
  await alice.chat.subscribeUserStatus({ userIDList: ["bob"] });
  alice.forget();
  const before = bob.chat.getServerTime();
  const { data: own } = await bob.chat.setSelfStatus({ customStatus: "🍵 tea", expiresIn: 3_600 });
  expect(own).toMatchObject({ customStatus: "🍵 tea", reason: "custom" });
  expect(Math.abs((own.customExpires ?? 0) - before - 3_600_000)).toBeLessThan(10_000);
  await until("alice hears of the tea", () => alice.told("bob").at(-1)?.customExpires === own.customExpires);
  await until("bob's phone hears of it", () => phone.told("bob").at(-1)?.customExpires === own.customExpires);
  const { data } = await alice.chat.getUserStatus({ userIDList: ["bob"] });
  expect(data.successUserList[0]?.customExpires).toBe(own.customExpires);

  // The next call replaces the text and its end.
  expect((await bob.chat.setSelfStatus({ customStatus: "no end" })).data).not.toHaveProperty("customExpires");
  await bob.chat.setSelfStatus({ customStatus: "short", expiresIn: 1 });
  await until("it ends for alice", () => alice.told("bob").at(-1)?.reason === "custom_expired");
  await until("it ends for bob's phone", () => phone.told("bob").at(-1)?.reason === "custom_expired");
  expect(alice.told("bob").at(-1)).toMatchObject({ statusType: 1, customStatus: "" });
  expect(alice.told("bob").at(-1)).not.toHaveProperty("customExpires");
  // The end of the text that was replaced is no event.
  expect(alice.told("bob").filter(({ reason }) => reason === "custom_expired")).toHaveLength(1);

  expect(await codeOf(bob.chat.setSelfStatus({ customStatus: "x", expiresIn: 2_592_000 }))).toBe(0);
  expect(await codeOf(bob.chat.setSelfStatus({ customStatus: "x", expiresIn: 2_592_001 }))).toBe(6017);
  expect(await codeOf(bob.chat.setSelfStatus({ customStatus: "", expiresIn: 1 }))).toBe(6017);
  await bob.chat.setSelfStatus({ customStatus: "" });
  await alice.chat.unsubscribeUserStatus({ userIDList: undefined });
});

test("nothing comes of a user after unsubscribing, and undefined means all", async () => {
  const [alice, bob, cid] = await Promise.all([login(server, "alice"), login(server, "bob"), login(server, "cid")]);
  await alice.chat.subscribeUserStatus({ userIDList: ["bob", "cid"] });
  await alice.chat.unsubscribeUserStatus({ userIDList: ["bob"] });
  expect((await alice.chat.getSubscriptions()).data).toEqual({ userIDList: ["cid"], limit: 200 });
  alice.forget();
  await bob.chat.setSelfStatus({ customStatus: "unseen" });
  await cid.chat.setSelfStatus({ customStatus: "seen" });
  await until("alice hears of cid", () => alice.told("cid").length > 0);
  expect(alice.told("bob")).toEqual([]);
  expect((await alice.chat.unsubscribeUserStatus({ userIDList: undefined })).data).toEqual({ failureUserList: [] });
  expect((await alice.chat.getSubscriptions()).data.userIDList).toEqual([]);
});

test("calls that the contract refuses are rejected with its codes, and change nothing", async () => {
  const { chat } = await login(server, "alice");
  const crowd = (count: number) => Array.from({ length: count }, (_, n) => `user${n}`);
  expect(await codeOf(chat.getUserStatus({ userIDList: ["nobody"] }))).toBe(70107);
  expect(await codeOf(chat.getUserStatus({ userIDList: crowd(501) }))).toBe(70206);
  expect(await codeOf(chat.getUserStatus({ userIDList: ["alice", ...crowd(499)] }))).toBe(0);
  expect(await codeOf(chat.subscribeUserStatus({ userIDList: crowd(101) }))).toBe(70206);
  expect(await codeOf(chat.unsubscribeUserStatus({ userIDList: crowd(101) }))).toBe(70206);
  expect(await codeOf(chat.subscribeUserStatus({ userIDList: ["alice"] }))).toBe(6017);
  expect(await codeOf(chat.setSelfStatus({ customStatus: "x".repeat(100) }))).toBe(0);
  expect(await codeOf(chat.setSelfStatus({ customStatus: "x".repeat(101) }))).toBe(6017);
  expect(await codeOf(chat.getUserStatus({ userIDList: "bob" } as never))).toBe(6017);
  expect(await codeOf(chat.setSelfStatus({} as never))).toBe(6017);
  expect(await codeOf(chat.subscribeUserStatus(undefined as never))).toBe(6017);
  expect((await chat.getUserStatus({ userIDList: ["alice"] })).data.successUserList[0]?.customStatus).toHaveLength(
    100,
  );
  expect((await chat.getSubscriptions()).data.userIDList).toEqual([]);
});

test("an edition or a switch closes the gate for others, and leaves one's own status alone", async () => {
  const app = String(server.app);
  const { chat } = await login(server, "alice");
  try {
    for (const [setting, value, code] of [
      ["--edition", "trial", 7013],
      ["--user-status", "off", 72001],
    ] as const) {
      await server.command("app", "set", app, setting, value);
      expect(await codeOf(chat.getUserStatus({ userIDList: ["bob"] }))).toBe(code);
      expect(await codeOf(chat.subscribeUserStatus({ userIDList: ["bob"] }))).toBe(code);
      expect(await codeOf(chat.unsubscribeUserStatus({ userIDList: undefined }))).toBe(code);
      expect(await codeOf(chat.getUserStatus({ userIDList: ["alice"] }))).toBe(0);
      expect(await codeOf(chat.setSelfStatus({ customStatus: setting }))).toBe(0);
      await server.command("app", "set", app, "--edition", "flagship", "--user-status", "on");
    }
  } finally {
    await server.command("app", "set", app, "--edition", "flagship", "--user-status", "on");
  }
});

test("a switch that an operator turns is told at once, the list stays, and what differs is told", async () => {
  const app = String(server.app);
  const [alice, bob] = await Promise.all([login(server, "alice"), login(server, "bob")]);
  const open = {
    statusesOfOthers: true,
    refusalCode: 0,
    friendNotification: false,
    subscriptionsLimit: 200,
    queryBatch: 500,
    subscribeBatch: 100,
    unsubscribeBatch: 100,
    customStatusBytes: 100,
    messageBytes: 12_288,
    friendsLimit: 3_000,
  };
  expect(alice.chat.getAbilities()).toEqual(open);
  await alice.chat.subscribeUserStatus({ userIDList: ["bob"] });
  try {
    await server.command("app", "set", app, "--user-status", "off");
    await until("alice hears of the switch", () => alice.heard("onAbilitiesUpdated").length === 1);
    expect(alice.chat.getAbilities()).toEqual({ ...open, statusesOfOthers: false, refusalCode: 72001 });
    alice.forget();
    await bob.chat.setSelfStatus({ customStatus: "unseen" });
    await bob.chat.setSelfStatus({ customStatus: "seen later" });

    // A client that reconnects in the meantime gets the same answers.
    alice.cut();
    await until("alice has noticed", () => alice.heard("netStateChange").at(-1)?.state === "disconnected");
    alice.mend();
    await until("alice is back", () => alice.heard("netStateChange").at(-1)?.state === "connected");
    expect([alice.heard("onSubscriptionsUpdated"), alice.told("bob")]).toEqual([[], []]);

    await server.command("app", "set", app, "--user-status", "on");
    await until("alice hears of the switch", () => alice.heard("onAbilitiesUpdated").length === 1);
    expect(alice.chat.getAbilities()).toEqual(open);
    await until("alice hears of bob", () => alice.told("bob").length > 0);
    expect(alice.told("bob").map(({ customStatus }) => customStatus)).toEqual(["seen later"]);
    expect((await alice.chat.getSubscriptions()).data.userIDList).toEqual(["bob"]);
    expect(alice.heard("onSubscriptionsUpdated")).toEqual([]);
  } finally {
    await server.command("app", "set", app, "--user-status", "on");
  }
});

test("what friend notification and the limits become is told as well", async () => {
  const app = String(server.app);
  const { chat, heard } = await login(server, "alice").then((client) => ({
    chat: client.chat,
    heard: () => client.heard("onAbilitiesUpdated"),
  }));
  try {
    await server.command("app", "set", app, "--friend-notification", "on", "--subscriptions", "300");
    await until("alice hears of it", () => heard().length > 0);
    expect(chat.getAbilities()).toMatchObject({ friendNotification: true, subscriptionsLimit: 300 });
    expect(heard().at(-1)).toEqual(chat.getAbilities());
  } finally {
    await server.command("app", "set", app, "--friend-notification", "off", "--subscriptions", "200");
  }
});

test("who comes back with more users than its login can name is told who has left the list", async () => {
  const small = await Server.start({ LAMPLIGHT_LIMITS__FRAME_BEFORE_LOGIN: "2048" });
  try {
    const users = Array.from({ length: 60 }, (_, n) => `u${n}`.padEnd(32, "x"));
    await small.command("account", "create", ...users);
    const page = await login(small, "alice");
    const app = await login(small, "alice", { platform: "Mac" });
    await page.chat.subscribeUserStatus({ userIDList: users });
    page.cut();
    await until("the page has noticed", () => page.heard("netStateChange").at(-1)?.state === "disconnected");
    page.forget();
    const gone = users.filter((_, n) => n % 2 === 0);
    await app.chat.unsubscribeUserStatus({ userIDList: gone });
    page.mend();
    await until("the page is back", () => page.heard("netStateChange").at(-1)?.state === "connected");
    const left = () => page.heard("onSubscriptionsUpdated").flatMap(({ unsubscribed }) => unsubscribed);
    await until("the page knows whom it does not watch", () => left().length >= gone.length);
    expect(left().sort()).toEqual(gone.sort());
    expect((await page.chat.getSubscriptions()).data.userIDList).toHaveLength(30);
  } finally {
    await small.end();
  }
});

test("who is evicted from a full list is named", async () => {
  const app = String(server.app);
  await server.command("app", "set", app, "--subscriptions", "2");
  try {
    await Promise.all(["bob", "cid", "dan"].map((user) => login(server, user)));
    const { chat } = await login(server, "alice");
    await chat.subscribeUserStatus({ userIDList: ["bob", "cid"] });
    const { data } = await chat.subscribeUserStatus({ userIDList: ["dan"] });
    expect(data.evictedUserIDList).toEqual(["bob"]);
    expect((await chat.getSubscriptions()).data).toEqual({ userIDList: ["cid", "dan"], limit: 2 });
    await chat.unsubscribeUserStatus({ userIDList: undefined });
  } finally {
    await server.command("app", "set", app, "--subscriptions", "200");
  }
});

test("the devices of one account share its list, and hear of its changes", async () => {
  const [page, app] = [await login(server, "alice"), await login(server, "alice", { platform: "Mac" })];
  await login(server, "bob");
  await page.chat.subscribeUserStatus({ userIDList: ["bob"] });
  await until("the app hears of the list", () => app.heard("onSubscriptionsUpdated").length > 0);
  expect(app.heard("onSubscriptionsUpdated")).toEqual([{ subscribed: ["bob"], unsubscribed: [] }]);
  await page.chat.setSelfStatus({ customStatus: "on the page" });
  await until("the app hears of the status", () => app.told("alice").at(-1)?.customStatus === "on the page");
  const { data } = await app.chat.getUserStatus({ userIDList: ["alice"] });
  expect(data.successUserList[0]?.onlineDevices.toSorted()).toEqual(["Mac", "Web"]);
  await page.chat.unsubscribeUserStatus({ userIDList: undefined });
});

test("before the login every call is refused with a clear text", async () => {
  const { chat } = new Client(server);
  expect([chat.isReady(), chat.getLoginUser()]).toEqual([false, ""]);
  await expect(chat.setSelfStatus({ customStatus: "" })).rejects.toMatchObject({
    code: 6014,
    message: "not logged in: call login first and wait for the event SDK_READY",
  });
  for (const call of [
    () => chat.getUserStatus({ userIDList: ["bob"] }),
    () => chat.getFriendList(),
    () => chat.getConversationList(),
    () => chat.logout(),
    async () =>
      Promise.resolve(chat.createTextMessage({ to: "bob", conversationType: "C2C", payload: { text: "x" } })),
  ]) {
    expect(await codeOf(call())).toBe(6014);
  }
});
