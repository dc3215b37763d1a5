/** Tests the block list and the visibility, with a real server. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import Lamplight from "../../src/index.js";
import { type Client, closeAll, codeOf, login } from "./client.js";
import { Server, until } from "./server.js";

const { EVENT } = Lamplight;

let server: Server;

beforeAll(async () => {
  server = await Server.start();
});

afterEach(closeAll);

afterAll(() => server.end());

async function statusSeenBy(client: Client, userID: string) {
  const { data } = await client.chat.getUserStatus({ userIDList: [userID] });
  return data.successUserList[0];
}

async function write(client: Client, to: string): Promise<number> {
  const message = client.chat.createTextMessage({ to, conversationType: "C2C", payload: { text: "hello" } });
  return codeOf(client.chat.sendMessage(message));
}

test("a blocked user sees the blocker go away and come back, and others see no change", async () => {
  const [amy, bob, cid] = await Promise.all([login(server, "amy"), login(server, "bob"), login(server, "cid")]);
  const phone = await login(server, "amy", { platform: "Android" });
  await amy.chat.addFriend({ to: "bob" });
  await phone.chat.getBlacklist();
  await amy.chat.setSelfStatus({ customStatus: "here" });
  await Promise.all([bob, cid].map(({ chat }) => chat.subscribeUserStatus({ userIDList: ["amy"] })));
  bob.forget();
  cid.forget();

  expect((await amy.chat.addToBlacklist({ userIDList: ["bob"] })).data).toEqual(["bob"]);
  await until("bob sees amy go", () => bob.told("amy").at(-1)?.statusType === 2);
  expect(bob.told("amy").at(-1)).toMatchObject({ customStatus: "", reason: "link_closed" });
  await until("the phone hears of it", () => phone.heard(EVENT.BLACKLIST_UPDATED).length > 0);
  expect(phone.heard(EVENT.BLACKLIST_UPDATED)).toEqual([["bob"]]);
  await until("amy hears of it", () => amy.heard(EVENT.BLACKLIST_UPDATED).at(-1)?.join() === "bob");
  expect(await statusSeenBy(bob, "amy")).toMatchObject({ statusType: 2, customStatus: "" });
  expect(await statusSeenBy(cid, "amy")).toMatchObject({ statusType: 1, customStatus: "here" });
  expect(await write(bob, "amy")).toBe(20007);
  expect(await write(cid, "amy")).toBe(0);
  // Blocking takes nobody out of the friend list.
  expect((await bob.chat.getFriendList()).data).toMatchObject([{ userID: "amy", isMutual: true }]);
  await amy.chat.setSelfStatus({ customStatus: "not for bob" });
  await until("cid hears of it", () => cid.told("amy").at(-1)?.customStatus === "not for bob");
  expect(bob.told("amy")).toHaveLength(1);

  expect((await amy.chat.removeFromBlacklist({ userIDList: ["bob"] })).data).toEqual(["bob"]);
  await until("bob sees amy again", () => bob.told("amy").at(-1)?.statusType === 1);
  expect(bob.told("amy").at(-1)).toMatchObject({ customStatus: "not for bob" });
  expect(await write(bob, "amy")).toBe(0);
  expect((await amy.chat.getBlacklist()).data).toEqual([]);
  await until("the phone hears of it", () => phone.heard(EVENT.BLACKLIST_UPDATED).length > 1);
  expect((await phone.chat.getBlacklist()).data).toEqual([]);
});

test("the visibility decides who sees the status, on all devices at once", async () => {
  const [dan, eve, fay] = await Promise.all([login(server, "dan"), login(server, "eve"), login(server, "fay")]);
  const phone = await login(server, "dan", { platform: "Android" });
  await dan.chat.addFriend({ to: "eve" });
  await Promise.all([eve, fay].map(({ chat }) => chat.subscribeUserStatus({ userIDList: ["dan"] })));
  expect((await dan.chat.getVisibility()).data).toBe("everyone");
  expect((await dan.chat.setVisibility("friends")).data).toBe("friends");
  await until("fay sees dan go", () => fay.told("dan").at(-1)?.statusType === 2);
  expect(await statusSeenBy(eve, "dan")).toMatchObject({ statusType: 1 });
  await dan.chat.setVisibility("nobody");
  await until("eve sees dan go", () => eve.told("dan").at(-1)?.statusType === 2);
  expect(await statusSeenBy(phone, "dan")).toMatchObject({ statusType: 1 });
  await until("the phone hears of it", () => phone.heard(EVENT.VISIBILITY_UPDATED).length > 1);
  expect(phone.heard(EVENT.VISIBILITY_UPDATED)).toEqual(["friends", "nobody"]);
  expect((await phone.chat.getVisibility()).data).toBe("nobody");
  await phone.chat.setVisibility("everyone");
  await until("both see dan again", () => [eve, fay].every((one) => one.told("dan").at(-1)?.statusType === 1));
  await until("the page hears of it", () => dan.heard(EVENT.VISIBILITY_UPDATED).at(-1) === "everyone");
});

test("what was blocked and hidden while the link was broken is known after it", async () => {
  const gil = await login(server, "gil");
  const phone = await login(server, "gil", { platform: "Android" });
  await login(server, "hal");
  expect((await gil.chat.getBlacklist()).data).toEqual([]);
  gil.cut();
  await until("gil has noticed", () => gil.heard(EVENT.NET_STATE_CHANGE).at(-1)?.state === "disconnected");
  await phone.chat.addToBlacklist({ userIDList: ["hal"] });
  await phone.chat.setVisibility("nobody");
  gil.mend();
  await until("gil knows", () => gil.heard(EVENT.BLACKLIST_UPDATED).length > 0);
  expect(gil.heard(EVENT.BLACKLIST_UPDATED)).toEqual([["hal"]]);
  expect((await gil.chat.getVisibility()).data).toBe("nobody");
});

test("what cannot be blocked is refused with a code, and what is done already succeeds", async () => {
  const [ida] = await Promise.all([login(server, "ida"), login(server, "jon")]);
  expect(await codeOf(ida.chat.addToBlacklist({ userIDList: ["nobody"] }))).toBe(70107);
  expect(await codeOf(ida.chat.addToBlacklist({ userIDList: ["ida"] }))).toBe(6017);
  const both = await ida.chat.addToBlacklist({ userIDList: ["jon", "nobody"] });
  expect([both.data, both.failureUserList.map(({ code }) => code)]).toEqual([["jon"], [70107]]);
  expect((await ida.chat.addToBlacklist({ userIDList: ["jon"] })).data).toEqual(["jon"]);
  expect((await ida.chat.removeFromBlacklist({ userIDList: ["jon", "amy"] })).data).toEqual(["jon", "amy"]);
  expect((await ida.chat.getBlacklist()).data).toEqual([]);
});
