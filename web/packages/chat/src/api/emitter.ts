/** The listeners of an application, and the delivery of events to them. */

import type { EVENT } from "./constants.js";
import type { Log } from "./log.js";
import type { Abilities, Visibility } from "./options.js";
import type { Conversation, Friend, Message, Profile } from "./shapes.js";
import type { UserStatus } from "../machine/status.js";

/** The data of each event, by its name. */
export interface EventData {
  /** A session has begun. Not emitted after a reconnect. */
  [EVENT.SDK_READY]: undefined;
  /** The session has ended. Not emitted while the link is broken. */
  [EVENT.SDK_NOT_READY]: undefined;
  [EVENT.NET_STATE_CHANGE]: { state: "connected" | "connecting" | "disconnected" };
  /**
   * The server has ended the session; `SDK_NOT_READY` follows. `multipleAccount`: a login of another page, or another
   * connection with the same device id. `multipleDevice`: a login on another platform, or on one that is not known.
   * `REST_API_Kick`: the server API or an operator, also by deleting the account.
   */
  [EVENT.KICKED_OUT]: { type: "multipleAccount" | "multipleDevice" | "userSigExpired" | "REST_API_Kick" };
  /** The server has refused a reconnect, which ends the session, or lists could not be read. */
  [EVENT.ERROR]: { code: number; message: string };
  /** The statuses that are new or have changed, each user once. */
  [EVENT.USER_STATUS_UPDATED]: UserStatus[];
  /** New messages from other users, and from other devices of this user, the oldest first. */
  [EVENT.MESSAGE_RECEIVED]: Message[];
  /** Messages of this client that were marked as failed, and that the server turned out to have stored. */
  [EVENT.MESSAGE_MODIFIED]: Message[];
  /** The conversations that were read until now: all of them, unless the list is being read for the first time. */
  [EVENT.CONVERSATION_LIST_UPDATED]: Conversation[];
  [EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED]: number;
  /** All friends. Changes are reported after the first `getFriendList`. */
  [EVENT.FRIEND_LIST_UPDATED]: Friend[];
  /** The changed profiles: the user's own, and, after the first `getFriendList`, those of friends. */
  [EVENT.PROFILE_UPDATED]: Profile[];
  /** The userIDs on the block list, in ascending order. */
  [EVENT.BLACKLIST_UPDATED]: string[];
  [EVENT.VISIBILITY_UPDATED]: Visibility;
  /** The users who were added to the subscription list, and those who were removed. */
  [EVENT.SUBSCRIPTIONS_UPDATED]: { subscribed: string[]; unsubscribed: string[] };
  /** All current abilities. */
  [EVENT.ABILITIES_UPDATED]: Abilities;
}

/** The name of an event. */
export type EventName = keyof EventData;

/** The event object that a listener gets. */
export interface ChatEvent<E extends EventName = EventName> {
  name: E;
  data: EventData[E];
}

/** A listener of any event, as the emitter stores it. */
export type Handler = (event: never) => unknown;

interface Listener {
  readonly handler: Handler;
  readonly context: unknown;
}

/** Stores the listeners, and calls them in the order in which they were added. They stay after a logout. */
export class Emitter {
  readonly #listeners = new Map<string, readonly Listener[]>();

  constructor(private readonly log: Log) {}

  on(name: string, handler: Handler, context?: unknown): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), { handler, context }]);
  }

  /** Removes the listeners with this function. If a context is given, removes only those with this context. */
  off(name: string, handler: Handler, context?: unknown): void {
    const isMeant = (one: Listener) => one.handler === handler && (context === undefined || one.context === context);
    const left = (this.#listeners.get(name) ?? []).filter((one) => !isMeant(one));
    this.#listeners.set(name, left);
  }

  emit<E extends EventName>(name: E, data: EventData[E]): void {
    this.log.debug(name, data);
    for (const { handler, context } of this.#listeners.get(name) ?? []) {
      try {
        // Each listener gets its own event object, so that a listener's changes to it do not affect the next
        // listener.
        handler.call(context, { name, data } as never);
      } catch (error) {
        this.log.error(`a listener of ${name} has thrown`, error);
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
