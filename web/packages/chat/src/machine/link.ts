/** A live, logged-in link as the machine sees it: requests without an answer, and when the link is given up. */

import type { Ask } from "./ask.js";
import type { NetworkPath } from "./path.js";

/** The most requests without an answer on the link. Further calls wait in the session. */
export const MAX_IN_FLIGHT = 64;

/**
 * The time for which an answer may be outstanding while no bytes come at all. After that, the link is given up.
 *
 * A server answers each call within 5 s, at least with a refusal, and answers in order, so a heartbeat after a late
 * call would be late too. The call itself therefore tests the link. A call waits for 10 s; an idempotent one is sent
 * again on the next link within that time.
 */
export const ANSWER_PATIENCE = 8_000;

/**
 * The same time once there is reason to doubt the link: the network has changed, or is gone according to the browser.
 */
export const DOUBT_PATIENCE = 3_000;

/** The same time after a sleep, in which most links break unnoticed. */
export const WAKE_PATIENCE = 800;

/**
 * The time within which a link that broke during a sleep is replaced, at random, because many machines may have
 * slept.
 */
export const WAKE_SPREAD = 100;

/** The longest time between two heartbeats. */
const HEARTBEAT = 20_000;

/** The shortest time between two heartbeats, whatever the server says. */
const HEARTBEAT_LEAST = 100;

/** Identifies a call of the application; chosen by the driver and never reused. */
export type CallId = number;

/** A call of the application. */
export interface Call {
  readonly id: CallId;
  /** Whether the call has already failed with a timeout. The answer is still needed for the changes that it reports. */
  readonly late: boolean;
  readonly deadline: number;
  readonly ask: Ask;
  /** Whether the call is idempotent, so that it is sent again if the link breaks before the answer. */
  readonly repeatable: boolean;
  /**
   * Whether the call was sent, on this link or an earlier one. A call that was not sent was certainly not executed.
   */
  readonly sent: boolean;
}

/** A request that was sent and is not answered yet. */
export type InFlight =
  { readonly kind: "heartbeat" } | { readonly kind: "restore" } | { readonly kind: "call"; readonly call: Call };

/** The state of a live link. */
export interface Link {
  readonly since: number;
  /** The time between two heartbeats according to the server's timeout. */
  readonly heartbeat: number;
  readonly lastSent: number;
  readonly lastHeard: number;
  /** The time at which the link is given up unless bytes come, while a request is in flight. */
  readonly giveUpAt: number;
  /** Whether the page has slept and no bytes came since. */
  readonly isWoken: boolean;
  /** The requests without an answer by the id of their message, oldest first. */
  readonly inFlight: ReadonlyMap<number, InFlight>;
}

/** Creates a link that has just logged in. */
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

/** Records that a request is sent. */
export function sent(link: Link, id: number, request: InFlight, now: number): Link {
  return {
    ...link,
    giveUpAt: link.inFlight.size === 0 ? now + ANSWER_PATIENCE : link.giveUpAt,
    lastSent: now,
    inFlight: new Map([...link.inFlight, [id, request]]),
  };
}

/** Records that bytes came. */
export function heard(link: Link, now: number): Link {
  return { ...link, giveUpAt: now + ANSWER_PATIENCE, lastHeard: now, isWoken: false };
}

/** Records that there is reason to doubt the link and that a heartbeat was sent, whose answer is due soon. */
export function doubted(link: Link, now: number): Link {
  return { ...link, giveUpAt: Math.min(link.giveUpAt, now + DOUBT_PATIENCE) };
}

/**
 * Records that the page has slept and that a heartbeat was sent. Deadlines during the sleep say nothing about the
 * link.
 */
export function woken(link: Link, now: number): Link {
  return link.isWoken ? link : { ...link, giveUpAt: now + WAKE_PATIENCE, isWoken: true };
}

/** Removes and returns the request that an answer belongs to. */
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

/** The time at which the next heartbeat is due on this path. */
export function heartbeatDue(link: Link, { longest }: NetworkPath): number {
  return link.lastSent + Math.min(link.heartbeat, longest);
}

/**
 * The time without traffic before the link ended now. If a request stayed without an answer, the silence ended when
 * that request was sent: a link that was cut without a notification to the page is silent until then.
 */
export function silence({ inFlight, lastHeard, lastSent }: Link, now: number): number {
  return (inFlight.size === 0 ? now : lastSent) - lastHeard;
}

/** The time at which the link is given up unless bytes come; Infinity if no request is in flight. */
export function givenUpAt(link: Link): number {
  return link.inFlight.size === 0 ? Infinity : link.giveUpAt;
}

/** The calls in flight whose callers still wait, oldest first. */
export function callsOf(link: Link): Call[] {
  return [...link.inFlight.values()].flatMap((request) =>
    request.kind === "call" && !request.call.late ? [request.call] : [],
  );
}

/**
 * The time between two heartbeats: less than a third of the server's timeout, so that two heartbeats may be lost, and
 * never longer than in the contract.
 */
export function heartbeatInterval(timeout: number): number {
  return Math.min(HEARTBEAT, Math.max(HEARTBEAT_LEAST, Math.floor((timeout * 3) / 10) || HEARTBEAT));
}
