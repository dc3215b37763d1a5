/**
 * Overhears the calls by which the application itself changes the subscription list.
 *
 * The list is one for the whole account, and the server does not say who put a user on it. Without this the kit would
 * take off the list whom the application still wants to watch, or go on showing as live whom the application has
 * unsubscribed. The calls go through as they are; on a client whose methods cannot be replaced nothing is overheard,
 * and reading the list again from time to time has to do.
 */

import type { ChatClient } from "../client.js";

export interface Overheard {
  /** Whether the call that is being made is the kit's. */
  readonly isOwn: () => boolean;
  readonly subscribed: (users: readonly string[], evicted: readonly string[]) => void;
  /** An empty list: everybody. */
  readonly unsubscribed: (users: readonly string[]) => void;
}

/** Begins to listen, and hands back how to stop. */
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
    // A replacement that somebody has made after ours stays.
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
