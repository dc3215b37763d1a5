/**
 * The driver of the ledger. It makes the calls of the ledger one after another, and passes the events of the client to
 * the ledger. It reports changes of the statuses to show.
 */

import { EVENT } from "@lamplight/chat";
import { type Abilities, codeOf, listen, type ChatClient, type UserStatus } from "../client.js";
import { overhear } from "./application-calls.js";
import { type Call, type Gate, Ledger, SWITCHED_OFF, type Shown, type View } from "./ledger.js";

/** The time without scrolling, in milliseconds, after which calls are made. */
export const SETTLE = 120;
/** The time, in milliseconds, after which calls are made although a list keeps scrolling. */
export const LONGEST_SETTLE = 500;

/** The part of a `Storage` in which the kit keeps its subscriptions. After a reload, the page can then end them. */
export type Memory = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface WatcherOptions {
  readonly client: ChatClient;
  readonly on: boolean;
  readonly memory: Memory | null;
  /** Called once for each reason why no status is shown. */
  readonly report: (message: string) => void;
}

/**
 * A function that is called with the users whose shown statuses have changed. It is called with `everybody` if the
 * status of any user may have changed, or the reason why no status is shown.
 */
export type Listener = (users: readonly string[] | "everybody") => void;

/**
 * The shortest interruption of the connection that the components show, in milliseconds. If they showed shorter ones,
 * the dots would flicker.
 */
export const SHORT_CUT = 500;

/** The state of the client's connection, for display. */
export type Net = "connected" | "connecting" | "disconnected";

