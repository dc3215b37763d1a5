/**
 * The plan of queries and subscriptions for the components: the users that are shown, their known statuses, and the
 * next call to the server.
 *
 * The ledger is pure: it has no client and no clock. A driver reports events to it, makes the one call that `next`
 * returns, and reports the answer. A method that changes the statuses to show returns the users concerned.
 *
 * The subscription list belongs to the account, and the application uses it as well. The kit only uses free room on it,
 * and never causes an eviction. It unsubscribes only from users to whom it has subscribed itself.
 */

import { isNewer } from "@lamplight/chat";
import type { Abilities, StatusType, UserFailure, UserStatus } from "../client.js";
import { Suspects } from "./suspects.js";

/** The default maximum number of users on the subscription list. */
export const DEFAULT_LIMIT = 200;
/** The default maximum number of users in one query. */
export const QUERY_BATCH = 500;
/** The default maximum number of users in one call to subscribe or unsubscribe. */
export const SUBSCRIBE_BATCH = 100;
/**
 * The maximum number of calls of one kind in `WINDOW` milliseconds. It is half of a user's rate limit. The other half
 * is left to the application.
 */
export const CALLS_PER_WINDOW = 10;
/** The length of the window for `CALLS_PER_WINDOW`, in milliseconds. */
export const WINDOW = 5_000;
/**
 * The age, in milliseconds, at which data is requested again: the subscription list, and the statuses of users without
 * a subscription.
 */
export const STALE_AFTER = 30_000;
/**
 * The time, in milliseconds, for which the status of a user who has left all lists is kept. If the user returns within
 * this time, for example after a short change of pages, no call is needed.
 */
export const GRACE = 10_000;
/**
 * The minimum number of subscriptions that are ended together to make room. If it were 1, further scrolling would need
 * a call each time.
 */
export const MAKE_ROOM = 50;
/**
 * The wait after the first temporary refusal, in milliseconds. It doubles with each further temporary refusal, up to
 * `LONGEST_PAUSE`.
 */
export const FIRST_PAUSE = 5_000;
/** The longest wait after temporary refusals, in milliseconds. */
export const LONGEST_PAUSE = 300_000;

/** The code with which calls are refused because the app has switched statuses off. */
export const SWITCHED_OFF = 72001;
/**
 * The codes with which calls are refused because the app's edition does not have statuses. 3122 is the code of the
 * cloud's server.
 */
export const NOT_IN_EDITION: readonly number[] = [7013, 3122];
const BATCH_TOO_LARGE = 70206;
/** The codes with which a call is refused because one of its users is not a userID. */
const BAD_USER: readonly number[] = [6017, 7003];

/** The users in a list. */
export interface View {
  /** The users of the list, in its order. The array is the same object as long as the users are the same. */
  readonly listed: readonly string[];
  /** The users in the visible rows. */
  readonly onScreen: readonly string[];
}

/** A call that the driver has to make. At most one call is in progress. */
export type Call =
  | { readonly kind: "read" }
  | { readonly kind: "query"; readonly users: readonly string[] }
  | { readonly kind: "subscribe"; readonly users: readonly string[] }
  | { readonly kind: "unsubscribe"; readonly users: readonly string[] };

/** The next action: a call, or a wait until the time `wakeAt`. `Infinity` means a wait until the next event. */
export type Next = { readonly call: Call } | { readonly wakeAt: number };

/** Whether the server allows this app to use statuses. */
export type Gate =
  | { readonly is: "open" }
  /**
   * The server refuses statuses; `code` is 7013 or 72001. If the SDK does not report changes of the settings, the kit
   * tries again from time to time.
   */
  | { readonly is: "closed"; readonly code: number };

/** The status to show for a user. */
export interface Shown {
  readonly statusType: StatusType;
  readonly customStatus: string;
  /** The time when the custom status ends, in milliseconds since 1970 (UTC). Undefined if it has no end. */
  readonly customExpires?: number;
}

interface Known {
  readonly status: UserStatus | null;
  /** The time when the status was last received. */
  readonly at: number;
}

