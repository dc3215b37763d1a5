/**
 * The next session. A login that the application makes during a logout waits for the end of the session, and begins the
 * next session. Later calls wait for the next session.
 */

import { type Refused, refused } from "./errors.js";
import { CONNECT_TIMEOUT, type Session, type Turn } from "./session.js";

/** Whether a logout is in the queue, or was sent and has no answer yet. */
export function isLoggingOut({ queue, phase }: Session): boolean {
  const isLogout = ({ ask }: Session["queue"][number]) => ask.kind === "logout";
  const inFlight = phase.at === "live" ? [...phase.link.inFlight.values()] : [];
  return queue.some(isLogout) || inFlight.some((request) => request.kind === "call" && isLogout(request.call));
}

/** Makes an attempt to connect. */
export function connect(turn: Turn): void {
  turn.patch({ phase: { at: "connecting", deadline: turn.now + CONNECT_TIMEOUT } });
  turn.tell({ type: "connecting" });
  turn.effects.push({ type: "openLink" });
}

/** Begins the session that has waited for the end of the previous one. */
export function beginNext(turn: Turn): void {
  const { next } = turn.state;
  if (next !== null) {
    turn.state = { ...turn.state, session: next, next: null };
    connect(turn);
  }
}

/** Handles a refused logout. The session goes on, unless another logout waits. */
export function logoutRefused(turn: Turn, why: Refused): void {
  if (turn.session !== null && !isLoggingOut(turn.session)) {
    refuseNext(turn, why);
  }
}

/** Gives up the next session: rejects its logins with `why`, and its calls with the code 6014. */
export function refuseNext(turn: Turn, why: Refused): void {
  const { next } = turn.state;
  turn.state = { ...turn.state, next: null };
  next?.logins.forEach(({ id }) => {
    turn.refuse(id, why);
  });
  next?.queue.forEach(({ id }) => {
    turn.refuse(id, refused("NOT_LOGGED_IN"));
  });
}

/** Rejects the logins and calls that wait for the next session and whose deadlines have passed. */
export function expireNext(turn: Turn): void {
  const { next } = turn.state;
  if (next === null) {
    return;
  }
  const late = ({ deadline }: { readonly deadline: number }) => deadline <= turn.now;
  [...next.logins.filter(late), ...next.queue.filter(late)].forEach(({ id }) => {
    turn.refuse(id, refused("NOT_CONNECTED", "it was not sent in time"));
  });
  const logins = next.logins.filter((one) => !late(one));
  turn.state = { ...turn.state, next: { ...next, logins, queue: next.queue.filter((one) => !late(one)) } };
  if (logins.length === 0) {
    refuseNext(turn, refused("NOT_LOGGED_IN"));
  }
}