export class Watcher {
  readonly #ledger = new Ledger();
  readonly #client: ChatClient;
  readonly #options: WatcherOptions;
  readonly #listeners = new Set<Listener>();
  readonly #stops: (() => void)[];
  readonly #reported = new Set<number>();
  #user = "";
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** The time of the first change since the ledger was last asked for a call; null if there was none. */
  #dueSince: number | null = null;
  #isCalling = false;
  /** The calls in progress; the promise is settled if there are none. */
  #working: Promise<void> = Promise.resolve();
  /** Whether the current call is made by the kit, and not by the application. */
  #isOwnCall = false;
  #isStopped = false;
  #net: Net = "connected";
  /** The connection state that the components show. */
  #toldNet: Net = "connected";
  /** The timer that changes `#toldNet` after `SHORT_CUT`; null if none is running. */
  #cut: ReturnType<typeof setTimeout> | null = null;
  #toldGate: Gate = { is: "open" };

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#ledger.turn(options.on);
    const { client } = options;
    this.#stops = [
      listen(client, EVENT.SDK_READY, () => {
        this.#loggedIn();
      }),
      listen(client, EVENT.SDK_NOT_READY, () => {
        this.#changed(this.#ledger.loggedOut());
      }),
      listen<UserStatus[]>(client, EVENT.USER_STATUS_UPDATED, (statuses) => {
        this.#changed(this.#ledger.told(statuses, performance.now()));
      }),
      listen<{ subscribed: string[]; unsubscribed: string[] }>(
        client,
        EVENT.SUBSCRIPTIONS_UPDATED,
        ({ subscribed, unsubscribed }) => {
          this.#ledger.listChanged(subscribed, unsubscribed);
          this.#remember();
          this.#wakeSoon();
        },
      ),
      listen<Abilities>(client, EVENT.ABILITIES_UPDATED, (abilities) => {
        this.#allowed(abilities);
      }),
      listen<{ state: string }>(client, EVENT.NET_STATE_CHANGE, ({ state }) => {
        this.#netChanged(state === "connected" || state === "connecting" ? state : "disconnected");
      }),
      overhear(client, {
        isOwn: () => this.#isOwnCall,
        subscribed: (users, evicted) => {
          this.#ledger.applicationSubscribed(users, evicted);
          this.#remember();
          this.#wakeSoon();
        },
        unsubscribed: (users) => {
          this.#ledger.applicationUnsubscribed(users);
          this.#remember();
          this.#wakeSoon();
        },
      }),
    ];
    if (client.isReady()) {
      this.#loggedIn();
    }
  }

  shown(user: string): Shown | undefined {
    return this.#ledger.shown(user);
  }

  get gate(): Gate {
    return this.#ledger.gate;
  }

  /**
   * The state of the connection to show. Without a connection, the components show the last known statuses. If no
   * user is logged in, the state is `connected`, because nothing is missing.
   */
  get net(): Net {
    return this.#client.isReady() ? this.#toldNet : "connected";
  }

  /** A function that makes the SDK connect at once; undefined if the SDK has none. */
  get reconnect(): (() => void) | undefined {
    const client = this.#client;
    return client.reconnect === undefined ? undefined : () => client.reconnect?.();
  }

  turn(on: boolean): void {
    this.#changed(this.#ledger.turn(on));
    this.#wake(0);
  }

  show(view: string, shown: View): void {
    this.#ledger.show(view, shown, performance.now());
    this.#wakeSoon();
  }

  hide(view: string): void {
    this.#ledger.hide(view, performance.now());
    this.#wakeSoon();
  }

  /** Requests the statuses and the subscription list again, because they may have changed without a notification. */
  refresh(): void {
    this.#ledger.refresh();
    this.#wakeSoon();
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the subscriptions of the kit, and stops handling events. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stops.forEach((stop) => {
      stop();
    });
    this.#listeners.clear();
    this.#endCut();
    this.#wake(Infinity);
    this.#ledger.turn(false);
    // The call in progress may be a subscription.
    await this.#working;
    // The calls must not change the list of another user.
    const isSame = () => this.#client.isReady() && this.#client.getLoginUser() === this.#user;
    for (
      let next = this.#ledger.next(performance.now());
      "call" in next && isSame();
      next = this.#ledger.next(performance.now())
    ) {
      await this.#make(next.call);
    }
    this.#remember();
  }

  #netChanged(net: Net): void {
    this.#net = net;
    if (net === "connected") {
      this.#endCut();
      this.#tellNet();
      this.refresh();
    } else if (this.#toldNet !== "connected") {
      this.#tellNet();
    } else {
      this.#cut ??= setTimeout(() => {
        this.#cut = null;
        this.#tellNet();
      }, SHORT_CUT);
    }
  }

  #endCut(): void {
    if (this.#cut !== null) {
      clearTimeout(this.#cut);
      this.#cut = null;
    }
  }

  #tellNet(): void {
    if (this.#toldNet !== this.#net) {
      this.#toldNet = this.#net;
      this.#tell("everybody");
    }
  }

  #loggedIn(): void {
    this.#user = this.#client.getLoginUser();
    this.#changed(this.#ledger.loggedIn(this.#user, this.#recall()));
    this.#allowed(this.#client.getAbilities?.());
  }

  #allowed(abilities: Abilities | null | undefined): void {
    this.#changed(this.#ledger.allowed(abilities));
    if (this.gate.is === "closed") {
      this.#explain(this.gate.code);
    }
    this.#wake(0);
  }

  /** Asks the ledger for its next call after a short delay, because further changes may follow at once. */
  #wakeSoon(): void {
    const now = performance.now();
    this.#dueSince ??= now;
    this.#wake(Math.max(0, Math.min(SETTLE, this.#dueSince + LONGEST_SETTLE - now)));
  }

  /**
   * Asks the ledger for its next call after `after` milliseconds. With `Infinity`, waits for the next event instead.
   */
  #wake(after: number): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (after !== Infinity && !this.#isStopped) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#dueSince = null;
        if (!this.#isCalling) {
          this.#working = this.#work();
        }
      }, after);
    }
  }

  async #work(): Promise<void> {
    this.#isCalling = true;
    let next = this.#ledger.next(performance.now());
    while ("call" in next && !this.#isStopped) {
      await this.#make(next.call);
      next = this.#ledger.next(performance.now());
    }
    this.#isCalling = false;
    if (this.#timer === null && "wakeAt" in next) {
      this.#wake(next.wakeAt === Infinity ? Infinity : Math.max(0, next.wakeAt - performance.now()));
    }
  }

  async #make(call: Call): Promise<void> {
    const user = this.#user;
    try {
      const changed = await this.#ask(call, () => user === this.#user && this.#client.isReady());
      this.#changed(changed);
      this.#remember();
    } catch (error) {
      const code = codeOf(error);
      this.#changed(this.#ledger.refused(call, code, performance.now()));
      this.#explain(code);
    }
  }

  /** Makes a call. `isSame` returns whether the login is still the same. If it is not, the answer is ignored. */
  async #ask(call: Call, isSame: () => boolean): Promise<string[]> {
    const ledger = this.#ledger;
    switch (call.kind) {
      case "read": {
        const answer = await this.#client.getSubscriptions?.();
        const list = answer && { users: answer.data.userIDList, limit: answer.data.limit };
        return isSame() ? ledger.read(list, performance.now()) : [];
      }
      case "query": {
        const { data } = await this.#client.getUserStatus({ userIDList: [...call.users] });
        return isSame()
          ? ledger.queried(call.users, data.successUserList, data.failureUserList, performance.now())
          : [];
      }
      case "subscribe": {
        const { data } = await this.#own(() => this.#client.subscribeUserStatus({ userIDList: [...call.users] }));
        const { successUserList = [], failureUserList, evictedUserIDList = [] } = data;
        return isSame()
          ? ledger.subscribed(call.users, successUserList, failureUserList, evictedUserIDList, performance.now())
          : [];
      }
      case "unsubscribe": {
        await this.#own(() => this.#client.unsubscribeUserStatus({ userIDList: [...call.users] }));
        return isSame() ? ledger.unsubscribed(call.users) : [];
      }
    }
  }

  #own<T>(call: () => T): T {
    this.#isOwnCall = true;
    try {
      return call();
    } finally {
      this.#isOwnCall = false;
    }
  }

  #explain(code: number): void {
    if (this.gate.is !== "closed" || this.gate.code !== code || this.#reported.has(code)) {
      return;
    }
    this.#reported.add(code);
    this.#options.report(
      code === SWITCHED_OFF
        ? `Online status is not shown (${code}): the user-status switch of this app is off. ` +
            "Turn on “user status query and change notification” in the console."
        : `Online status is not shown (${code}): the edition of this app does not have it. ` +
            "Set the app's edition to flagship in the console.",
    );
  }

  #changed(users: readonly string[]): void {
    if (this.gate !== this.#toldGate) {
      this.#toldGate = this.gate;
      this.#tell("everybody");
    } else if (users.length > 0) {
      this.#tell(users);
    }
  }

  #tell(users: readonly string[] | "everybody"): void {
    this.#listeners.forEach((listener) => {
      listener(users);
    });
  }

  #key(): string {
    return `tuikit.subscriptions.${this.#user}`;
  }

  #remember(): void {
    const { memory } = this.#options;
    const own = this.#ledger.own;
    try {
      if (own.size === 0) {
        memory?.removeItem(this.#key());
      } else {
        memory?.setItem(this.#key(), JSON.stringify([...own]));
      }
    } catch {
      // The storage is full or forbidden. A page that is loaded again then takes the subscriptions for the application's.
    }
  }

  #recall(): string[] {
    try {
      const kept = this.#options.memory?.getItem(this.#key()) ?? "[]";
      const users: unknown = JSON.parse(kept);
      return Array.isArray(users) ? users.filter((user) => typeof user === "string") : [];
    } catch {
      return [];
    }
  }
}