export class Ledger {
  #on = true;
  #self: string | null = null;
  #gate: Gate = { is: "open" };
  /** Whether the SDK has reported that statuses are refused. It will then also report when they are allowed again. */
  #isClosedByApp = false;
  #pausedUntil = 0;
  #pauses = 0;
  readonly #views = new Map<string, View>();
  /** The users of all views; null if they must be computed again after a change. */
  #allListed: ReadonlySet<string> | null = null;
  readonly #known = new Map<string, Known>();
  /**
   * The users to whom the kit has subscribed, in ascending order of the values. The value is the time of the
   * subscription, or the last time at which the user was reported as visible, whichever is later.
   */
  readonly #own = new Map<string, number>();
  /** The users on the subscription list whom the kit has not added. */
  readonly #foreign = new Set<string>();
  /** The users to whom this page had subscribed before the page was reloaded. */
  #earlier: ReadonlySet<string> = new Set();
  /** For each user who has left all lists: the time of leaving. */
  readonly #left = new Map<string, number>();
  /** For each user for whom the server has refused a query or a subscription: the time of the refusal. */
  readonly #unwatchable = new Map<string, number>();
  readonly #suspects = new Suspects();
  #limit = DEFAULT_LIMIT;
  #readAt = -Infinity;
  #queryBatch = QUERY_BATCH;
  #subscribeBatch = SUBSCRIBE_BATCH;
  readonly #calls = new Map<Call["kind"], number[]>();

  /** Returns the status to show for a user; undefined if statuses are off or refused, or if the status is unknown. */
  shown(user: string): Shown | undefined {
    const status = this.#known.get(user)?.status;
    return this.#on && this.#gate.is === "open" ? (status ?? undefined) : undefined;
  }

  get gate(): Gate {
    return this.#gate;
  }

  /** The users to whom the kit has subscribed. */
  get own(): ReadonlySet<string> {
    return new Set(this.#own.keys());
  }

  /** Turns online statuses on or off for the whole kit. While they are off, the kit only ends its subscriptions. */
  turn(on: boolean): string[] {
    if (on === this.#on) {
      return [];
    }
    this.#on = on;
    this.#resume();
    this.#readAt = -Infinity;
    return this.#forget();
  }

  /** Handles a login. `earlier` has the users to whom the page had subscribed before it was reloaded. */
  loggedIn(self: string, earlier: readonly string[]): string[] {
    const changed = this.loggedOut();
    this.#self = self;
    this.#earlier = new Set(earlier);
    return changed;
  }

  /** Stores the abilities of the client; null or undefined if the SDK does not report them. */
  allowed(abilities: Abilities | null | undefined): string[] {
    this.#isClosedByApp = abilities?.statusesOfOthers === false;
    if (abilities === null || abilities === undefined) {
      return [];
    }
    this.#queryBatch = abilities.queryBatch || QUERY_BATCH;
    this.#subscribeBatch = Math.min(
      abilities.subscribeBatch || SUBSCRIBE_BATCH,
      abilities.unsubscribeBatch || SUBSCRIBE_BATCH,
    );
    // The limit of the subscription list may have changed as well.
    this.#readAt = -Infinity;
    return this.#isClosedByApp ? this.#closed(abilities.refusalCode) : this.#opened();
  }

  loggedOut(): string[] {
    this.#self = null;
    this.#isClosedByApp = false;
    this.#own.clear();
    this.#foreign.clear();
    this.#unwatchable.clear();
    this.#suspects.clear();
    this.#readAt = -Infinity;
    this.#limit = DEFAULT_LIMIT;
    this.#queryBatch = QUERY_BATCH;
    this.#subscribeBatch = SUBSCRIBE_BATCH;
    this.#resume();
    return this.#forget();
  }

  /**
   * Handles a new connection, or the end of a page's sleep. All statuses are requested again, because the server may
   * have newer ones.
   */
  refresh(): void {
    this.#readAt = -Infinity;
    this.#resume();
    for (const [user, { status }] of this.#known) {
      this.#known.set(user, { status, at: -Infinity });
    }
  }

  show(view: string, shown: View, now: number): void {
    const before = this.#views.get(view);
    this.#views.set(view, shown);
    if (before?.listed !== shown.listed) {
      this.#allListed = null;
      this.#noteLeft(before?.listed ?? [], now);
    }
    // Visible users move to the end, so that they are the last to be unsubscribed.
    for (const user of shown.onScreen) {
      if (this.#own.delete(user)) {
        this.#own.set(user, now);
      }
    }
  }

