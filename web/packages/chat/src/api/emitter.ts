/** The listeners of an application, and the delivery of events to them. */

import type { EVENT } from "./constants.js";
import type { Log } from "./log.js";
import type { Abilities, Visibility } from "./options.js";
import type { Conversation, Friend, Message, Profile } from "./shapes.js";
import type { UserStatus } from "../machine/status.js";

/** The data of each event, by its name. */
export interface EventData {
  [EVENT.SDK_READY]: undefined;
  [EVENT.SDK_NOT_READY]: undefined;
  [EVENT.NET_STATE_CHANGE]: { state: "connected" | "connecting" | "disconnected" };
  [EVENT.KICKED_OUT]: { type: "multipleAccount" | "multipleDevice" | "userSigExpired" | "REST_API_Kick" };
  [EVENT.ERROR]: { code: number; message: string };
  [EVENT.USER_STATUS_UPDATED]: UserStatus[];
  [EVENT.MESSAGE_RECEIVED]: Message[];
  [EVENT.MESSAGE_MODIFIED]: Message[];
  [EVENT.CONVERSATION_LIST_UPDATED]: Conversation[];
  [EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED]: number;
  [EVENT.FRIEND_LIST_UPDATED]: Friend[];
  [EVENT.PROFILE_UPDATED]: Profile[];
  /** The userIDs on the block list, in ascending order. */
  [EVENT.BLACKLIST_UPDATED]: string[];
  [EVENT.VISIBILITY_UPDATED]: Visibility;
  [EVENT.SUBSCRIPTIONS_UPDATED]: { subscribed: string[]; unsubscribed: string[] };
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
