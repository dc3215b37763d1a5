/**
 * The statuses of the users that an application shows. While a user has listeners, the store is subscribed to the
 * user, and has the user's newest status. `react.ts` and `vue.ts` use the store; the store itself uses no framework.
 *
 * The subscription list belongs to the account, and its length is limited. The store only uses the free room on the
 * list, so it never evicts a user. If there is no room for a user, it queries the status once. The store unsubscribes
 * only from users to whom it has subscribed itself.
 */

import { EVENT } from "../api/constants.js";
import type { Abilities, GetUserStatusData, SubscribeUserStatusData, SubscriptionsData } from "../api/options.js";
import { isNewer, type UserStatus } from "../machine/status.js";

/**
 * The part of a client that the store uses. The clients of `@lamplight/chat` have it. Those of its entry `compat` do
 * not, because they have no `getSubscriptions`.
 */
export interface StatusClient {
  isReady(): boolean;
  getLoginUser(): string;
  on(name: string, handler: (event: never) => unknown): void;
  off(name: string, handler: (event: never) => unknown): void;
  getSubscriptions(): Promise<{ data: SubscriptionsData }>;
  getUserStatus(options: { userIDList: string[] }): Promise<{ data: GetUserStatusData }>;
  /**
   * Subscribes to users. The answer of Lamplight has their statuses. If an answer has none, the store queries them.
   */
  subscribeUserStatus(options: {
    userIDList: string[];
  }): Promise<{ data: Pick<SubscribeUserStatusData, "failureUserList"> & Partial<SubscribeUserStatusData> }>;
  unsubscribeUserStatus(options: { userIDList: string[] }): Promise<unknown>;
}

/** The maximum number of users in one call: the default limit of an app. */
const BATCH = 100;
/**
 * The time, in milliseconds, for which the users of new components are collected before one call is made for all of
 * them.
 */
const GATHER = 20;
/**
 * The time, in milliseconds, for which a user without listeners stays subscribed. When a list is drawn again or the
 * route changes, a listener is often added again within this time.
 */
export const GRACE = 1_000;
/** The wait, in milliseconds, after a call that was refused because of the rate limit, or was not answered. */
const RETRY = 1_000;
/**
 * The codes with which calls are refused because the app's edition or settings do not allow statuses. The store then
 * waits until the settings change.
 */
const CLOSED = new Set([7013, 72001]);
const PASSING = new Set([7008, 9508, 9520]);

interface Watched {
  readonly listeners: Set<() => void>;
  status: UserStatus | undefined;
  /**
   * The progress for this user. `wanted`: the status must be requested. `asked`: the status was queried, without a
   * subscription. `taken`: the store has subscribed to the user.
   */
  place: "wanted" | "asked" | "taken";
  /** The time when the last listener was removed; undefined while there is a listener. */
  leftAt: number | undefined;
}

/** The status store of one client. `statusStore` returns it. */
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

  /**
   * Watches a user, until the returned function is called. Calls `listener`, without the status, whenever `get` may
   * return another one: when a status was received, and when a logout has removed it.
   */
  subscribe(userID: string, listener: () => void): () => void {
    const watched = this.#watched.get(userID) ?? {
      listeners: new Set<() => void>(),
      status: undefined,
      place: "wanted" as const,
      leftAt: undefined,
    };
    this.#watched.set(userID, watched);
    // Each call has its own function, because the same listener may be passed twice.
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

  /**
   * Returns the newest known status of a user; undefined if it is not known, or if the user is not watched. The
   * object stays the same until a status is received again.
   */
  get(userID: string): UserStatus | undefined {
    return this.#watched.get(userID)?.status;
  }

  /** The status in server-side rendering, where no status is known. Hydration must begin with the same value. */
  readonly getServerSnapshot = (): undefined => undefined;

  /**
   * Unsubscribes from the users to whom the store has subscribed, and stops. The store must not be used afterwards:
   * `statusStore` still returns it for this client, but it handles no events.
   */
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
      // After a login of the same account, the subscription list still has the users of the store.
      watched.place = isSame && watched.place === "taken" ? "taken" : "wanted";
    }
    this.#wake(GATHER);
  }

  #forget(): void {
    for (const watched of this.#watched.values()) {
      // A user whose status was removed is queried again after the next login.
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

  /** Removes users whose grace is over, except those to whom the store has subscribed. */
  #dropUnasked(): void {
    for (const [userID, { place }] of this.#left()) {
      if (place !== "taken") {
        this.#watched.delete(userID);
      }
    }
  }

  /** Returns the users whose grace is over. Schedules another check for the other users without listeners. */
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
          // The user has a listener again, so the status is requested again.
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
    // A logout removes the statuses of subscribed users.
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
      // If the only user of a call has no account, the whole call fails. It is not repeated.
      for (const watched of this.#watched.values()) {
        watched.place = watched.place === "wanted" ? "asked" : watched.place;
      }
    }
  }
}

const stores = new WeakMap<StatusClient, StatusStore>();

/** Returns the store of a client. All callers with the same client share one store. */
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
