/**
 * The statuses of the users that an application shows. While a user has listeners, the store is subscribed to the
 * user, and has the user's newest status. `react.ts` and `vue.ts` use the store; the store itself uses no framework.
 *
 * The subscription list belongs to the account, and its length is limited. The store only uses the free room on the
 * list, so it never evicts a user. If there is no room for a user, it queries the status once. The store unsubscribes
 * only from users to whom it has subscribed itself.
 */

import { EVENT, TYPES } from "../api/constants.js";
import type { Abilities, GetUserStatusData, SubscribeUserStatusData, SubscriptionsData } from "../api/options.js";
import { isNewer, type UserStatus } from "../machine/status.js";

/**
 * The part of a client that the store uses. The clients of `@lamplight/chat` have it. Those of its entry `compat` do
 * not, because they have no `getSubscriptions`.
 */
export interface StatusClient {
  isReady(): boolean;
  getLoginUser(): string;
  /**
   * Returns the abilities, which have the limits of calls. If this method is missing, or if they are not known, the
   * store begins with the default limits of an app.
   */
  getAbilities?(): Batches | null;
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

type Batches = Pick<Abilities, "queryBatch" | "subscribeBatch" | "unsubscribeBatch">;

/** The default limits of an app: the maximum numbers of users in one call. */
const BATCHES: Batches = { queryBatch: 500, subscribeBatch: 100, unsubscribeBatch: 100 };
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
/**
 * The wait, in milliseconds, after a call that was refused because of the rate limit or a failure of the server, or was
 * not answered.
 */
const RETRY = 1_000;
/** The maximum number of calls in a row that may fail in this way while the store is destroyed. */
const MOST_RETRIES = 10;
/**
 * The codes with which calls are refused because the app's edition or settings do not allow statuses. The store then
 * waits until the settings change.
 */
const CLOSED = new Set([7013, 72001]);
const PASSING = new Set([7008, 9508, 9520, 70500]);
const BATCH_TOO_LARGE = 70206;
/** The codes with which a call about several users is refused, although calls about some of them may succeed. */
const DIVISIBLE = new Set([6017, 7003, BATCH_TOO_LARGE]);

interface Watched {
  readonly listeners: Set<() => void>;
  status: UserStatus | undefined;
  /**
   * Whether the next status replaces the known one even if its version is lower. After a reconnect, the known status
   * may have a version that the server has lost.
   */
  isReplaceable: boolean;
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
  /** The calls in progress; undefined if there are none. */
  #running: Promise<void> | undefined;
  /** The result of `destroy`; undefined before it is called. */
  #ending: Promise<void> | undefined;
  /** The limits of calls that were too large for the server; empty as long as none was. */
  #refused: Partial<Batches> = {};
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
    this.#hear<{ state: string }>(EVENT.NET_STATE_CHANGE, ({ state }) => {
      for (const watched of this.#watched.values()) {
        watched.isReplaceable ||= state === TYPES.NET_STATE_CONNECTED;
      }
    });
    this.#hear<UserStatus[]>(EVENT.USER_STATUS_UPDATED, (statuses) => {
      this.#learn(statuses);
    });
    this.#hear<Abilities>(EVENT.ABILITIES_UPDATED, ({ statusesOfOthers }) => {
      this.#isClosed = !statusesOfOthers;
      this.#refused = {};
      for (const watched of this.#watched.values()) {
        // The limits may have grown, so that there is now room for a user who was only queried.
        watched.place = watched.place === "asked" ? "wanted" : watched.place;
      }
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
      isReplaceable: false,
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
   * Stops, and unsubscribes from the users to whom the store has subscribed. From then on, the store knows no status
   * and handles no events, and `statusStore` returns a new store for the client. The listeners are called for the last
   * time. Rejects with the code of a refused call, after which some users may still be subscribed.
   */
  destroy(): Promise<void> {
    if (this.#ending === undefined) {
      this.#ending = this.#end();
      this.#forget();
      this.#watched.forEach(({ listeners }) => {
        listeners.clear();
      });
    }
    return this.#ending;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stops.splice(0).forEach((stop) => {
      stop();
    });
    if (stores.get(this.client) === this) {
      stores.delete(this.client);
    }
    const earlier = endings.get(this.client);
    const ending = this.#giveBack();
    endings.set(this.client, Promise.allSettled([earlier, ending]));
    await ending;
  }

  /** Unsubscribes from the users to whom the store has subscribed, after the calls in progress. */
  async #giveBack(): Promise<void> {
    await this.#running;
    const taken = new Set([...this.#watched.keys()].filter((userID) => this.#isTaken(userID)));
    this.#watched.clear();
    const isSame = () => this.client.isReady() && this.client.getLoginUser() === this.#user;
    for (let failures = 0; taken.size > 0 && isSame();) {
      try {
        await this.#inBatches("unsubscribeBatch", [...taken], async (batch) => {
          await this.client.unsubscribeUserStatus({ userIDList: batch });
          failures = 0;
          batch.forEach((userID) => taken.delete(userID));
        });
      } catch (error) {
        failures += 1;
        if (!PASSING.has(codeOf(error)) || failures > MOST_RETRIES) {
          throw error;
        }
        await new Promise((fulfil) => setTimeout(fulfil, RETRY));
      }
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
    this.#refused = {};
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
      if (
        watched !== undefined &&
        this.#ending === undefined &&
        (watched.isReplaceable || !(watched.status && isNewer(watched.status.version, status.version)))
      ) {
        watched.status = status;
        watched.isReplaceable = false;
        tell(watched);
      }
    }
  }

  #wake(wait: number): void {
    const at = performance.now() + wait;
    if (at < this.#timerAt && this.#ending === undefined) {
      clearTimeout(this.#timer);
      this.#timerAt = at;
      this.#timer = setTimeout(() => {
        this.#timerAt = Infinity;
        this.#run();
      }, wait);
    }
  }

  #run(): void {
    if (this.#running !== undefined) {
      this.#wake(GATHER);
      return;
    }
    this.#running = this.#work().finally(() => {
      this.#running = undefined;
    });
  }

  async #work(): Promise<void> {
    try {
      // A destroyed store of this client may still be on the subscription list.
      await endings.get(this.client);
      this.#dropUnasked();
      if (this.client.isReady() && !this.#isClosed && this.#ending === undefined) {
        await this.#leave();
        await this.#enter();
      }
    } catch (error) {
      if (CLOSED.has(codeOf(error))) {
        this.#isClosed = true;
      } else if (PASSING.has(codeOf(error))) {
        this.#wake(RETRY);
      }
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
    const left = this.#left().map(([userID]) => userID);
    const unsubscribe = async (batch: string[]) => {
      if (this.#ending !== undefined) {
        return;
      }
      await this.client.unsubscribeUserStatus({ userIDList: batch });
      for (const userID of batch) {
        const watched = this.#watched.get(userID);
        if (watched?.leftAt === undefined) {
          // The user has a listener again, so the status is requested again.
          this.#move([userID], "wanted");
        } else {
          this.#watched.delete(userID);
        }
      }
    };
    // After a permanent refusal, the users stay subscribed until the store makes calls again.
    await this.#inBatches("unsubscribeBatch", left, unsubscribe, () => undefined);
  }

  async #enter(): Promise<void> {
    // A logout removes the statuses of subscribed users.
    const wanted = [...this.#watched]
      .filter(([, { place, status }]) => place === "wanted" || (place === "taken" && status === undefined))
      .map(([userID]) => userID);
    if (wanted.length === 0 || this.#ending !== undefined) {
      return;
    }
    const giveUp = (users: readonly string[]) => {
      this.#move(
        users.filter((userID) => !this.#isTaken(userID)),
        "asked",
      );
    };
    let list: SubscriptionsData;
    try {
      list = (await this.client.getSubscriptions()).data;
    } catch (error) {
      throwIfTemporary(error);
      giveUp(wanted);
      return;
    }
    const self = this.client.getLoginUser();
    const there = new Set([...list.userIDList, self]);
    const room = Math.max(0, list.limit - list.userIDList.length);
    const subscribed = new Set(wanted.filter((userID) => !there.has(userID)).slice(0, room));
    const subscribe = async (batch: string[]) => {
      if (this.#ending !== undefined) {
        return;
      }
      const { failureUserList, successUserList } = (await this.client.subscribeUserStatus({ userIDList: batch }))
        .data;
      const failed = new Set(failureUserList.map(({ userID }) => userID));
      const taken = batch.filter((userID) => !failed.has(userID));
      this.#move([...failed], "asked");
      this.#move(taken, "taken");
      this.#learn(successUserList ?? (await this.#ask(taken)));
    };
    await this.#inBatches("subscribeBatch", [...subscribed], subscribe, giveUp, self);
    const query = async (batch: string[]) => {
      if (this.#ending !== undefined) {
        return;
      }
      const asked = batch.filter((userID) => !(there.has(userID) && this.#isTaken(userID)));
      this.#move(asked, "asked");
      try {
        this.#learn(await this.#ask(batch));
      } catch (error) {
        this.#move(asked, "wanted");
        throw error;
      }
    };
    const others = wanted.filter((userID) => !subscribed.has(userID));
    await this.#inBatches("queryBatch", others, query, giveUp, self);
  }

  /**
   * Makes a call for some users, in batches that the server accepts. Calls `refused` with the users of a call that was
   * refused permanently. Stops if `self` is not logged in any more: the calls would change the list of another user.
   */
  async #inBatches(
    kind: keyof Batches,
    users: readonly string[],
    call: (batch: string[]) => Promise<void>,
    refused?: (batch: readonly string[]) => void,
    self = this.client.getLoginUser(),
  ): Promise<void> {
    // The limit is read for each batch, because the app's settings may change in the meantime.
    for (
      let at = 0, batch: readonly string[];
      at < users.length && this.client.getLoginUser() === self;
      at += batch.length
    ) {
      batch = users.slice(at, at + this.#limit(kind));
      try {
        await call([...batch]);
      } catch (error) {
        const code = codeOf(error);
        const half = Math.ceil(batch.length / 2);
        if (batch.length > 1 && DIVISIBLE.has(code)) {
          if (code === BATCH_TOO_LARGE) {
            this.#refused[kind] = half;
          }
          await this.#inBatches(kind, batch.slice(0, half), call, refused, self);
          await this.#inBatches(kind, batch.slice(half), call, refused, self);
        } else if (refused === undefined) {
          throw error;
        } else {
          throwIfTemporary(error);
          refused(batch);
        }
      }
    }
  }

  /** The maximum number of users in one call. */
  #limit(kind: keyof Batches): number {
    const told = this.client.getAbilities?.()?.[kind] ?? 0;
    return Math.min(told > 0 ? told : BATCHES[kind], this.#refused[kind] ?? Infinity);
  }

  async #ask(users: string[]): Promise<UserStatus[]> {
    return users.length === 0 ? [] : (await this.client.getUserStatus({ userIDList: users })).data.successUserList;
  }

  #isTaken(userID: string): boolean {
    return this.#watched.get(userID)?.place === "taken";
  }

  #move(users: readonly string[], place: Watched["place"]): void {
    for (const userID of users) {
      const watched = this.#watched.get(userID);
      if (watched !== undefined) {
        watched.place = place;
      }
    }
  }
}

const stores = new WeakMap<StatusClient, StatusStore>();
/** The ends of the destroyed stores of a client, which may still be unsubscribing. */
const endings = new WeakMap<StatusClient, Promise<unknown>>();

/**
 * Returns the store of a client. All callers with the same client share one store, until it is destroyed; the next
 * call then makes a new one.
 */
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

/** Returns the code of a refusal; 0 for any other error. */
function codeOf(error: unknown): number {
  return typeof error === "object" && error !== null && "code" in error ? Number(error.code) : 0;
}

/** Throws the error again if the same call may succeed later. */
function throwIfTemporary(error: unknown): void {
  const code = codeOf(error);
  if (CLOSED.has(code) || PASSING.has(code)) {
    throw error;
  }
}
