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
import type { NetworkPath } from "./path.js";
import type { Restore } from "./restore.js";
import { EMPTY, remove, type Cache } from "./cache.js";
import type { UserStatus } from "./status.js";

/** The identity of this client, the same for every user who logs in. */
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
}

/** Not in the cloud's API: the abilities that the settings of the app give to its clients. */
export interface Abilities {
  /**
   * Whether the client may query and subscribe to other users, and is notified of their changes. The subscription
   * list is kept while this is false.
   */
  statusesOfOthers: boolean;
  /** The code with which a query or a subscription is refused: 0 (not refused), 7013 or 72001. */
  refusalCode: number;
  /** Whether the client is notified of mutual friends without a subscription. */
  friendNotification: boolean;
  /** The number of users that the subscription list may hold. */
  subscriptionsLimit: number;
  /** The number of users that a call may name. */
  queryBatch: number;
  subscribeBatch: number;
  unsubscribeBatch: number;
}

/** A session, from a login to its end. */
export interface Session {
  readonly user: string;
  readonly userSig: string;
  /** Whether the session has been live; from then on the SDK reconnects on its own. */
  readonly established: boolean;
  /** The number of successive attempts without a lasting link. */
  readonly failures: number;
  /**
   * The time over which the clients of the server spread their reconnects, as received last; 0 if the server does not
   * say.
   */
  readonly spread: number;
  /** The silence after which the path to the server cuts links. */
  readonly path: NetworkPath;
  /** Logins of the application that the current attempt will answer. */
  readonly logins: readonly { readonly id: CallId; readonly deadline: number }[];
  /** Calls that were not sent yet. */
  readonly queue: readonly Call[];
  /** The subscribed users as far as this client knows, earliest first. */
  readonly subscriptions: readonly string[];
  readonly restore: Restore;
  /** The lists version up to which all changes were received; null before the first login. */
  readonly listsVersion: number | null;
  /** The abilities that the app gives to this client, as received last; null if the server has not sent them. */
  readonly abilities: Abilities | null;
  /** The snapshot of the watched users on the current link; null once it is complete. */
  readonly snapshot: Snapshot | null;
  /** The largest login, in bytes: the default of the server, or half the size of the last login that it rejected. */
  readonly loginLimit: number;
  readonly phase: Phase;
}

/** A snapshot that is not complete: the users whom the login named, and the users whose status came since. */
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
      /** The size of the login in bytes. */
      readonly bytes: number;
      /** Statuses that came before the answer to the login. They are reported together with it. */
      readonly early: readonly UserStatus[];
    }
  | { readonly at: "live"; readonly link: Link }
  | {
      readonly at: "waiting";
      /** The time of the next attempt. */
      readonly deadline: number;
      /** The time from which a waiting call may start it; not after `deadline`. */
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
  /** The application makes a call, which needs a session. */
  | { readonly type: "call"; readonly call: CallId; readonly deadline: number; readonly ask: Ask }
  /** The requested link is established. */
  | { readonly type: "linkUp" }
  /** The link, or the attempt to make one, has ended. */
  | { readonly type: "linkEnded"; readonly why: string }
  | { readonly type: "received"; readonly message: ServerMessageJson }
  /** The network has changed, or the page is visible again. */
  | { readonly type: "networkChanged" }
  /** The page, or the device, was asleep. */
  | { readonly type: "woken" }
  /** The page was left: its link ends, and no deadline is due until it returns. */
  | { readonly type: "left" }
  /** The browser reports that there is no network. It may be wrong: a server on this machine can still be reached. */
  | { readonly type: "networkGone" }
  /** A deadline has passed. */
  | { readonly type: "tick" };

/** An effect for the driver to execute. */
export type Effect =
  /** Open a link. There is none. */
  | { readonly type: "openLink" }
  /** Close the link, or abort the attempt to open one, if there is any. */
  | { readonly type: "closeLink" }
  | { readonly type: "send"; readonly message: ClientMessageJson }
  /** Answer a call. Every call is answered once. */
  | { readonly type: "answer"; readonly call: CallId; readonly result: Result }
  /** A call that was answered with a timeout was executed after all. */
  | { readonly type: "late"; readonly call: CallId; readonly body: ServerMessageJson }
  /** Emit an event to the application. */
  | { readonly type: "tell"; readonly news: News };

/** The answer to a call: the message of the server, or a refusal. */
export type Result =
  { readonly ok: true; readonly body: ServerMessageJson } | { readonly ok: false; readonly refusal: Refused };

/** An event that the machine emits without a call. */
export type News =
  | { readonly type: "connecting" }
  /** The client is connected and logged in; `again` if the session had been live before. */
  | { readonly type: "connected"; readonly again: boolean; readonly told: LoginResponseJson }
  /** A login on the live link has replaced the UserSig. */
  | { readonly type: "renewed"; readonly told: LoginResponseJson }
  /** An attempt to connect failed. Without a wait, there is no further attempt: the login has failed. */
  | { readonly type: "connectFailed"; readonly why: Refused; readonly retryIn: number | null }
  /** The link broke. The SDK reconnects on its own. */
  | { readonly type: "disconnected"; readonly why: Refused; readonly retryIn: number }
  /** Statuses are new or newer; each user is included once. After a reconnect, all differences come together. */
  | { readonly type: "statuses"; readonly statuses: readonly UserStatus[] }
  | { readonly type: "subscriptionsChanged"; readonly told: SubscriptionsChangedJson }
  | { readonly type: "abilitiesChanged"; readonly abilities: Abilities }
  | { readonly type: "listsChanged"; readonly told: ListsChangedJson }
  /** The user's own lists have changed in a way that the server could not send. */
  | { readonly type: "listsOutdated" }
  /** The established session is over. */
  | { readonly type: "ended"; readonly how: Ending };

/** How a session ends. */
export type Ending =
  | { readonly by: "logout" }
  /**
   * Another login of this account has ended the session; `platform` is that of the other login, if the server sent it.
   */
  | { readonly by: "otherLogin"; readonly platform: PlatformJson }
  /** The server API or an operator has logged this device out. */
  | { readonly by: "operator" }
  /** The account was deleted. */
  | { readonly by: "deleted" }
  | { readonly by: "userSigExpired" }
  /** The same device has connected elsewhere and continues there. */
  | { readonly by: "superseded" }
  /** The server refused to let this client reconnect. */
  | { readonly by: "refused"; readonly refusal: Refused };

/** Creates a client without a session. */
export function newState(identity: Identity): State {
  return { identity, lastId: 0, cache: EMPTY, session: null };
}

/** One step: the resulting state, and the effects. */
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

  /** Removes users who are not watched any longer from the cache. The own user is always watched. */
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
