/**
 * The statuses of the users that an application shows. The store subscribes to users with listeners, unsubscribes
 * afterwards, and has the newest status of each. It uses no framework: `react.ts` and `vue.ts` are built on it.
 *
 * The subscription list belongs to the account and has a limit. The store uses only free room, so that it evicts
 * nobody; users for whom there is no room are queried once. It unsubscribes only users that it has subscribed to.
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
  /** Subscribes to users. Lamplight returns their statuses in the answer; if a client does not, they are queried. */
  subscribeUserStatus(options: {
    userIDList: string[];
  }): Promise<{ data: Pick<SubscribeUserStatusData, "failureUserList"> & Partial<SubscribeUserStatusData> }>;
  unsubscribeUserStatus(options: { userIDList: string[] }): Promise<unknown>;
}

/** The most users in one call: the default limit of an app. */
const BATCH = 100;
/** The time in which components that appear together are collected into one call, in milliseconds. */
const GATHER = 20;
/** The time for which a user without listeners is kept, because lists are redrawn and routes change. */
export const GRACE = 1_000;
/** The wait after a call that was refused for its rate, or had no answer. */
const RETRY = 1_000;
/**
 * The codes of an app without statuses: its switch is off, or its edition does not have them. The store waits until the
 * app changes.
 */
const CLOSED = new Set([7013, 72001]);
const PASSING = new Set([7008, 9508, 9520]);

interface Watched {
  readonly listeners: Set<() => void>;
  status: UserStatus | undefined;
  /**
   * The state of the user: `wanted` is not requested yet, `asked` is queried or subscribed elsewhere, `taken` is
   * subscribed by the store.
   */
  place: "wanted" | "asked" | "taken";
  /** The time since when there is no listener. */
  leftAt: number | undefined;
}

/** The status store of one client, created by `statusStore`. */
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

  /** Watches a user and calls `listener` when their status has changed, until the returned function is called. */
  subscribe(userID: string, listener: () => void): () => void {
    const watched = this.#watched.get(userID) ?? {
      listeners: new Set<() => void>(),
      status: undefined,
      place: "wanted" as const,
      leftAt: undefined,
    };
    this.#watched.set(userID, watched);
    // A separate function for each call, because a listener may be passed twice.
    const own = () => {
      listener();
    };
    watched.listeners.add(own);
    watched.leftAt = undefined;
    this.#wake(GATHER);
    return () => {
      if (watched.listeners.delete(own) && watched.listeners.size === 0) {
        watched.leftAt = performance.now();
        this.#wake(GRACE);
      }
    };
  }

  /** The newest known status of a user: the same object until it changes. */
  get(userID: string): UserStatus | undefined {
    return this.#watched.get(userID)?.status;
  }

  /** The snapshot for server-side rendering, where no status is known; hydration must begin with the same value. */
  readonly getServerSnapshot = (): undefined => undefined;

  /** Unsubscribes the users that the store has subscribed to, and stops. */
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
      // The subscription list of this account outlives a logout; the list of another account has no users of the
      // store.
      watched.place = isSame && watched.place === "taken" ? "taken" : "wanted";
    }
    this.#wake(GATHER);
  }

  #forget(): void {
    for (const watched of this.#watched.values()) {
      // A user whose status was removed is requested again after the next login.
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
    const at = performance.now() + wait;
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

  /** Drops users without listeners whom the store has not subscribed to, because no call is needed for them. */
  #dropUnasked(): void {
    for (const [userID, { place }] of this.#left()) {
      if (place !== "taken") {
        this.#watched.delete(userID);
      }
    }
  }

  /** Returns the users whose grace is over; the others are checked again later. */
  #left(): [string, Watched][] {
    const leaving = [...this.#watched].filter(([, { leftAt }]) => leftAt !== undefined);
    const over = leaving.filter(([, { leftAt = 0 }]) => performance.now() - leftAt >= GRACE);
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
          // The user has a listener again, and is requested again.
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
    // Subscribed users without a status have lost it in a logout.
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
      // If the only user of a call does not exist, the call fails as a whole and is not repeated.
      for (const watched of this.#watched.values()) {
        watched.place = watched.place === "wanted" ? "asked" : watched.place;
      }
    }
  }
}

const stores = new WeakMap<StatusClient, StatusStore>();

/** The store of a client, shared by all callers. */
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
