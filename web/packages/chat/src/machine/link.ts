/** A link with a successful login, its unanswered requests, and the deadline at which it is given up. */

import type { Ask } from "./ask.js";
import type { NetworkPath } from "./path.js";

/** The maximum number of unanswered requests on a link. Further calls wait in the session's queue. */
export const MAX_IN_FLIGHT = 64;

/**
 * With an unanswered request, the link is given up after this time without received bytes, in milliseconds.
 *
 * Every call tests the link, because the server answers each call within 5 s. A call times out after 10 s. A call
 * that may be repeated can thus still be sent on the next link.
 */
export const ANSWER_PATIENCE = 8_000;

/** The value of `ANSWER_PATIENCE` on a link in doubt. The network has changed, or the browser reports no network. */
export const DOUBT_PATIENCE = 3_000;

/** The value of `ANSWER_PATIENCE` after a sleep, in which most links break unnoticed. */
export const WAKE_PATIENCE = 800;

/**
 * The longest wait before replacing a link that broke during a sleep, in milliseconds. Random, because many machines
 * may have slept.
 */
export const WAKE_SPREAD = 100;

/** The longest heartbeat interval, in milliseconds. */
const HEARTBEAT = 20_000;

/** The shortest heartbeat interval in milliseconds, whatever timeout the server has sent. */
const HEARTBEAT_LEAST = 100;

/** Identifies a call of the application. The driver chooses the id and never reuses it. */
export type CallId = number;

/** A call of the application. */
export interface Call {
  readonly id: CallId;
  /** Whether the call has already failed with a timeout. A late answer may still report changes. */
  readonly late: boolean;
  readonly deadline: number;
  readonly ask: Ask;
  /** Whether the call is idempotent. It is then sent again if the link breaks before the answer. */
  readonly repeatable: boolean;
  /** Whether the call was sent, on this or an earlier link. An unsent call was certainly not executed. */
  readonly sent: boolean;
}

/** A request that was sent and is not answered yet. */
export type InFlight =
  | { readonly kind: "heartbeat" }
  | { readonly kind: "restore" }
  | { readonly kind: "listCheck" }
  | { readonly kind: "call"; readonly call: Call };

/** The state of a live link. */
export interface Link {
  readonly since: number;
  /** The heartbeat interval that follows from the server's timeout. */
  readonly heartbeat: number;
  readonly lastSent: number;
  readonly lastHeard: number;
  /** The time when the link is given up if a request is unanswered and no bytes come. */
  readonly giveUpAt: number;
  /** Whether the page has slept and no bytes have come since. */
  readonly isWoken: boolean;
  /** The requests without an answer, by message id, oldest first. */
  readonly inFlight: ReadonlyMap<number, InFlight>;
}

/** Creates a link on which the login has just succeeded. */
export function newLink(heartbeatTimeout: number, now: number): Link {
  return {
    since: now,
    heartbeat: heartbeatInterval(heartbeatTimeout),
    lastSent: now,
    lastHeard: now,
    giveUpAt: 0,
    isWoken: false,
    inFlight: new Map(),
  };
}

/** Records that a request was sent. */
export function sent(link: Link, id: number, request: InFlight, now: number): Link {
  return {
    ...link,
    giveUpAt: link.inFlight.size === 0 ? now + ANSWER_PATIENCE : link.giveUpAt,
    lastSent: now,
    inFlight: new Map([...link.inFlight, [id, request]]),
  };
}

/** Records that bytes were received. */
export function heard(link: Link, now: number): Link {
  return { ...link, giveUpAt: now + ANSWER_PATIENCE, lastHeard: now, isWoken: false };
}

/** Records that the link is in doubt. The server must answer the caller's heartbeat within `DOUBT_PATIENCE`. */
export function doubted(link: Link, now: number): Link {
  return { ...link, giveUpAt: Math.min(link.giveUpAt, now + DOUBT_PATIENCE) };
}

/**
 * Records that the page has slept. The server must answer the caller's heartbeat within `WAKE_PATIENCE`. Earlier
 * deadlines are ignored, because they may have passed during the sleep.
 */
export function woken(link: Link, now: number): Link {
  return link.isWoken ? link : { ...link, giveUpAt: now + WAKE_PATIENCE, isWoken: true };
}

/** Removes and returns the request with this id; undefined if there is none. */
export function take(link: Link, id: number): { link: Link; request: InFlight } | undefined {
  const request = link.inFlight.get(id);
  if (request === undefined) {
    return undefined;
  }
  const inFlight = new Map(link.inFlight);
  inFlight.delete(id);
  return { link: { ...link, inFlight }, request };
}

/** Whether a heartbeat is not answered yet. */
export function heartbeatInFlight(link: Link): boolean {
  return [...link.inFlight.values()].some((request) => request.kind === "heartbeat");
}

/** Returns the time when the next heartbeat is due on this network path. */
export function heartbeatDue(link: Link, { longest }: NetworkPath): number {
  return link.lastSent + Math.min(link.heartbeat, longest);
}

/**
 * Returns the time without traffic, for a link that ends now. If a request is unanswered, only the time until the
 * last sent message counts. After that, the network path may have cut the link unnoticed.
 */
export function silence({ inFlight, lastHeard, lastSent }: Link, now: number): number {
  return (inFlight.size === 0 ? now : lastSent) - lastHeard;
}

/** Returns the time when the link is given up unless bytes come first. Infinity if no request is in flight. */
export function givenUpAt(link: Link): number {
  return link.inFlight.size === 0 ? Infinity : link.giveUpAt;
}

/** Returns the calls in flight whose callers still wait, oldest first. */
export function callsOf(link: Link): Call[] {
  return [...link.inFlight.values()].flatMap((request) =>
    request.kind === "call" && !request.call.late ? [request.call] : [],
  );
}

/**
 * Returns the heartbeat interval. The interval is below a third of the server's timeout, so that two heartbeats may be
 * lost. It is at most the maximum of the contract.
 */
export function heartbeatInterval(timeout: number): number {
  return Math.min(HEARTBEAT, Math.max(HEARTBEAT_LEAST, Math.floor((timeout * 3) / 10) || HEARTBEAT));
}
