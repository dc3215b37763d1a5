/** Tests the store of statuses: its subscriptions, and their end. */

import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createSSRApp, h } from "vue";
import { renderToString as renderVue } from "vue/server-renderer";
import { EVENT } from "../src/api/constants.js";
import { ChatError } from "../src/machine/errors.js";
import type { UserStatus } from "../src/machine/status.js";
import { LamplightProvider, useUserStatus } from "../src/store/react.js";
import { GRACE, type StatusClient, StatusStore, statusStore } from "../src/store/store.js";
import { lamplight, useUserStatus as useInVue } from "../src/store/vue.js";

function status(userID: string, version: number, statusType: UserStatus["statusType"] = 1): UserStatus {
  return {
    userID,
    statusType,
    customStatus: "",
    version: String(version),
    since: 0,
    reason: "login",
    onlineDevices: [],
  };
}

/** A client whose server is simulated. */
class Fake implements StatusClient {
  readonly calls: string[] = [];
  readonly list = new Set<string>();
  limit = 200;
  user = "me";
  refusal: number | undefined;
  readonly #handlers = new Map<string, Set<(event: never) => unknown>>();

  isReady(): boolean {
    return this.user !== "";
  }
  getLoginUser(): string {
    return this.user;
  }
  on(name: string, handler: (event: never) => unknown): void {
    this.#handlers.set(name, (this.#handlers.get(name) ?? new Set()).add(handler));
  }
  off(name: string, handler: (event: never) => unknown): void {
    this.#handlers.get(name)?.delete(handler);
  }
  emit(name: string, data?: unknown): void {
    this.#handlers.get(name)?.forEach((handler) => handler({ name, data } as never));
  }
  get listening(): number {
    return [...this.#handlers.values()].reduce((sum, handlers) => sum + handlers.size, 0);
  }
  getSubscriptions() {
    return this.#call("list", [], () => ({ userIDList: [...this.list], limit: this.limit }));
  }
  getUserStatus({ userIDList }: { userIDList: string[] }) {
    return this.#call("get", userIDList, () => ({
      successUserList: userIDList.map((user) => status(user, 1)),
      failureUserList: [],
    }));
  }
  subscribeUserStatus({ userIDList }: { userIDList: string[] }) {
    return this.#call("subscribe", userIDList, () => {
      userIDList.forEach((user) => this.list.add(user));
      const successUserList = userIDList.map((user) => status(user, 1));
      return { successUserList, failureUserList: [], evictedUserIDList: [] };
    });
  }
  unsubscribeUserStatus({ userIDList }: { userIDList: string[] }) {
    return this.#call("unsubscribe", userIDList, () => {
      userIDList.forEach((user) => this.list.delete(user));
    });
  }

  #call<T>(name: string, users: readonly string[], answer: () => T): Promise<{ data: T }> {
    this.calls.push([name, ...users].join(" "));
    return this.refusal === undefined
      ? Promise.resolve({ data: answer() })
      : Promise.reject(new ChatError({ code: this.refusal, message: "no" }));
  }
}

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

  test.each([7008, 9508, 9520])("%s is tried again", async (code) => {
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

  test("a client has one store", () => {
    const client = new Fake();
    expect(statusStore(client)).toBe(statusStore(client));
    expect(statusStore(client)).not.toBe(statusStore(new Fake()));
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
