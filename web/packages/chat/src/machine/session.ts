/**
 * The state of the connection machine, its inputs and its effects. Its behaviour is in `machine.ts`.
 *
 * ```text
 *            login            link up            answer
 *   (none) ────────► connecting ─────► loggingIn ──────► live
 *      ▲                 ▲  │ failed       │ failed        │ link broke
 *      │                 │  ▼              ▼               ▼
 *      │                 └─────────────── waiting ◄────────┘
 *      │            back-off over
 *      └── from everywhere: logout, kicked, expired, refused; and the first login failing
 * ```
 */

import type { Ask } from "./ask.js";
import type { Refused } from "./errors.js";
import type {
  ClientMessageJson,
  ListsChangedJson,
  LoginResponseJson,
  PlatformJson,
  ServerMessageJson,
  SubscriptionsChangedJson,
} from "../gen/wire.js";
import type { Call, CallId, Link } from "./link.js";
import type { ListCheck } from "./list-check.js";
import type { NetworkPath } from "./path.js";
import type { Restore } from "./restore.js";
import { EMPTY, remove, type Cache } from "./cache.js";
import type { UserStatus } from "./status.js";

/** The time limit of an attempt to connect, in milliseconds. */
export const CONNECT_TIMEOUT = 10_000;

/** The part of the state that is the same for every user who logs in. */
export interface Identity {
  readonly sdkAppId: number;
  readonly platform: PlatformJson;
  readonly deviceId: string;
}

/** A client, with a session or without. */
export interface State {
  readonly identity: Identity;
  readonly lastId: number;
  readonly cache: Cache;
  readonly session: Session | null;
  /** The session that begins when the current one has ended with a logout. */
  readonly next: Session | null;
}

/** The abilities that the app's settings give to its clients. Not in the cloud's API. */
export interface Abilities {
  /**
   * Whether the client may query other users and subscribe to them. If so, it is notified of their changes. While
   * this is false, it is not notified of other users, and the subscription list stays as it is.
   */
  statusesOfOthers: boolean;
  /**
   * The code with which the server refuses queries and subscriptions: 7013 or 72001; 0 if it does not refuse them.
   */
  refusalCode: number;
  /**
   * Whether the client is notified of status changes of mutual friends to whom it is not subscribed. Has no effect
   * while `statusesOfOthers` is false.
   */
  friendNotification: boolean;
  /** The maximum number of users on the subscription list. */
  subscriptionsLimit: number;
  /** The maximum number of users in one query. */
  queryBatch: number;
  /** The maximum number of users in one call to subscribe. */
  subscribeBatch: number;
  /** The maximum number of users in one call to unsubscribe. */
  unsubscribeBatch: number;
  /** The maximum length of a custom status in bytes of UTF-8. 0 in this and the next two fields: an older server. */
  customStatusBytes: number;
  /** The maximum length of a message in bytes of UTF-8. */
  messageBytes: number;
  /** The maximum number of entries of the friend list. */
  friendsLimit: number;
}

/** A session, from a login to its end. */
export interface Session {
  /** The login that began this session. */
  readonly id: CallId;
  readonly user: string;
  /** The UserSig for the next login: the newest UserSig of the application that the server has not refused. */
  readonly userSig: string;
  /**
   * The UserSig that the server accepted last. If the server refuses a newer UserSig, the session uses this one
   * again.
   */
  readonly acceptedSig: string;
  /** Whether a login of this session has succeeded. The SDK reconnects by itself only then. */
  readonly established: boolean;
  /** The number of attempts in a row that led to no lasting link. */
  readonly failures: number;
  /**
   * The last reconnect spread that the server has sent, in milliseconds: the time over which clients should spread
   * their reconnects. 0 if there is none.
   */
  readonly spread: number;
  /** The heartbeat interval that the network path to the server needs. */
  readonly path: NetworkPath;
  /** The logins of the application that wait for the current attempt to connect. */
  readonly logins: readonly { readonly id: CallId; readonly deadline: number }[];
  /** The calls that were not sent yet. */
  readonly queue: readonly Call[];
  /** The subscribed users, as far as the client knows them, the earliest subscribed first. */
  readonly subscriptions: readonly string[];
  readonly restore: Restore;
  readonly listCheck: ListCheck;
  /** The highest lists version that was received; null before the first login. */
  readonly listsVersion: number | null;
  /** The abilities that the server sent last; null before it has sent any. */
  readonly abilities: Abilities | null;
  /**
   * The snapshot that the server is sending on this link: the statuses of the watched users. Null when it is
   * complete.
   */
  readonly snapshot: Snapshot | null;
  /**
   * The size limit of a login request in bytes: the server's default, or half the size of the last login request that
   * was too large.
   */
  readonly loginLimit: number;
  readonly phase: Phase;
}

/** An incomplete snapshot: the users in the login request, and the users whose statuses have arrived since. */
export interface Snapshot {
  readonly named: ReadonlySet<string>;
  readonly told: ReadonlySet<string>;
}

/** The phase of a session. */
export type Phase =
  | { readonly at: "connecting"; readonly deadline: number }
  | {
      readonly at: "loggingIn";
      readonly id: number;
      readonly deadline: number;
      /** The size of the login request in bytes. */
      readonly bytes: number;
      /** The statuses that arrived before the answer to the login. They are reported together with it. */
      readonly early: readonly UserStatus[];
    }
  | { readonly at: "live"; readonly link: Link }
  | {
      readonly at: "waiting";
      /** The time of the next attempt. */
      readonly deadline: number;
      /** The earliest time at which a waiting call may start the attempt; never later than `deadline`. */
      readonly atCall: number;
    };