  hide(view: string, now: number): void {
    const before = this.#views.get(view);
    this.#views.delete(view);
    this.#allListed = null;
    this.#noteLeft(before?.listed ?? [], now);
  }

  /** Handles changed statuses. Stores only the statuses of users who are in a list. */
  told(statuses: readonly UserStatus[], now: number): string[] {
    if (!this.#on || this.#self === null) {
      return [];
    }
    const listed = this.#listed();
    return statuses.filter((status) => listed.has(status.userID) && this.#learn(status, now)).map((s) => s.userID);
  }

  /** Handles a change of the subscription list by another device of the account or by the server API. */
  listChanged(subscribed: readonly string[], unsubscribed: readonly string[]): void {
    this.#gone(unsubscribed);
    subscribed.filter((user) => !this.#own.has(user)).forEach((user) => this.#foreign.add(user));
  }

  /** Handles subscriptions of the application. The kit does not unsubscribe from these users any more. */
  applicationSubscribed(users: readonly string[], evicted: readonly string[]): void {
    this.#gone(evicted);
    for (const user of users) {
      this.#own.delete(user);
      this.#foreign.add(user);
    }
  }

  /** Handles an unsubscribe call of the application for these users; for all users if the list is empty. */
  applicationUnsubscribed(users: readonly string[]): void {
    this.#gone(users.length > 0 ? users : [...this.#own.keys(), ...this.#foreign]);
  }

  /** Handles the subscription list of the server; undefined if the SDK cannot read it. */
  read(list: { readonly users: readonly string[]; readonly limit: number } | undefined, now: number): string[] {
    this.#readAt = now;
    if (list !== undefined) {
      this.#limit = list.limit;
      const there = new Set(list.users);
      [...this.#own.keys()].filter((user) => !there.has(user)).forEach((user) => this.#own.delete(user));
      this.#foreign.clear();
      for (const user of there) {
        if (this.#own.has(user)) {
          continue;
        } else if (this.#earlier.has(user)) {
          this.#own.set(user, now);
          this.#noteLeft([user], now);
        } else {
          this.#foreign.add(user);
        }
      }
      this.#earlier = new Set();
      return this.#opened();
    }
    return [];
  }

  queried(
    users: readonly string[],
    found: readonly UserStatus[],
    failed: readonly UserFailure[],
    now: number,
  ): string[] {
    const changed = found.filter((status) => this.#learn(status, now)).map(({ userID }) => userID);
    const answered = new Set(found.map(({ userID }) => userID));
    users
      .filter((user) => !answered.has(user))
      .forEach((user) => this.#known.set(user, { status: this.#known.get(user)?.status ?? null, at: now }));
    failed.forEach(({ userID }) => this.#unwatchable.set(userID, now));
    this.#suspects.accepted(users);
    return [...changed, ...this.#opened()];
  }

  /** Handles the answer to a subscription. `found` has the statuses in the answer; empty if the answer has none. */
  subscribed(
    users: readonly string[],
    found: readonly UserStatus[],
    failed: readonly UserFailure[],
    evicted: readonly string[],
    now: number,
  ): string[] {
    const changed = this.told(found, now);
    failed.forEach(({ userID }) => this.#unwatchable.set(userID, now));
    const out = new Set(failed.map(({ userID }) => userID));
    for (const user of users) {
      if (!out.has(user) && !this.#foreign.has(user)) {
        this.#own.set(user, now);
      }
    }
    this.#suspects.accepted(users);
    // The list was fuller than the kit knew, so it must be read again before more users are added.
    if (evicted.length > 0) {
      this.#gone(evicted);
      this.#readAt = -Infinity;
    }
    return [...changed, ...this.#opened()];
  }

  unsubscribed(users: readonly string[]): string[] {
    users.forEach((user) => this.#own.delete(user));
    this.#suspects.accepted(users);
    return this.#opened();
  }

  /** Handles a refused call. `code` is 0 if the failure has no code. */
  refused(call: Call, code: number, now: number): string[] {
    if (code === SWITCHED_OFF || NOT_IN_EDITION.includes(code)) {
      this.#pause(now);
      this.#readAt = -Infinity;
      return this.#closed(code);
    }
    if (code === BATCH_TOO_LARGE && (call.kind === "query" ? this.#queryBatch : this.#subscribeBatch) > 1) {
      if (call.kind === "query") {
        this.#queryBatch = Math.ceil(this.#queryBatch / 2);
      } else {
        this.#subscribeBatch = Math.ceil(this.#subscribeBatch / 2);
      }
    } else if (BAD_USER.includes(code) && call.kind !== "read") {
      const invalid = this.#suspects.refused(call.users);
      invalid.forEach((user) => this.#unwatchable.set(user, now));
      if (call.kind === "unsubscribe") {
        this.#gone(invalid);
      }
    } else {
      this.#pause(now);
    }
    return [];
  }

  /**
   * Returns the next call if the rate limit allows a call now. Otherwise returns the time at which to call this
   * method again.
   */
  next(now: number): Next {
    if (this.#self === null || this.#isClosedByApp) {
      return { wakeAt: Infinity };
    }
    if (now < this.#pausedUntil) {
      return { wakeAt: this.#pausedUntil };
    }
    if (!this.#on) {
      const given = this.#suspects.together([...this.#own.keys()], this.#subscribeBatch);
      return given.length === 0 ? { wakeAt: Infinity } : this.#spend({ kind: "unsubscribe", users: given }, now);
    }
    const listed = this.#listed();
    this.#giveUpLong(listed, now);
    if (listed.size === 0 && this.#own.size === 0) {
      return { wakeAt: Infinity };
    }
    if (now - this.#readAt >= STALE_AFTER) {
      return this.#spend({ kind: "read" }, now);
    }
    const call = this.#query(listed, now) ?? this.#subscriptions(listed, now);
    return call === undefined ? { wakeAt: this.#nextDeadline(now) } : this.#spend(call, now);
  }

  /**
   * The next query. It has the visible users whose status is unknown, or is outdated because there is no subscription.
   * Other users with unknown statuses fill the rest of the batch.
   */
  #query(listed: ReadonlySet<string>, now: number): Call | undefined {
    const isWanted = (user: string) => {
      const known = this.#known.get(user);
      return (
        !this.#isHopeless(user, now) && (known === undefined || (!this.#isKept(user) && this.#isStale(known, now)))
      );
    };
    const seen = [...this.#onScreen()].filter(isWanted);
    if (seen.length === 0) {
      return undefined;
    }
    const users = new Set(seen);
    for (const user of listed) {
      if (users.size >= this.#queryBatch) {
        break;
      }
      if (!this.#known.has(user) && !this.#isHopeless(user, now)) {
        users.add(user);
      }
    }
    return { kind: "query", users: this.#suspects.together([...users], this.#queryBatch) };
  }

  /**
   * The next call about subscriptions. First unsubscribes from users who have left all lists, and from users whose
   * places are needed. If there are none, subscribes.
   */
  #subscriptions(listed: ReadonlySet<string>, now: number): Call | undefined {
    const room = Math.max(0, this.#limit - this.#foreign.size);
    const isWanted = (user: string) =>
      user !== this.#self && !this.#own.has(user) && !this.#foreign.has(user) && !this.#isHopeless(user, now);
    const seen = this.#onScreen();
    const wanted = [...seen].filter(isWanted);
    const others = [...listed].filter((user) => !seen.has(user) && isWanted(user));
    // If there is room for all users, all are wanted. Otherwise, only visible users are wanted, and no visible user
    // is unsubscribed for another.
    if (this.#own.size + wanted.length + others.length <= room) {
      wanted.push(...others);
    }
    const hidden = [...this.#own.keys()].filter((user) => !listed.has(user) && !this.#isGraced(user, now));
    const missing = this.#own.size - hidden.length + Math.min(wanted.length, room) - room;
    const dropped =
      missing > 0
        ? [...this.#own.keys()]
            .filter((user) => !seen.has(user) && !hidden.includes(user))
            .slice(0, Math.max(missing, MAKE_ROOM))
        : [];
    const gone = [...hidden, ...dropped];
    if (gone.length > 0) {
      return { kind: "unsubscribe", users: this.#suspects.together(gone, this.#subscribeBatch) };
    }
    const users = this.#suspects.together(wanted, Math.min(this.#subscribeBatch, Math.max(0, room - this.#own.size)));
    return users.length === 0 ? undefined : { kind: "subscribe", users };
  }

  #spend(call: Call, now: number): Next {
    const calls = (this.#calls.get(call.kind) ?? []).filter((at) => now - at < WINDOW);
    this.#calls.set(call.kind, calls);
    if (calls.length >= CALLS_PER_WINDOW) {
      return { wakeAt: (calls[0] ?? now) + WINDOW };
    }
    calls.push(now);
    return { call };
  }

  #nextDeadline(now: number): number {
    const graces = [...this.#left.values()].map((at) => at + GRACE).filter((at) => at > now);
    return Math.min(this.#readAt + STALE_AFTER, ...graces);
  }

  #listed(): ReadonlySet<string> {
    this.#allListed ??= new Set([...this.#views.values()].flatMap(({ listed }) => listed));
    return this.#allListed;
  }

  #onScreen(): ReadonlySet<string> {
    return new Set([...this.#views.values()].flatMap(({ onScreen }) => onScreen));
  }

  #noteLeft(users: readonly string[], now: number): void {
    const listed = this.#listed();
    users.filter((user) => !listed.has(user)).forEach((user) => this.#left.set(user, now));
  }

  /** Ends the grace of users who have come back. Drops the statuses of users whose grace is over. */
  #giveUpLong(listed: ReadonlySet<string>, now: number): void {
    for (const user of [...this.#left.keys()]) {
      if (listed.has(user)) {
        this.#left.delete(user);
      } else if (!this.#isGraced(user, now)) {
        this.#left.delete(user);
        this.#known.delete(user);
        this.#unwatchable.delete(user);
        this.#suspects.accepted([user]);
      }
    }
  }

  #isGraced(user: string, now: number): boolean {
    const left = this.#left.get(user);
    return left !== undefined && now - left < GRACE;
  }

  /** Whether the server sends every change of this user's status. */
  #isKept(user: string): boolean {
    return this.#own.has(user) || this.#foreign.has(user) || user === this.#self;
  }

  #isStale(known: Known, now: number): boolean {
    return now - known.at >= STALE_AFTER;
  }

  /**
   * Whether a user cannot be watched at the moment. After `LONGEST_PAUSE` the kit tries again, because the account
   * may exist by then.
   */
  #isHopeless(user: string, now: number): boolean {
    const at = this.#unwatchable.get(user);
    return at !== undefined && now - at < LONGEST_PAUSE;
  }

  #learn(status: UserStatus, now: number): boolean {
    const known = this.#known.get(status.userID);
    const before = known?.status ?? undefined;
    // After a reconnect, the known status may have a higher version than the server's, which may have lost that
    // version.
    const isOlder =
      known?.at !== -Infinity &&
      before?.version !== undefined &&
      status.version !== undefined &&
      isNewer(before.version, status.version);
    const kept = isOlder ? before : status;
    this.#known.set(status.userID, { status: kept, at: now });
    return (
      before?.statusType !== kept.statusType ||
      before.customStatus !== kept.customStatus ||
      before.customExpires !== kept.customExpires
    );
  }

  /** Handles the removal of users from the subscription list: their statuses are not updated any more. */
  #gone(users: readonly string[]): void {
    for (const user of users) {
      this.#own.delete(user);
      this.#foreign.delete(user);
    }
  }

  #closed(code: number): string[] {
    if (this.#gate.is === "closed" && this.#gate.code === code) {
      return [];
    }
    this.#gate = { is: "closed", code };
    return this.#forget();
  }

  /** Handles the news that statuses are allowed. The news is an answer, or a report of the SDK. */
  #opened(): string[] {
    this.#resume();
    if (this.#gate.is === "open" || this.#isClosedByApp) {
      return [];
    }
    this.#gate = { is: "open" };
    return this.#withStatus();
  }

  #pause(now: number): void {
    this.#pausedUntil = now + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#pauses);
    this.#pauses = Math.min(this.#pauses + 1, 10);
  }

  #resume(): void {
    this.#pausedUntil = 0;
    this.#pauses = 0;
  }

  #forget(): string[] {
    const changed = this.#withStatus();
    this.#known.clear();
    return changed;
  }

  #withStatus(): string[] {
    return [...this.#known].filter(([, { status }]) => status !== null).map(([user]) => user);
  }
}
