/** Tests sessions with a real server: their beginning, interruptions and end. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import Lamplight from "../../src/index.js";
import { Client, closeAll, codeOf, login } from "./client.js";
import { Server, until } from "./server.js";

const { EVENT } = Lamplight;

let server: Server;

beforeAll(async () => {
  server = await Server.start();
});

afterEach(closeAll);

afterAll(() => server.end());

test("a login makes the SDK ready, and says who and when", async () => {
  const client = new Client(server);
  const { data } = await client.chat.login({ userID: "newcomer", userSig: await server.sig("newcomer") });
  expect(data).toMatchObject({ actionStatus: "OK", errorCode: 0, registered: true });
  expect(Math.abs(client.chat.getServerTime() - Date.now())).toBeLessThan(5_000);
  expect([client.chat.isReady(), client.chat.getLoginUser()]).toEqual([true, "newcomer"]);
  expect(client.names.slice(0, 3)).toEqual([EVENT.NET_STATE_CHANGE, EVENT.NET_STATE_CHANGE, EVENT.SDK_READY]);

  const again = await client.chat.login({ userID: "newcomer", userSig: await server.sig("newcomer") });
  expect(again.data.repeatLogin).toBe(true);
  expect(await codeOf(client.chat.login({ userID: "other", userSig: "x" }))).toBe(6017);
  expect(client.heard(EVENT.SDK_READY)).toHaveLength(1);

  await client.chat.logout();
  expect(client.heard(EVENT.SDK_NOT_READY)).toHaveLength(1);
  expect([client.chat.isReady(), client.chat.getLoginUser()]).toEqual([false, ""]);
  await client.chat.login({ userID: "other", userSig: await server.sig("other") });
  expect(client.heard(EVENT.SDK_READY)).toHaveLength(2);
});

test("a login that does not wait for the logout before it counts, also for another user", async () => {
  const client = new Client(server);
  const credentials = async (userID: string) => ({ userID, userSig: await server.sig(userID) });
  const [ann, ben] = [await credentials("ann"), await credentials("ben")];
  await client.chat.login(ann);
  for (const next of [ann, ben]) {
    const [, { data }] = await Promise.all([client.chat.logout(), client.chat.login(next)]);
    expect([data.repeatLogin, client.chat.getLoginUser()]).toEqual([undefined, next.userID]);
    await client.chat.setSelfStatus({ customStatus: "here" });
  }
});

test("a login that is refused is rejected with the code of the contract", async () => {
  const attempt = (userID: string, userSig: string, app = server.app) =>
    codeOf(new Client(server, { SDKAppID: app }).chat.login({ userID, userSig }));
  const sig = await server.sig("alice");
  expect(await attempt("alice", "")).toBe(70002);
  expect(await attempt("alice", "nonsense")).toBe(70003);
  expect(await attempt("bob", sig)).toBe(70013);
  expect(await attempt("alice", sig, 7)).toBe(70020);
  expect(await attempt("", sig)).toBe(7003);
  expect(await attempt("ä", sig)).toBe(7003);
  expect(await attempt("alice", sig)).toBe(0);
});

test("a server that is not there is an error with a code, and the next login finds it", async () => {
  const client = new Client(server);
  client.cut();
  const credentials = { userID: "alice", userSig: await server.sig("alice") };
  expect(await codeOf(client.chat.login(credentials))).toBe(9508);
  expect(client.heard(EVENT.NET_STATE_CHANGE).at(-1)).toEqual({ state: "disconnected" });
  client.mend();
  expect(await codeOf(client.chat.login(credentials))).toBe(0);
});

test("a server that is killed and started again is not seen by anybody", async () => {
  const [alice, bob] = await Promise.all([login(server, "alice"), login(server, "bob")]);
  await alice.chat.subscribeUserStatus({ userIDList: ["bob"] });
  await bob.chat.setSelfStatus({ customStatus: "before" });
  await until("alice hears of it", () => alice.told("bob").at(-1)?.customStatus === "before");
  [alice, bob].forEach((client) => {
    client.forget();
  });

  await server.kill();
  await until("alice has noticed", () => alice.heard(EVENT.NET_STATE_CHANGE).length > 0);
  expect(alice.chat.isReady()).toBe(true);
  const waiting = alice.chat.getUserStatus({ userIDList: ["bob"] });
  await server.restart();
  expect((await waiting).data.successUserList).toMatchObject([{ userID: "bob", customStatus: "before" }]);
  await until("bob is back", () => bob.heard(EVENT.NET_STATE_CHANGE).at(-1)?.state === "connected");

  await bob.chat.setSelfStatus({ customStatus: "after" });
  await until("alice hears of bob", () => alice.told("bob").length > 0);
  expect(alice.told("bob")).toMatchObject([{ statusType: 1, customStatus: "after" }]);
  for (const client of [alice, bob]) {
    const states = client.heard(EVENT.NET_STATE_CHANGE).map(({ state }) => state);
    expect(new Set(states.slice(0, -1))).toEqual(new Set(["disconnected", "connecting"]));
    expect(states.at(-1)).toBe("connected");
    expect(client.names).not.toContain(EVENT.SDK_READY);
    expect(client.names).not.toContain(EVENT.SDK_NOT_READY);
  }
});

test("who comes back is told what differs, in one event, and nothing else", async () => {
  const [alice, bob, cid] = await Promise.all([login(server, "alice"), login(server, "bob"), login(server, "cid")]);
  await alice.chat.subscribeUserStatus({ userIDList: ["bob", "cid"] });
  await cid.chat.setSelfStatus({ customStatus: "as before" });
  await until("alice hears of cid", () => alice.told("cid").at(-1)?.customStatus === "as before");
  alice.cut();
  await until("alice has noticed", () => alice.heard(EVENT.NET_STATE_CHANGE).at(-1)?.state === "disconnected");
  alice.forget();
  await bob.chat.setSelfStatus({ customStatus: "one" });
  await bob.chat.setSelfStatus({ customStatus: "two" });
  alice.mend();
  await until("alice hears of bob", () => alice.told("bob").length > 0);
  const others = alice
    .heard(EVENT.USER_STATUS_UPDATED)
    .flat()
    .filter(({ userID }) => userID !== "alice");
  expect(others).toMatchObject([{ userID: "bob", customStatus: "two" }]);
  expect(alice.links).toBeGreaterThan(1);
});

test("a second page kicks the first where one is allowed, and an app is told apart from a page", async () => {
  const app = String(server.app);
  await server.command("app", "set", app, "--multi-device", "single", "--web-instances", "1");
  try {
    const first = await login(server, "alice");
    const second = await login(server, "alice");
    await until("the first page is out", () => first.heard(EVENT.KICKED_OUT).length > 0);
    expect(first.heard(EVENT.KICKED_OUT)).toEqual([{ type: "multipleAccount" }]);
    expect(first.names.slice(-2)).toEqual([EVENT.KICKED_OUT, EVENT.SDK_NOT_READY]);
    expect([first.chat.isReady(), await codeOf(first.chat.setSelfStatus({ customStatus: "" }))]).toEqual([
      false,
      6014,
    ]);

    await login(server, "alice", { platform: "Mac" });
    await until("the second page is out", () => second.heard(EVENT.KICKED_OUT).length > 0);
    expect(second.heard(EVENT.KICKED_OUT)).toEqual([{ type: "multipleDevice" }]);
  } finally {
    await server.command("app", "set", app, "--multi-device", "multi", "--web-instances", "10");
  }
});

test("the same device elsewhere takes over, and this one stays away", async () => {
  const first = await login(server, "alice", { deviceID: "the-tab" });
  const second = await login(server, "alice", { deviceID: "the-tab" });
  await until("the first one is out", () => first.heard(EVENT.KICKED_OUT).length > 0);
  expect(first.heard(EVENT.KICKED_OUT)).toEqual([{ type: "multipleAccount" }]);
  expect([first.links, second.chat.isReady()]).toEqual([1, true]);
});

test("an operator's kick revokes the UserSig; a new one logs in", async () => {
  const client = await login(server, "alice");
  await server.command("account", "kick", "alice");
  await until("alice is out", () => client.heard(EVENT.KICKED_OUT).length > 0);
  expect(client.heard(EVENT.KICKED_OUT)).toEqual([{ type: "REST_API_Kick" }]);
});

test("a UserSig that expires ends the session, and an expired one does not begin one", async () => {
  const client = new Client(server);
  const userSig = await server.sig("dora", "2s");
  await client.chat.login({ userID: "dora", userSig });
  await until("dora is out", () => client.heard(EVENT.KICKED_OUT).length > 0);
  expect(client.heard(EVENT.KICKED_OUT)).toEqual([{ type: "userSigExpired" }]);
  expect(client.names.at(-1)).toBe(EVENT.SDK_NOT_READY);
  expect(await codeOf(client.chat.login({ userID: "dora", userSig }))).toBe(70001);
});

test("a login again in time renews the UserSig, and the session goes on", async () => {
  const client = new Client(server);
  await client.chat.login({ userID: "eve", userSig: await server.sig("eve", "2s") });
  await client.chat.login({ userID: "eve", userSig: await server.sig("eve", "1h") });
  const watcher = await login(server, "alice");
  await watcher.chat.subscribeUserStatus({ userIDList: ["eve"] });
  // This UserSig was created later with the same lifetime. When it has expired, eve's first one has expired too.
  const other = new Client(server);
  await other.chat.login({ userID: "fay", userSig: await server.sig("fay", "2s") });
  await until("fay is out", () => other.heard(EVENT.KICKED_OUT).length > 0);
  await client.chat.setSelfStatus({ customStatus: "still here" });
  await until("alice hears of it", () => watcher.told("eve").at(-1)?.customStatus === "still here");
  expect(client.heard(EVENT.KICKED_OUT)).toEqual([]);
  expect(client.chat.isReady()).toBe(true);
  expect(new Set(watcher.told("eve").map(({ statusType }) => statusType))).toEqual(new Set([1]));
});

test("destroy logs out, at once and for watchers too", async () => {
  const [alice, bob] = await Promise.all([login(server, "alice"), login(server, "bob")]);
  await alice.chat.subscribeUserStatus({ userIDList: ["bob"] });
  await bob.chat.destroy();
  expect(bob.chat.isReady()).toBe(false);
  await until("alice hears of it", () => alice.told("bob").at(-1)?.statusType === 3);
  expect(alice.told("bob").at(-1)?.reason).toBe("logout");
});
