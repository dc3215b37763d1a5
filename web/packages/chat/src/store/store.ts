/**
 * The statuses of the users that an application shows: subscribes to those that somebody listens to, gives them back
 * afterwards, and has the newest status of each at hand. No framework: `react.ts` and `vue.ts` are built on it.
 *
 * The subscription list belongs to the account and has a limit. The store takes only the room that is left, so nobody has
 * to leave the list for it; users for whom there is no room are asked for once. It gives back only what it took.
 */

import { EVENT } from "../api/constants.js";
import type { Abilities, GetUserStatusData, SubscribeUserStatusData, SubscriptionsData } from "../api/options.js";
import { isNewer, type UserStatus } from "../machine/status.js";

/** The part of a client that the store uses; the client of `create` has it. */
export interface StatusClient {
  isReady(): boolean;
  getLoginUser(): string;
  on(name: string, handler: (event: never) => unknown): void;
  off(name: string, handler: (event: never) => unknown): void;
  getSubscriptions(): Promise<{ data: SubscriptionsData }>;
  getUserStatus(options: { userIDList: string[] }): Promise<{ data: GetUserStatusData }>;
  /** The statuses in the answer are ours; where a client has none, they are asked for. */
  subscribeUserStatus(options: {
    userIDList: string[];
  }): Promise<{ data: Pick<SubscribeUserStatusData, "failureUserList"> & Partial<SubscribeUserStatusData> }>;
  unsubscribeUserStatus(options: { userIDList: string[] }): Promise<unknown>;
}

/** The most users in one call: the default limit of an app. */
const BATCH = 100;
/** Components that appear together are asked for together. */
const GATHER = 20;
/** A user whom nobody listens to any longer stays this long: lists are drawn anew, and routes changed. */
export const GRACE = 1_000;
/** The wait after a call that was refused for its rate, or had no answer. */
const RETRY = 1_000;
/** The switch of the app is off, or its edition does not have this: the store waits to be told otherwise. */
const CLOSED = new Set([7013, 72001]);
const PASSING = new Set([7008, 9508, 9520]);

interface Watched {
  readonly listeners: Set<() => void>;
  status: UserStatus | undefined;
  /** `wanted`: nothing was asked yet. `asked`: asked, or subscribed by somebody else. `taken`: subscribed by the store. */
  place: "wanted" | "asked" | "taken";
  /** Since when nobody listens. */
  leftAt: number | undefined;
}

/** The statuses of one client. `statusStore` makes it. */
export class StatusStore {
  readonly #watched = new Map<string, Watched>();
  readonly #stops: (() => void)[] = [];
  #user = "";
  #isClosed = false;
  #isRunning = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;

