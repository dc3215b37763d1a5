/** A live, logged-in link, as the machine sees it: what was asked and not answered, and when it is given up. */

import type { Ask } from "./ask.js";
import type { NetworkPath } from "./path.js";

/** The most requests that await their answers on the link. Further calls wait in the session. */
export const MAX_IN_FLIGHT = 64;

/**
 * How long an answer may be awaited while nothing at all is heard. Then the link is given up.
 *
 * A server answers each call within 5 s, if only with a refusal, and answers in order: a heartbeat behind a call that
 * is late would be as late. So the call itself is the test of the link. A call waits for 10 s; one that may be done
 * twice is sent again on the next link within them.
 */
export const ANSWER_PATIENCE = 8_000;

/** The same once there is reason to doubt the link: the network has changed, or is gone as the browser says. */
export const DOUBT_PATIENCE = 3_000;

/** The same after a sleep, in which most links die without a word. */
export const WAKE_PATIENCE = 800;

/** Within which a link that has died in a sleep is made again, at random: machines may have slept together. */
export const WAKE_SPREAD = 100;

/** The longest time between two heartbeats. */
const HEARTBEAT = 20_000;

/** The shortest time between two heartbeats, whatever the server says. */
const HEARTBEAT_LEAST = 100;

/** Names a call of the application; chosen by the driver, never used twice. */
export type CallId = number;

/** A call of the application. */
export interface Call {
  readonly id: CallId;
  /** The caller has been told that there was no answer in time. It is still awaited, for what it changes. */
  readonly late: boolean;
  readonly deadline: number;
  readonly ask: Ask;
  /** Doing it twice is doing it once: it is sent again when the link breaks before the answer. */
  readonly repeatable: boolean;
  /** It was sent, on this link or an earlier one. Not sent: it has certainly not been done. */
  readonly sent: boolean;
}

/** A request that was sent and not answered. */
export type InFlight =
  { readonly kind: "heartbeat" } | { readonly kind: "restore" } | { readonly kind: "call"; readonly call: Call };

/** The state of a live link. */
export interface Link {
  readonly since: number;
  /** The time between two heartbeats that the server's timeout asks for. */
  readonly heartbeat: number;
  readonly lastSent: number;
  readonly lastHeard: number;
  /** When the link is given up unless something is heard, as long as a request is in flight. */
  readonly giveUpAt: number;
  /** The page has slept, and nothing was heard since. */
  readonly isWoken: boolean;
  /** By the id of the message, oldest first. */
  readonly inFlight: ReadonlyMap<number, InFlight>;
}

/** A link that has logged in now. */
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

/** A request is being sent. */
export function sent(link: Link, id: number, request: InFlight, now: number): Link {
  return {
    ...link,
    giveUpAt: link.inFlight.size === 0 ? now + ANSWER_PATIENCE : link.giveUpAt,
    lastSent: now,
    inFlight: new Map([...link.inFlight, [id, request]]),
  };
}

/** Something was heard. */
export function heard(link: Link, now: number): Link {
  return { ...link, giveUpAt: now + ANSWER_PATIENCE, lastHeard: now, isWoken: false };
}

/** There is reason to doubt the link, and a heartbeat was sent: its answer is due soon. */
export function doubted(link: Link, now: number): Link {
  return { ...link, giveUpAt: Math.min(link.giveUpAt, now + DOUBT_PATIENCE) };
}

/** The page has slept, and a heartbeat was sent. What was due during the sleep says nothing of the link. */
export function woken(link: Link, now: number): Link {
  return link.isWoken ? link : { ...link, giveUpAt: now + WAKE_PATIENCE, isWoken: true };
}

/** Takes the request that an answer belongs to. */
export function take(link: Link, id: number): { link: Link; request: InFlight } | undefined {
  const request = link.inFlight.get(id);
  if (request === undefined) {
    return undefined;
  }
  const inFlight = new Map(link.inFlight);
  inFlight.delete(id);
  return { link: { ...link, inFlight }, request };
}

/** Whether a heartbeat awaits its answer. */
export function heartbeatInFlight(link: Link): boolean {
  return [...link.inFlight.values()].some((request) => request.kind === "heartbeat");
}

/** When the next heartbeat is due on this path. */
export function heartbeatDue(link: Link, { longest }: NetworkPath): number {
  return link.lastSent + Math.min(link.heartbeat, longest);
}

/**
 * How long nothing had passed in either direction when the link ended now, or when the request was sent that nothing was
 * heard after: a link that is cut without telling the page is silent until then.
 */
export function silence({ inFlight, lastHeard, lastSent }: Link, now: number): number {
  return (inFlight.size === 0 ? now : lastSent) - lastHeard;
}

/** When the link is given up unless something is heard; Infinity: no answer is awaited. */
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
 * Less than a third of the server's timeout, so that two heartbeats may be lost, and never longer than the contract
 * says.
 */
export function heartbeatInterval(timeout: number): number {
  return Math.min(HEARTBEAT, Math.max(HEARTBEAT_LEAST, Math.floor((timeout * 3) / 10) || HEARTBEAT));
}
