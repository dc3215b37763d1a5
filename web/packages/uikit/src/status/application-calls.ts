/**
 * Observes the calls with which the application itself changes the subscription list.
 *
 * The list belongs to the whole account, and does not say who has added a user. Without this observation, the kit could
 * unsubscribe from users whom the application still watches. It could also treat a status as current after the
 * application has unsubscribed.
 *
 * The calls are made unchanged. If the methods of a client cannot be replaced, the kit only reads the subscription list
 * from time to time.
 */

import type { ChatClient } from "../client.js";

export interface Overheard {
  /** Returns whether the current call is made by the kit. */
  readonly isOwn: () => boolean;
  readonly subscribed: (users: readonly string[], evicted: readonly string[]) => void;
  /** Called after the application has unsubscribed from these users; from all users if the list is empty. */
  readonly unsubscribed: (users: readonly string[]) => void;
}

/** Starts observing, and returns a function that stops the observation. */
export function overhear(client: ChatClient, { isOwn, subscribed, unsubscribed }: Overheard): () => void {
  const stops = [
    replace(client, "subscribeUserStatus", (original) => async (options) => {
      const own = isOwn();
      const answer = await original(options);
      if (!own) {
        const failed = new Set(answer.data.failureUserList.map(({ userID }) => userID));
        const added = options.userIDList.filter((user) => !failed.has(user));
        subscribed(added, answer.data.evictedUserIDList ?? []);
      }
      return answer;
    }),
    replace(client, "unsubscribeUserStatus", (original) => async (options) => {
      const own = isOwn();
      const answer = await original(options);
      if (!own) {
        unsubscribed(options.userIDList ?? []);
      }
      return answer;
    }),
  ];
  return () => {
    stops.forEach((stop) => {
      stop();
    });
  };
}

function replace<N extends "subscribeUserStatus" | "unsubscribeUserStatus">(
  client: ChatClient,
  name: N,
  make: (original: ChatClient[N]) => ChatClient[N],
): () => void {
  const before = Object.getOwnPropertyDescriptor(client, name);
  const replacement = make(client[name].bind(client));
  const isDone = Reflect.defineProperty(client, name, { configurable: true, writable: true, value: replacement });
  return () => {
    // If other code has replaced the method later, that replacement stays.
    if (!isDone || client[name] !== replacement) {
      return;
    }
    if (before === undefined) {
      Reflect.deleteProperty(client, name);
    } else {
      Reflect.defineProperty(client, name, before);
    }
  };
}
