/** Tests the store of statuses: its subscriptions, and their end. */

import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createSSRApp, h } from "vue";
import { renderToString as renderVue } from "vue/server-renderer";
import { EVENT } from "../src/api/constants.js";
import type { UserStatus } from "../src/machine/status.js";
import { LamplightProvider, useUserStatus } from "../src/store/react.js";
import { GRACE, StatusStore, statusStore } from "../src/store/store.js";
import { lamplight, useUserStatus as useInVue } from "../src/store/vue.js";
import { Fake, status } from "./status_client.js";

/** Returns ids of users. */
function people(count: number, prefix = "user"): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n}`);
}

/** Watches users, and returns a function that stops watching them. */
function watch(store: StatusStore, users: readonly string[]): () => void {
  const stops = users.map((user) => store.subscribe(user, () => undefined));
  return () => {
    stops.forEach((stop) => {
      stop();
    });
  };
}

/** The number of these users whose status the store knows. */
const known = (store: StatusStore, users: readonly string[]) =>
  users.filter((user) => store.get(user) !== undefined).length;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Advances the clock by this number of milliseconds, and runs all timers that are due. */
const pass = (time: number) => vi.advanceTimersByTimeAsync(time);

describe("the store", () => {
  test("those who appear together are subscribed to in one call, once each", async () => {
    const client = new Fake();
    const store = new StatusStore(client);
    const heard: string[] = [];
    store.subscribe("ann", () => heard.push("ann"));
    store.subscribe("ann", () => heard.push("ann too"));
    store.subscribe("bob", () => heard.push("bob"));
    expect(store.get("ann")).toBeUndefined();
    await pass(100);
    expect(client.calls).toEqual(["list", "subscribe ann bob"]);
    expect(heard).toEqual(["ann", "ann too", "bob"]);
    const first = store.get("ann");
    expect(first?.statusType).toBe(1);
    expect(store.get("ann")).toBe(first);
  });

  test("what is newer is told, and what is older is not", async () => {
    const client = new Fake();
    const store = new StatusStore(client);
    let told = 0;
    store.subscribe("ann", () => (told += 1));
    await pass(100);
    client.emit(EVENT.USER_STATUS_UPDATED, [status("ann", 10, 3), status("stranger", 1)]);
    client.emit(EVENT.USER_STATUS_UPDATED, [status("ann", 9, 1)]);
    expect([told, store.get("ann")?.statusType, store.get("stranger")]).toEqual([2, 3, undefined]);
  });

  test("the first status after a reconnect replaces one whose version the server has lost", async () => {
    const client = new Fake();
    const store = new StatusStore(client);
    store.subscribe("ann", () => undefined);
    await pass(100);
    const tell = (version: number, type: UserStatus["statusType"]) => {
      client.emit(EVENT.USER_STATUS_UPDATED, [status("ann", version, type)]);
      return store.get("ann")?.statusType;
    };
    expect(tell(10, 1)).toBe(1);
    for (const state of ["disconnected", "connecting"]) {
      client.emit(EVENT.NET_STATE_CHANGE, { state });
    }
    expect(tell(9, 2), "not connected again yet").toBe(1);
    client.emit(EVENT.NET_STATE_CHANGE, { state: "connected" });
    expect(tell(4, 2)).toBe(2);
    expect(tell(3, 1), "a late one").toBe(2);
    expect(tell(5, 3)).toBe(3);
  });

  test("a user is given back after a while in which nobody listens, and not before", async () => {
    const client = new Fake();
    const store = new StatusStore(client);
    const stop = store.subscribe("ann", () => undefined);
    await pass(100);
    stop();
    stop();
    await pass(GRACE / 2);
    const again = store.subscribe("ann", () => undefined);
    await pass(3 * GRACE);
    expect(client.calls).toEqual(["list", "subscribe ann"]);
    again();
    await pass(3 * GRACE);
    expect(client.calls.slice(2)).toEqual(["unsubscribe ann"]);
    expect(store.get("ann")).toBeUndefined();
  });

  test("a clock of the device that is set back delays nothing", async () => {
    const client = new Fake();
    const store = new StatusStore(client);
    const stop = store.subscribe("ann", () => undefined);
    await pass(100);
    stop();
    vi.setSystemTime(Date.now() - 3_600_000);
    store.subscribe("bob", () => undefined);
    await pass(3 * GRACE);
    expect(client.calls.filter((call) => call !== "list")).toEqual([
      "subscribe ann",
      "subscribe bob",
      "unsubscribe ann",
    ]);
  });

  test("only the room that is left is taken, nobody of the application is given back, and others are asked for", async () => {
    const client = new Fake();
    client.list.add("theirs").add("other");
    client.limit = 3;
    const store = new StatusStore(client);
    const stops = ["theirs", "ann", "bob", "me"].map((user) => store.subscribe(user, () => undefined));
    await pass(100);
    expect(client.calls).toEqual(["list", "subscribe ann", "get theirs bob me"]);
    expect(["theirs", "ann", "bob", "me"].map((user) => store.get(user)?.statusType)).toEqual([1, 1, 1, 1]);
    stops.forEach((stop) => {
      stop();
    });
    await pass(3 * GRACE);
    expect(client.calls.slice(3)).toEqual(["unsubscribe ann"]);
    expect([...client.list]).toEqual(["theirs", "other"]);
  });

  test("before the login it waits, after a logout nothing is known, and the next login asks again", async () => {
    const client = new Fake();
    client.user = "";
    const store = new StatusStore(client);
    let told = 0;
    store.subscribe("ann", () => (told += 1));
    await pass(5_000);
    expect(client.calls).toEqual([]);
    client.user = "me";
    client.emit(EVENT.SDK_READY);
    await pass(100);
    expect(client.calls).toEqual(["list", "subscribe ann"]);
    client.user = "";
    client.emit(EVENT.SDK_NOT_READY);
    expect([told, store.get("ann")]).toEqual([2, undefined]);
    client.user = "me";
    client.emit(EVENT.SDK_READY);
    await pass(100);
    // The users are still in the subscription list of the account, so they are queried. The store still unsubscribes
    // from them.
    expect(client.calls.slice(2)).toEqual(["list", "get ann"]);
    await store.destroy();
    expect(client.calls.at(-1)).toBe("unsubscribe ann");
  });

  test.each([7013, 72001])("%s is waited out until the app allows it", async (code) => {
    const client = new Fake();
    client.refusal = code;
    const store = new StatusStore(client);
    store.subscribe("ann", () => undefined);
    await pass(60_000);
    expect(client.calls).toEqual(["list"]);
    client.refusal = undefined;
    client.emit(EVENT.ABILITIES_UPDATED, { statusesOfOthers: true });
    await pass(100);
    expect(store.get("ann")?.statusType).toBe(1);
  });

  test.each([7008, 9508, 9520, 70500])("%s is tried again", async (code) => {
    const client = new Fake();
    client.refusal = code;
    const store = new StatusStore(client);
    store.subscribe("ann", () => undefined);
    await pass(100);
    client.refusal = undefined;
    await pass(2_000);
    expect(store.get("ann")?.statusType).toBe(1);
  });

  test("any other refusal is not tried again, and nobody else waits for it", async () => {
    const client = new Fake();
    client.refusal = 70107;
    const store = new StatusStore(client);
    store.subscribe("nobody", () => undefined);
    await pass(60_000);
    expect(client.calls).toEqual(["list"]);
    client.refusal = undefined;
    store.subscribe("ann", () => undefined);
    await pass(100);
    expect(store.get("ann")?.statusType).toBe(1);
  });

  test("who is taken off the list elsewhere is subscribed to again", async () => {
    const client = new Fake();
    const store = new StatusStore(client);
    store.subscribe("ann", () => undefined);
    await pass(100);
    client.list.delete("ann");
    client.emit(EVENT.SUBSCRIPTIONS_UPDATED, { subscribed: [], unsubscribed: ["ann"] });
    await pass(100);
    expect(client.calls.slice(2)).toEqual(["list", "subscribe ann"]);
  });

  test("after destroy it listens to nothing", async () => {
    const client = new Fake();
    const store = new StatusStore(client);
    store.subscribe("ann", () => undefined);
    await pass(100);
    await store.destroy();
    expect(client.calls.at(-1)).toBe("unsubscribe ann");
    expect(client.listening).toBe(0);
    await pass(60_000);
    expect(client.calls).toHaveLength(3);
  });

  test("destroy tells the listeners for the last time that no status is known", async () => {
    const client = new Fake();
    const store = statusStore(client);
    const seen: unknown[] = [];
    store.subscribe("ann", () => {
      seen.push([store.get("ann")?.statusType, statusStore(client) === store]);
      if (store.get("ann") === undefined) {
        void store.destroy();
      }
    });
    await pass(100);
    const destroyed = store.destroy();
    expect(seen).toEqual([
      [1, true],
      [undefined, false],
    ]);
    await destroyed;
    expect(client.sizes("unsubscribe")).toEqual([1]);
  });

  test("a client has one store", () => {
    const client = new Fake();
    expect(statusStore(client)).toBe(statusStore(client));
    expect(statusStore(client)).not.toBe(statusStore(new Fake()));
  });
});

describe("the limits of the app", () => {
  const LIMITS = { subscribeBatch: 50, unsubscribeBatch: 40, queryBatch: 30 };

  test("no call has more users than the client is told", async () => {
    const client = new Fake();
    client.told = client.batches = LIMITS;
    client.limit = 60;
    const store = statusStore(client);
    const users = people(130);
    watch(store, users);
    await pass(4_000);
    expect(known(store, users)).toBe(130);
    await store.destroy();
    expect(client.sizes("subscribe")).toEqual([50, 10]);
    expect(client.sizes("get")).toEqual([30, 30, 10]);
    expect(client.sizes("unsubscribe")).toEqual([40, 20]);
    expect(client.list.size).toBe(0);
  });

  test("without abilities, a call that is too large is divided, and later calls are not larger", async () => {
    const client = new Fake();
    client.batches = LIMITS;
    const store = statusStore(client);
    watch(store, people(60));
    await pass(4_000);
    watch(store, people(60, "later"));
    await pass(4_000);
    expect(known(store, [...people(60), ...people(60, "later")])).toBe(120);
    expect(client.sizes("subscribe")).toEqual([60, 30, 30, 30, 30]);
    await store.destroy();
    expect([client.list.size, client.sizes("unsubscribe").at(-1)]).toEqual([0, 20]);
  });

  test("they may change while the client is connected, and between two calls", async () => {
    const client = new Fake();
    client.told = client.batches;
    client.delay = 100;
    const store = statusStore(client);
    watch(store, people(150));
    await pass(150);
    client.batches = LIMITS;
    await pass(300);
    expect(client.sizes("subscribe").slice(0, 2)).toEqual([100, 50]);
    client.told = LIMITS;
    client.emit(EVENT.ABILITIES_UPDATED, { statusesOfOthers: true, ...LIMITS });
    watch(store, people(45, "later"));
    await pass(4_000);
    expect(known(store, people(150)) + known(store, people(45, "later"))).toBe(195);
    expect(client.sizes("subscribe")).toContain(45);
  });

  test("a longer list has room for users who were only queried", async () => {
    const client = new Fake();
    client.told = client.batches;
    client.limit = 1;
    const store = statusStore(client);
    watch(store, ["ann", "bob"]);
    await pass(1_000);
    expect([...client.list]).toEqual(["ann"]);
    client.limit = 2;
    client.emit(EVENT.ABILITIES_UPDATED, { statusesOfOthers: true });
    await pass(1_000);
    expect([...client.list]).toEqual(["ann", "bob"]);
  });
});

describe("a refusal concerns no other user", () => {
  test("than those of its call", async () => {
    const client = new Fake();
    client.wrong.add("");
    const store = statusStore(client);
    const users = people(30);
    watch(store, ["", ...users]);
    await pass(4_000);
    expect([known(store, users), client.list.size]).toEqual([30, 30]);
    const { length } = client.calls;
    await pass(60_000);
    expect(client.calls).toHaveLength(length);
  });

  test("and a query that the rate forbids is made again", async () => {
    const client = new Fake();
    client.limit = 0;
    client.told = client.batches = { ...client.batches, queryBatch: 10 };
    client.rate = 3;
    const store = statusStore(client);
    watch(store, people(50));
    await pass(20_000);
    expect(known(store, people(50))).toBe(50);
  });

  test("and a refused unsubscribe call does not stop the others", async () => {
    const client = new Fake();
    const store = statusStore(client);
    const stop = watch(store, ["ann"]);
    await pass(100);
    client.wrong.add("ann");
    stop();
    await pass(3 * GRACE);
    watch(store, ["bob"]);
    await pass(3 * GRACE);
    expect([store.get("bob")?.statusType, client.sizes("unsubscribe")]).toEqual([1, [1, 1]]);
  });
});

describe("destroy", () => {
  test("unsubscribes from more users than fit into a call", async () => {
    const client = new Fake();
    const store = statusStore(client);
    watch(store, people(150));
    await pass(1_000);
    expect(client.list.size).toBe(150);
    await store.destroy();
    expect([client.list.size, client.sizes("unsubscribe")]).toEqual([0, [100, 50]]);
  });

  test("waits while the rate forbids calls", async () => {
    const client = new Fake();
    client.told = client.batches = { ...client.batches, unsubscribeBatch: 10 };
    client.rate = 4;
    const store = statusStore(client);
    watch(store, people(150));
    await pass(1_000);
    const destroyed = store.destroy();
    await pass(20_000);
    await destroyed;
    expect(client.list.size).toBe(0);
  });

  test("rejects if its calls are refused, and does not try for ever", async () => {
    for (const [code, calls] of [
      [72001, 1],
      [9508, 11],
    ] as const) {
      const client = new Fake();
      const store = statusStore(client);
      watch(store, ["ann"]);
      await pass(100);
      client.refusal = code;
      const destroyed = expect(store.destroy()).rejects.toMatchObject({ code });
      await pass(60_000);
      await destroyed;
      expect(client.sizes("unsubscribe")).toHaveLength(calls);
    }
  });

  test("leaves the list of another user alone", async () => {
    const client = new Fake();
    const store = statusStore(client);
    watch(store, ["ann"]);
    await pass(100);
    client.refusal = 7008;
    const destroyed = store.destroy();
    await pass(100);
    client.user = "you";
    client.refusal = undefined;
    await pass(10_000);
    await destroyed;
    expect(client.sizes("unsubscribe")).toEqual([1]);
  });

  test("also unsubscribes from the users of a call in progress, and makes no call afterwards", async () => {
    const client = new Fake();
    client.delay = 100;
    const store = statusStore(client);
    const stop = watch(store, people(150));
    await pass(150);
    expect(client.sizes("subscribe")).toEqual([100]);
    const destroyed = store.destroy();
    await pass(1_000);
    await destroyed;
    expect([client.list.size, client.sizes("subscribe"), client.sizes("unsubscribe")]).toEqual([0, [100], [100]]);
    const { length } = client.calls;
    stop();
    watch(store, ["late"]);
    await pass(10_000);
    expect([client.calls.length, client.listening]).toEqual([length, 0]);
  });

  test("a store does not go on with the list of the next user", async () => {
    const client = new Fake();
    client.delay = 100;
    const store = statusStore(client);
    const stop = watch(store, people(150));
    await pass(1_000);
    stop();
    // The grace is over, and the first of two calls is in progress.
    await pass(GRACE + 50);
    expect(client.sizes("unsubscribe")).toEqual([100]);
    client.user = "";
    client.emit(EVENT.SDK_NOT_READY);
    client.user = "you";
    client.emit(EVENT.SDK_READY);
    await pass(10_000);
    expect(client.sizes("unsubscribe")).toEqual([100]);
    await store.destroy();
    expect(client.sizes("unsubscribe")).toEqual([100]);
  });

  test("may be called twice", async () => {
    const client = new Fake();
    const store = statusStore(client);
    watch(store, ["ann"]);
    await pass(100);
    await Promise.all([store.destroy(), store.destroy()]);
    expect(client.sizes("unsubscribe")).toEqual([1]);
  });

  test("makes room for another store, which waits until the list is left", async () => {
    const client = new Fake();
    client.delay = 100;
    const store = statusStore(client);
    watch(store, ["ann"]);
    await pass(1_000);
    const destroyed = store.destroy();
    const next = statusStore(client);
    expect([next === store, statusStore(client) === next]).toEqual([false, true]);
    watch(next, ["ann"]);
    await pass(1_000);
    await destroyed;
    expect(next.get("ann")?.statusType).toBe(1);
    expect(client.calls.map((call) => call.split(" ")[0])).toEqual([
      "list",
      "subscribe",
      "unsubscribe",
      "list",
      "subscribe",
    ]);
    client.emit(EVENT.USER_STATUS_UPDATED, [status("ann", 10, 3)]);
    expect([store.get("ann"), next.get("ann")?.statusType]).toEqual([undefined, 3]);
  });
});

describe("on a server", () => {
  test("React draws what is known there, which is nothing, and asks nobody", async () => {
    const client = new Fake();
    const Dot = () => createElement("i", null, String(useUserStatus("ann")?.statusType));
    const drawn = renderToString(createElement(LamplightProvider, { chat: client }, createElement(Dot)));
    await pass(1_000);
    expect([drawn, client.calls]).toEqual(["<i>undefined</i>", []]);
    expect(() => renderToString(createElement(Dot))).toThrow(/LamplightProvider/);
  });

  test("Vue does too", async () => {
    const client = new Fake();
    const Dot = {
      setup() {
        const found = useInVue("ann");
        return () => h("i", String(found.value?.statusType));
      },
    };
    const drawn = await renderVue(createSSRApp(Dot).use(lamplight, { chat: client }));
    await pass(1_000);
    expect([drawn, client.calls]).toEqual(["<i>undefined</i>", []]);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await expect(renderVue(createSSRApp(Dot))).rejects.toThrow(/app\.use\(lamplight/);
    warn.mockRestore();
  });
});
