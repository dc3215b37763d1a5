/** The part of the connection machine that handles the ends of links and of sessions. */

import { delay, MOST_FAILURES_WITH_CALLS, STABLE_AFTER } from "./backoff.js";
import { type Refused, refused } from "./errors.js";
import { type Call, type CallId, callsOf, silence, WAKE_SPREAD } from "./link.js";
import { cut } from "./path.js";
import { beginNext } from "./next.js";
import { putBack } from "./restore.js";
import { EMPTY } from "./cache.js";
import type { Ending, Phase, Session, Turn } from "./session.js";

/**
 * Handles the end of a link, or of an attempt to open one, without a last message of the server. Records the silence
 * before the end, because the network path may have cut the link. After a sleep, records nothing.
 */
export function linkCut(turn: Turn, why: string): void {
  const { session } = turn;
  if (session?.phase.at === "live" && !session.phase.link.isWoken) {
    const { link } = session.phase;
    turn.patch({ path: cut(session.path, link.heartbeat, silence(link, turn.now)) });
  }
  linkEnded(turn, refused("NOT_CONNECTED", why));
}

/**
 * Ends a link that was lost or given up. If no login has succeeded yet, the login fails. Otherwise, unanswered calls
 * fail or are queued. The session then waits for `span` plus the back-off before it connects again.
 *
 * If `isSlot`, the server has assigned this client a time for its return. The session then waits for `span`. After
 * failures, it waits for the back-off if that is longer.
 */
export function linkEnded(turn: Turn, why: Refused, span = 0, isSlot = false): void {
  const { session } = turn;
  if (session === null) {
    return;
  }
  session.logins.forEach(({ id }) => {
    turn.refuse(id, why);
  });
  turn.patch({ logins: [] });
  if (!session.established) {
    failLogin(turn, why);
    return;
  }
  turn.effects.push({ type: "closeLink" });
  const { phase: ended } = session;
  const isLive = ended.at === "live";
  let { failures } = session;
  let isAlone = isSlot;
  let least = span;
  turn.patch({ phase: { at: "waiting", deadline: turn.now, atCall: turn.now } });
  if (isLive) {
    failures = turn.now - ended.link.since >= STABLE_AFTER ? 0 : failures;
    if (ended.link.isWoken && span === 0) {
      // The link broke because this page slept, so the server needs no back-off.
      isAlone = true;
      least = Math.floor(turn.jitter * WAKE_SPREAD);
    }
    if (giveBack(turn, session, callsOf(ended.link))) {
      return;
    }
  }
  const waitAfter = (failures: number) => {
    const backOff = delay(session.spread, failures, turn.jitter);
    // If the server asks to reconnect again and again, the waits increase.
    return isAlone ? Math.max(least, failures && backOff) : least + backOff;
  };
  // A wait that the server has asked for applies to calls too.
  const waitWithCalls = waitAfter(Math.min(failures, MOST_FAILURES_WITH_CALLS));
  const isAwaited = turn.session?.queue.length !== 0 || turn.session.logins.length > 0;
  const retryIn = isAwaited ? waitWithCalls : waitAfter(failures);
  const phase: Phase = { at: "waiting", deadline: turn.now + retryIn, atCall: turn.now + waitWithCalls };
  turn.patch({ failures: failures + 1, phase });
  turn.tell({ type: isLive ? "disconnected" : "connectFailed", why, retryIn });
}

/**
 * Handles the unanswered calls of a broken link. Calls that may be repeated are queued, logins wait for the next
 * attempt, and the other calls are answered. Returns whether one of the calls was a logout; the session then ends.
 */
function giveBack(turn: Turn, session: Session, calls: readonly Call[]): boolean {
  const lost = calls.filter(({ repeatable }) => !repeatable);
  turn.patch({
    queue: [...calls.filter(({ repeatable }) => repeatable), ...session.queue],
    restore: putBack(session.restore),
  });
  lost.forEach(({ id, ask }) => {
    if (ask.kind === "logout") {
      answerLogout(turn, id);
    } else {
      turn.refuse(id, refused("NO_ANSWER", "the connection broke before it"));
    }
  });
  const isOver = lost.some(({ ask }) => ask.kind === "logout");
  if (isOver) {
    end(turn, { by: "logout" });
  } else {
    const queue = turn.session?.queue ?? [];
    turn.patch({
      queue: queue.filter(({ ask }) => ask.kind !== "login"),
      logins: queue.filter(({ ask }) => ask.kind === "login"),
    });
  }
  return isOver;
}

/**
 * Answers a logout whose link broke. The login of a Web device has ended with the link; the login of a native device
 * has not.
 */
function answerLogout(turn: Turn, id: CallId): void {
  if (turn.state.identity.platform === "PLATFORM_WEB") {
    turn.answer(id, { ok: true, body: { logout: {} } });
  } else {
    turn.refuse(id, refused("NO_ANSWER", "the connection broke before it"));
  }
}

/** Ends the session. All waiting calls fail, and the state of the session is dropped. */
export function end(turn: Turn, how: Ending): void {
  const established = turn.session?.established;
  forgetSession(turn);
  if (established) {
    turn.tell({ type: "ended", how });
  }
  beginNext(turn);
}

/** Handles a first login that failed. */
export function failLogin(turn: Turn, why: Refused): void {
  forgetSession(turn);
  turn.tell({ type: "connectFailed", why, retryIn: null });
  beginNext(turn);
}

function forgetSession(turn: Turn): void {
  const { session } = turn;
  if (session === null) {
    return;
  }
  turn.effects.push({ type: "closeLink" });
  const inFlight = session.phase.at === "live" ? callsOf(session.phase.link) : [];
  [...session.logins, ...inFlight, ...session.queue].forEach(({ id }) => {
    turn.refuse(id, refused("NOT_LOGGED_IN"));
  });
  turn.state = { ...turn.state, cache: EMPTY, session: null };
}
