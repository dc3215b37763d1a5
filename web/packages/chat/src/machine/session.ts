/**
 * The state of the connection machine, what it is told and what it does. No behaviour: that is in `machine.ts`.
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
import { EMPTY, remove, type Roster } from "./roster.js";
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
  readonly roster: Roster;
  readonly session: Session | null;
}

/** Ours: what the settings of the app let its clients do. */
export interface Abilities {
  /**
   * Whether the client may query and subscribe to other users, and is told of their changes. The subscription list is kept
   * while this is false.
   */
  statusesOfOthers: boolean;
  /** The code that a query or a subscription is refused with: 0 (it is not refused), 7013 or 72001. */
  refusalCode: number;
  /** Whether changes of mutual friends are told without a subscription. */
  friendNotification: boolean;
  /** How many users the subscription list may hold. */
  subscriptionsLimit: number;
  /** How many users a call may name. */
  queryBatch: number;
  subscribeBatch: number;
  unsubscribeBatch: number;
}

/** From a login to what ends it. */
export interface Session {
  readonly user: string;
  readonly userSig: string;
  /** Has been live: from then on the SDK comes back on its own. */
  readonly established: boolean;
  /** Attempts in a row that brought no lasting link. */
  readonly failures: number;
  /** Over how long the clients of the server spread their return, as it told last; 0: it does not say. */
  readonly spread: number;
  /** The silence that the path to the server has cut links after. */
  readonly path: NetworkPath;
  /** Logins of the application that the present attempt will answer. */
  readonly logins: readonly { readonly id: CallId; readonly deadline: number }[];
  /** Calls that were not sent yet. */
  readonly queue: readonly Call[];
  /** The users that this client knows itself to be subscribed to, earliest first. */
  readonly subscriptions: readonly string[];
  readonly restore: Restore;
  /** The abilities that the app gives this client, as the server said last; null when it did not. */
  readonly abilities: Abilities | null;
  /** The snapshot of the watched users that the present link sends; null when it is complete. */
  readonly snapshot: Snapshot | null;
  /** The largest login, in bytes: the default of the server, or half the size of the last login that it rejected. */
  readonly loginLimit: number;
  readonly phase: Phase;
}

/** The users whom the login named, and those who were told of since. */
export interface Snapshot {
  readonly named: ReadonlySet<string>;
  readonly told: ReadonlySet<string>;
}

/** Where a session stands. */
export type Phase =
  | { readonly at: "connecting"; readonly deadline: number }
  | {
      readonly at: "loggingIn";
      readonly id: number;
      readonly deadline: number;
      /** Of the login. */
      readonly bytes: number;
      /** Statuses that were told before the answer. They surface together with it. */
      readonly early: readonly UserStatus[];
    }
  | { readonly at: "live"; readonly link: Link }
  | {
      readonly at: "waiting";
      /** When the next attempt comes. */
      readonly deadline: number;
      /** When it may come once a call waits for it; not after `deadline`. */
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
  /** The application calls. Needs a session. */
  | { readonly type: "call"; readonly call: CallId; readonly deadline: number; readonly ask: Ask }
  /** The link that was asked for stands. */
  | { readonly type: "linkUp" }
  /** The link, or the attempt to make one, has ended. */
  | { readonly type: "linkEnded"; readonly why: string }
  | { readonly type: "received"; readonly message: ServerMessageJson }
  /** The network has changed, or the page is seen again. */
  | { readonly type: "networkChanged" }
  /** The page, or the device, was asleep. */
  | { readonly type: "woken" }
  /** The page was left: its link ends, and nothing is due until it is come back to. */
  | { readonly type: "left" }
  /** The browser says that there is no network. It may be wrong: a server on this machine can still be reached. */
  | { readonly type: "networkGone" }
  /** Nothing but time: a deadline has passed. */
  | { readonly type: "tick" };

/** An action for the driver, which carries the effects out in their order. */
export type Effect =
  /** Make a link. There is none. */
  | { readonly type: "openLink" }
  /** Drop the link, or the attempt to make one, if there is any. */
  | { readonly type: "closeLink" }
  | { readonly type: "send"; readonly message: ClientMessageJson }
  /** Answer a call. Every call is answered once. */
  | { readonly type: "answer"; readonly call: CallId; readonly result: Result }
  /** A call that was answered with a timeout has been done after all. */
  | { readonly type: "late"; readonly call: CallId; readonly body: ServerMessageJson }
  /** Tell the application. */
  | { readonly type: "tell"; readonly news: News };

/** The answer to a call: the message of the server, or a refusal. */
export type Result =
  { readonly ok: true; readonly body: ServerMessageJson } | { readonly ok: false; readonly refusal: Refused };

/** News that the machine tells on its own. */
export type News =
  | { readonly type: "connecting" }
  /** Connected and logged in; again, when the session had been live before. */
  | { readonly type: "connected"; readonly again: boolean; readonly told: LoginResponseJson }
  /** A login on the live link has renewed the UserSig. */
  | { readonly type: "renewed"; readonly told: LoginResponseJson }
  /** An attempt failed. No wait: there is no other one, the login has failed. */
  | { readonly type: "connectFailed"; readonly why: Refused; readonly retryIn: number | null }
  /** The link broke. The SDK comes back on its own. */
  | { readonly type: "disconnected"; readonly why: Refused; readonly retryIn: number }
  /** Statuses that are new or newer, each user once. After a reconnect: what differs, in one piece. */
  | { readonly type: "statuses"; readonly statuses: readonly UserStatus[] }
  | { readonly type: "subscriptionsChanged"; readonly told: SubscriptionsChangedJson }
  | { readonly type: "abilitiesChanged"; readonly abilities: Abilities }
  | { readonly type: "listsChanged"; readonly told: ListsChangedJson }
  /** The session that was established is over. */
  | { readonly type: "ended"; readonly how: Ending };

/** How a session ends. */
export type Ending =
  | { readonly by: "logout" }
  /** Another login of this account; its platform, where the server said so. */
  | { readonly by: "otherLogin"; readonly platform: PlatformJson }
  /** The server API or an operator. */
  | { readonly by: "operator" }
  /** The account is gone. */
  | { readonly by: "deleted" }
  | { readonly by: "userSigExpired" }
  /** The same device has connected elsewhere, and goes on there. */
  | { readonly by: "superseded" }
  /** The server refused to have this client back. */
  | { readonly by: "refused"; readonly refusal: Refused };

/** A client that nobody has logged in. */
export function newState(identity: Identity): State {
  return { identity, lastId: 0, roster: EMPTY, session: null };
}

/** One step: the state as it becomes, and what is to be done. */
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

  /** Users who are not watched any longer leave the roster. Oneself is always watched. */
  leaveRoster(users: readonly string[]): void {
    const others = users.filter((user) => user !== this.session?.user);
    this.state = { ...this.state, roster: remove(this.state.roster, others) };
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
