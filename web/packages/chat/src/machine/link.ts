/** A link on which the login has succeeded: its unanswered requests, and the time at which it is given up. */

import type { Ask } from "./ask.js";
import type { NetworkPath } from "./path.js";

/** The maximum number of unanswered requests on a link. Calls beyond it wait in the queue of the session. */
export const MAX_IN_FLIGHT = 64;

/**
 * The time without received bytes, in milliseconds, after which a link with an unanswered request is given up.
 *
 * Every call tests the link, because the server answers each call within 5 s. A call times out after 10 s, so a call
 * that may be repeated can still be sent on the next link.
 */
export const ANSWER_PATIENCE = 8_000;

/**
 * The time without received bytes, in milliseconds, after which a link in doubt is given up. A link is in doubt if
 * the network has changed, or if the browser reports that there is no network.
 */
export const DOUBT_PATIENCE = 3_000;

/** The time that replaces `DOUBT_PATIENCE` after a sleep of the page. Most links break unnoticed during a sleep. */
export const WAKE_PATIENCE = 800;

/**
 * The longest wait, in milliseconds, before the client replaces a link that broke during a sleep. The wait is random,
 * because many machines may wake at the same time.
 */
export const WAKE_SPREAD = 100;

/** The longest heartbeat interval, in milliseconds. */
const HEARTBEAT = 20_000;

/** The shortest heartbeat interval in milliseconds, even if the server's timeout would need a shorter interval. */
const HEARTBEAT_LEAST = 100;

/** The id of a call of the application. The driver chooses it, and never uses an id twice. */
export type CallId = number;

/** A call of the application. */
export interface Call {
  readonly id: CallId;
  /** Whether the call has already failed because of its timeout. A late answer may still report changes. */
  readonly late: boolean;
  readonly deadline: number;
  readonly ask: Ask;
  /** Whether the call may be repeated: it is sent again if the link breaks before the answer. */
  readonly repeatable: boolean;
  /** Whether the call was sent on any link. A call that was not sent was certainly not executed. */
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
  /** The heartbeat interval in milliseconds, which is computed from the server's timeout. */
  readonly heartbeat: number;
  readonly lastSent: number;
  readonly lastHeard: number;
  /**
   * The time at which the link is given up unless bytes arrive earlier. It applies only while a request is unanswered.
   */
  readonly giveUpAt: number;
  /** `true` if the page has slept and no bytes have arrived since. */
  readonly isWoken: boolean;
  /** The unanswered requests by message id, the oldest first. */
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

/**
 * Records that the link is in doubt. The caller must send a heartbeat, which the server has to answer within
 * `DOUBT_PATIENCE`.
 */
export function doubted(link: Link, now: number): Link {
  return { ...link, giveUpAt: Math.min(link.giveUpAt, now + DOUBT_PATIENCE) };
}

/**
 * Records that the page has slept. The caller must send a heartbeat, which the server has to answer within
 * `WAKE_PATIENCE`. Earlier deadlines are dropped, because they may have passed during the sleep.
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

/** Whether a heartbeat is unanswered. */
export function heartbeatInFlight(link: Link): boolean {
  return [...link.inFlight.values()].some((request) => request.kind === "heartbeat");
}

/** Returns the time at which the next heartbeat is due on this network path. */
export function heartbeatDue(link: Link, { longest }: NetworkPath): number {
  return link.lastSent + Math.min(link.heartbeat, longest);
}

/**
 * Returns the time without traffic of a link that ends now. If a request is unanswered, that is the time from the last
 * received bytes to the last sent message. The network path may have been cut in that time, unnoticed by the client.
 */
export function silence({ inFlight, lastHeard, lastSent }: Link, now: number): number {
  return (inFlight.size === 0 ? now : lastSent) - lastHeard;
}

/**
 * Returns the time at which the link is given up unless bytes arrive earlier; Infinity if all requests are answered.
 */
export function givenUpAt(link: Link): number {
  return link.inFlight.size === 0 ? Infinity : link.giveUpAt;
}

/** Returns the unanswered calls whose callers still wait, the oldest first. */
export function callsOf(link: Link): Call[] {
  return [...link.inFlight.values()].flatMap((request) =>
    request.kind === "call" && !request.call.late ? [request.call] : [],
  );
}

/**
 * Returns the heartbeat interval. It is below a third of the server's timeout, so two heartbeats in a row may be lost.
 * It is at most the maximum of the wire contract.
 */
export function heartbeatInterval(timeout: number): number {
  return Math.min(HEARTBEAT, Math.max(HEARTBEAT_LEAST, Math.floor((timeout * 3) / 10) || HEARTBEAT));
}