  constructor(private readonly client: StatusClient) {
    this.#user = client.getLoginUser();
    this.#hear(EVENT.SDK_READY, () => {
      this.#loggedIn();
    });
    this.#hear(EVENT.SDK_NOT_READY, () => {
      this.#forget();
    });
    this.#hear<UserStatus[]>(EVENT.USER_STATUS_UPDATED, (statuses) => {
      this.#learn(statuses);
    });
    this.#hear<Abilities>(EVENT.ABILITIES_UPDATED, ({ statusesOfOthers }) => {
      this.#isClosed = !statusesOfOthers;
      this.#wake(GATHER);
    });
    this.#hear<{ unsubscribed: string[] }>(EVENT.SUBSCRIPTIONS_UPDATED, ({ unsubscribed }) => {
      unsubscribed.forEach((userID) => {
        const watched = this.#watched.get(userID);
        if (watched !== undefined) {
          watched.place = "wanted";
        }
      });
      this.#wake(GATHER);
    });
  }

  /** Watches a user, and calls back when their status has changed, until the function that comes back is called. */
  subscribe(userID: string, listener: () => void): () => void {
    const watched = this.#watched.get(userID) ?? {
      listeners: new Set<() => void>(),
      status: undefined,
      place: "wanted" as const,
      leftAt: undefined,
    };
    this.#watched.set(userID, watched);
    // An own function for each call: a listener may be given twice.
    const own = () => {
      listener();
    };
    watched.listeners.add(own);
    watched.leftAt = undefined;
    this.#wake(GATHER);
    return () => {
      if (watched.listeners.delete(own) && watched.listeners.size === 0) {
        watched.leftAt = Date.now();
        this.#wake(GRACE);
      }
    };
  }

  /** The newest status of a user, as far as it is known: the same object until it changes. */
  get(userID: string): UserStatus | undefined {
    return this.#watched.get(userID)?.status;
  }

  /** The snapshot where pages are drawn on a server: nothing is known there, and the page begins with the same. */
  readonly getServerSnapshot = (): undefined => undefined;

  /** Gives back what the store took, and stops. */
  async destroy(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stops.splice(0).forEach((stop) => {
      stop();
    });
    const taken = [...this.#watched].filter(([, { place }]) => place === "taken").map(([userID]) => userID);
    this.#watched.clear();
    if (taken.length > 0 && this.client.isReady()) {
      await this.client.unsubscribeUserStatus({ userIDList: taken });
    }
  }

  #hear<T>(name: string, handler: (data: T) => void): void {
    const listener = ({ data }: { data: T }) => {
      handler(data);
    };
    this.client.on(name, listener);
    this.#stops.push(() => {
      this.client.off(name, listener);
    });
  }

  #loggedIn(): void {
    const user = this.client.getLoginUser();
    const isSame = user === this.#user;
    this.#user = user;
    this.#isClosed = false;
    for (const watched of this.#watched.values()) {
      // The list of this account outlives a logout; that of another one has nothing of the store's.
      watched.place = isSame && watched.place === "taken" ? "taken" : "wanted";
    }
    this.#wake(GATHER);
  }

  #forget(): void {
    for (const watched of this.#watched.values()) {
      // A user whose status is taken away is asked for again after the next login.
      if (watched.status !== undefined) {
        watched.status = undefined;
        tell(watched);
      }
    }
  }

  #learn(statuses: readonly UserStatus[]): void {
    for (const status of statuses) {
      const watched = this.#watched.get(status.userID);
      if (watched !== undefined && !(watched.status && isNewer(watched.status.version, status.version))) {
        watched.status = status;
        tell(watched);
      }
    }
  }

  #wake(wait: number): void {
    const at = Date.now() + wait;
    if (at < this.#timerAt) {
      clearTimeout(this.#timer);
      this.#timerAt = at;
      this.#timer = setTimeout(() => {
        this.#timerAt = Infinity;
        void this.#run();
      }, wait);
    }
  }

  async #run(): Promise<void> {
    if (this.#isRunning) {
      this.#wake(GATHER);
      return;
    }
    this.#isRunning = true;
    try {
      this.#dropUnasked();
      if (this.client.isReady() && !this.#isClosed) {
        await this.#leave();
        await this.#enter();
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Users whom nobody listens to and for whom nothing was taken need no call. */
  #dropUnasked(): void {
    for (const [userID, { place }] of this.#left()) {
      if (place !== "taken") {
        this.#watched.delete(userID);
      }
    }
  }

  /** Users whose grace is over; those whose grace is not over yet are looked at again. */
  #left(): [string, Watched][] {
    const leaving = [...this.#watched].filter(([, { leftAt }]) => leftAt !== undefined);
    const over = leaving.filter(([, { leftAt = 0 }]) => Date.now() - leftAt >= GRACE);
    if (over.length < leaving.length) {
      this.#wake(GRACE);
    }
    return over;
  }

  async #leave(): Promise<void> {
    for (const batch of inBatches(this.#left().map(([userID]) => userID))) {
      await this.client.unsubscribeUserStatus({ userIDList: batch });
      for (const userID of batch) {
        const watched = this.#watched.get(userID);
        if (watched?.leftAt === undefined) {
          // Somebody listens again: it is asked for anew.
          if (watched !== undefined) {
            watched.place = "wanted";
          }
        } else {
          this.#watched.delete(userID);
        }
      }
    }
  }

  async #enter(): Promise<void> {
    // Those that are taken and have no status are so since a logout.
    const wanted = [...this.#watched].filter(
      ([, { place, status }]) => place === "wanted" || (place === "taken" && status === undefined),
    );
    if (wanted.length === 0) {
      return;
    }
    const { userIDList, limit } = (await this.client.getSubscriptions()).data;
    const there = new Set([...userIDList, this.client.getLoginUser()]);
    const fresh = wanted.map(([userID]) => userID).filter((userID) => !there.has(userID));
    const subscribed = fresh.slice(0, Math.max(0, limit - userIDList.length));
    const asked = wanted.map(([userID]) => userID).filter((userID) => !subscribed.includes(userID));
    for (const batch of inBatches(subscribed)) {
      const { failureUserList, successUserList } = (await this.client.subscribeUserStatus({ userIDList: batch }))
        .data;
      const failed = new Set(failureUserList.map(({ userID }) => userID));
      const taken = batch.filter((userID) => !failed.has(userID));
      this.#settle(batch, new Set(taken));
      this.#learn(successUserList ?? (await this.#ask(taken)));
    }
    for (const batch of inBatches(asked)) {
      this.#settle(batch, new Set(batch.filter((userID) => there.has(userID) && this.#isTaken(userID))));
      this.#learn(await this.#ask(batch));
    }
  }

  async #ask(users: string[]): Promise<UserStatus[]> {
    return users.length === 0 ? [] : (await this.client.getUserStatus({ userIDList: users })).data.successUserList;
  }

  #isTaken(userID: string): boolean {
    return this.#watched.get(userID)?.place === "taken";
  }

  #settle(users: readonly string[], taken: ReadonlySet<string>): void {
    for (const userID of users) {
      const watched = this.#watched.get(userID);
      if (watched !== undefined) {
        watched.place = taken.has(userID) ? "taken" : "asked";
      }
    }
  }

  #failed(error: unknown): void {
    const code = typeof error === "object" && error !== null && "code" in error ? Number(error.code) : 0;
    if (CLOSED.has(code)) {
      this.#isClosed = true;
    } else if (PASSING.has(code)) {
      this.#wake(RETRY);
    } else {
      // A user who does not exist fails a call as a whole when it named nobody else: nothing is to be tried again.
      for (const watched of this.#watched.values()) {
        watched.place = watched.place === "wanted" ? "asked" : watched.place;
      }
    }
  }
}

const stores = new WeakMap<StatusClient, StatusStore>();

/** The store of a client: one for all who ask. */
export function statusStore(client: StatusClient): StatusStore {
  const store = stores.get(client) ?? new StatusStore(client);
  stores.set(client, store);
  return store;
}

function tell({ listeners }: Watched): void {
  [...listeners].forEach((listener) => {
    listener();
  });
}

function* inBatches(users: readonly string[]): Generator<string[]> {
  for (let at = 0; at < users.length; at += BATCH) {
    yield users.slice(at, at + BATCH);
  }
}
