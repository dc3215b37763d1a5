/** A client for the tests of the store of statuses, whose server is simulated. */

import { ChatError } from "../src/machine/errors.js";
import type { UserStatus } from "../src/machine/status.js";
import type { StatusClient } from "../src/store/store.js";

/** Returns a status of a user. */
export function status(userID: string, version: number, statusType: UserStatus["statusType"] = 1): UserStatus {
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
export class Fake implements StatusClient {
  readonly calls: string[] = [];
  readonly list = new Set<string>();
  limit = 200;
  user = "me";
  refusal: number | undefined;
  /** The limits of the app: the maximum numbers of users in one call. */
  batches = { subscribeBatch: 100, unsubscribeBatch: 100, queryBatch: 500 };
  /** The limits that the client knows; null if it does not know them. */
  told: Fake["batches"] | null = null;
  /** The maximum number of calls of each kind in five seconds. */
  rate = Infinity;
  /** The users for whom every call is refused with 7003, as with an id that cannot exist. */
  readonly wrong = new Set<string>();
  /** The wait before each answer, in milliseconds. */
  delay = 0;
  readonly #made: { name: string; at: number }[] = [];
  readonly #handlers = new Map<string, Set<(event: never) => unknown>>();

  isReady(): boolean {
    return this.user !== "";
  }
  getLoginUser(): string {
    return this.user;
  }
  getAbilities(): Fake["batches"] | null {
    return this.told;
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

  async #call<T>(name: string, users: readonly string[], answer: () => T): Promise<{ data: T }> {
    this.calls.push([name, ...users].join(" "));
    if (this.delay > 0) {
      await new Promise((fulfil) => setTimeout(fulfil, this.delay));
    }
    const code = this.refusal ?? this.#refusalOf(name, users);
    if (code !== undefined) {
      throw new ChatError({ code, message: "no" });
    }
    return { data: answer() };
  }

  /** Returns the code with which the server refuses a call because of its parameters or its rate. */
  #refusalOf(name: string, users: readonly string[]): number | undefined {
    const { subscribeBatch, unsubscribeBatch, queryBatch } = this.batches;
    const most = { subscribe: subscribeBatch, unsubscribe: unsubscribeBatch, get: queryBatch }[name] ?? Infinity;
    if (users.some((user) => this.wrong.has(user))) {
      return 7003;
    }
    if (users.length > most) {
      return 70206;
    }
    const now = performance.now();
    if (this.#made.filter((one) => one.name === name && now - one.at < 5_000).length >= this.rate) {
      return 7008;
    }
    this.#made.push({ name, at: now });
    return undefined;
  }

  /** The numbers of users in the calls of a kind. */
  sizes(name: string): number[] {
    return this.calls
      .map((call) => call.split(" "))
      .flatMap(([kind, ...rest]) => (kind === name ? [rest.length] : []));
  }
}