/** An input of the machine: an event of the application, the link, the page or the clock. */
export type Input =
  /** The application logs in. */
  | {
      readonly type: "login";
      readonly call: CallId;
      readonly deadline: number;
      readonly user: string;
      readonly userSig: string;
    }
  /** The application makes a call that needs a session. */
  | { readonly type: "call"; readonly call: CallId; readonly deadline: number; readonly ask: Ask }
  /** The link that was requested is open. */
  | { readonly type: "linkUp" }
  /** The link, or the attempt to open one, has ended. */
  | { readonly type: "linkEnded"; readonly why: string }
  | { readonly type: "received"; readonly message: ServerMessageJson }
  /** The network has changed, or the page is visible again. */
  | { readonly type: "networkChanged" }
  /** The page, or the device, was asleep. */
  | { readonly type: "woken" }
  /** The user has left the page. The link is closed, and nothing is due until the page returns. */
  | { readonly type: "left" }
  /** The application gives up the client. The session ends without a logout. */
  | { readonly type: "closed" }
  /** The browser reports that there is no network. A server on this machine may still be reachable. */
  | { readonly type: "networkGone" }
  /** A deadline has passed. */
  | { readonly type: "tick" };

/** An effect for the driver to execute. */
export type Effect =
  /** Open a link. The machine has none at this time. */
  | { readonly type: "openLink" }
  /** Close the link, or abort the attempt to open one. Does nothing if there is neither. */
  | { readonly type: "closeLink" }
  | { readonly type: "send"; readonly message: ClientMessageJson }
  /** Answer a call. Every call is answered once. */
  | { readonly type: "answer"; readonly call: CallId; readonly result: Result }
  /** Process the answer to a call that has already failed because of its timeout. */
  | { readonly type: "late"; readonly call: CallId; readonly body: ServerMessageJson }
  /** Emit an event to the application. */
  | { readonly type: "tell"; readonly news: News };

/** The answer to a call: the message of the server, or a refusal. */
export type Result =
  { readonly ok: true; readonly body: ServerMessageJson } | { readonly ok: false; readonly refusal: Refused };

/** An event that the machine emits without a call. */
export type News =
  | { readonly type: "connecting" }
  /** The client is connected and logged in. `again`: whether it is a reconnect. */
  | { readonly type: "connected"; readonly again: boolean; readonly told: LoginResponseJson }
  /** A login on the live link has replaced the UserSig. */
  | { readonly type: "renewed"; readonly told: LoginResponseJson }
  /**
   * An attempt to connect has failed. The next one follows in `retryIn` milliseconds. If `retryIn` is null, the login
   * has failed and no attempt follows.
   */
  | { readonly type: "connectFailed"; readonly why: Refused; readonly retryIn: number | null }
  /** The link broke. The SDK connects again by itself, in `retryIn` milliseconds. */
  | { readonly type: "disconnected"; readonly why: Refused; readonly retryIn: number }
  /**
   * Statuses that are new or have changed, each user once. After a reconnect, one event has all of them, unless the
   * server sends them in several messages because they are very many.
   */
  | { readonly type: "statuses"; readonly statuses: readonly UserStatus[] }
  | { readonly type: "subscriptionsChanged"; readonly told: SubscriptionsChangedJson }
  | { readonly type: "abilitiesChanged"; readonly abilities: Abilities }
  | { readonly type: "listsChanged"; readonly told: ListsChangedJson }
  /** The server could not send some changes of the user's own lists to this client. */
  | { readonly type: "listsOutdated" }
  /** The session has ended, after at least one successful login. */
  | { readonly type: "ended"; readonly how: Ending };

/** The reasons why a session can end. */
export type Ending =
  | { readonly by: "logout" }
  /**
   * Another login of this account has ended the session. `platform` is that of the other login, if the server has
   * sent it.
   */
  | { readonly by: "otherLogin"; readonly platform: PlatformJson }
  /** The server API or an operator has logged this device out. */
  | { readonly by: "operator" }
  /** The account was deleted. */
  | { readonly by: "deleted" }
  | { readonly by: "userSigExpired" }
  /** The same device has connected again. Its session goes on over the new connection. */
  | { readonly by: "superseded" }
  /** The server has refused the login of a reconnect. */
  | { readonly by: "refused"; readonly refusal: Refused };

/** Creates a client without a session. */
export function newState(identity: Identity): State {
  return { identity, lastId: 0, cache: EMPTY, session: null, next: null };
}

/** The processing of one input. It has the resulting state and the effects. */
export class Turn {
  readonly effects: Effect[] = [];

  constructor(
    public state: State,
    readonly now: number,
    readonly jitter: number,
  ) {}

  get session(): Session | null {
    return this.state.session;
  }

  /** Changes the session, if there is one. */
  patch(change: Partial<Session>): void {
    if (this.state.session !== null) {
      this.state = { ...this.state, session: { ...this.state.session, ...change } };
    }
  }

  /** Changes the live link, if there is one. */
  setLink(link: Link): void {
    if (this.state.session?.phase.at === "live") {
      this.patch({ phase: { at: "live", link } });
    }
  }

  /** Removes from the cache the users who are not watched any more. The user of this client stays. */
  leaveCache(users: readonly string[]): void {
    const others = users.filter((user) => user !== this.session?.user);
    this.state = { ...this.state, cache: remove(this.state.cache, others) };
  }

  answer(call: CallId, result: Result): void {
    this.effects.push({ type: "answer", call, result });
  }

  refuse(call: CallId, refusal: Refused): void {
    this.answer(call, { ok: false, refusal });
  }

  tell(news: News): void {
    this.effects.push({ type: "tell", news });
  }

  send(message: ClientMessageJson): void {
    this.effects.push({ type: "send", message });
  }

  newId(): number {
    const lastId = this.state.lastId + 1;
    this.state = { ...this.state, lastId };
    return lastId;
  }
}
