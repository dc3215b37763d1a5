/** How a link ends, and the session goes on; and how a session ends. */

import { delay, MOST_FAILURES_WITH_CALLS, STABLE_AFTER } from "./backoff.js";
import { type Refused, refused } from "./errors.js";
import { type Call, type CallId, callsOf } from "./link.js";
import { putBack } from "./restore.js";
import { EMPTY } from "./roster.js";
import type { Ending, Phase, Retry, Session, Turn } from "./session.js";

/** The link is gone, or given up: what was under way fails or is sent again, and the session waits. */
export function linkEnded(turn: Turn, why: Refused, retry: Retry): void {
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
  turn.patch({ phase: { at: "waiting", until: turn.now, hurried: turn.now } });
  if (isLive) {
    failures = turn.now - ended.link.since >= STABLE_AFTER ? 0 : failures;
    giveBack(turn, session, callsOf(ended.link));
    if (turn.session === null) {
      return;
    }
  }
  const wait = waitFor(retry, failures, turn.jitter);
  // What the server has asked for holds for calls too.
  const hurry = retry.kind === "backOff" ? Math.min(failures, MOST_FAILURES_WITH_CALLS) : failures;
  const hurriedWait = waitFor(retry, hurry, turn.jitter);
  const retryIn = turn.session?.queue.length === 0 ? wait : hurriedWait;
  const phase: Phase = { at: "waiting", until: turn.now + retryIn, hurried: turn.now + hurriedWait };
  turn.patch({ failures: failures + 1, phase });
  turn.tell({ type: isLive ? "disconnected" : "connectFailed", why, retryIn });
}

/** The calls that a link took with it: what may be done twice is sent again on the next one. */
function giveBack(turn: Turn, session: Session, calls: readonly Call[]): void {
  const lost = calls.filter(({ again }) => !again);
  const login = lost.findLast(({ ask }) => ask.kind === "login")?.ask;
  const userSig = login?.kind === "login" ? login.parameters.userSig : undefined;
  turn.patch({
    queue: [...calls.filter(({ again }) => again), ...session.queue],
    restore: putBack(session.restore),
    ...(userSig === undefined ? {} : { userSig }),
  });
  lost
    .filter(({ ask }) => ask.kind !== "logout")
    .forEach(({ id }) => {
      turn.refuse(id, refused("NO_ANSWER", "the connection broke before it"));
    });
  const logouts = lost.filter(({ ask }) => ask.kind === "logout");
  if (logouts.length > 0) {
    logouts.forEach(({ id }) => {
      answerLogout(turn, id);
    });
    end(turn, { by: "logout" });
  }
}

/** A logout without a link: the login of a Web client ended with its connection, that of another one did not. */
export function answerLogout(turn: Turn, id: CallId): void {
  if (turn.state.identity.platform === "PLATFORM_WEB") {
    turn.answer(id, { ok: true, body: { logout: {} } });
  } else {
    turn.refuse(id, refused("NO_ANSWER", "the connection broke before it"));
  }
}

function waitFor(retry: Retry, failures: number, jitter: number): number {
  const backOff = delay(failures, jitter);
  switch (retry.kind) {
    case "backOff":
      return backOff;
    case "within":
      // A server that sends away again and again is not followed at once for ever.
      return failures === 0 ? Math.floor(jitter * retry.span) : Math.max(Math.floor(jitter * retry.span), backOff);
    case "notBefore":
      return retry.span + backOff;
  }
}

/** The session is over: whoever waits is answered, and all that it knew is forgotten. */
export function end(turn: Turn, how: Ending): void {
  const established = turn.session?.established;
  forgetSession(turn);
  if (established) {
    turn.tell({ type: "ended", how });
  }
}

/** The first login came to nothing. */
export function failLogin(turn: Turn, why: Refused): void {
  forgetSession(turn);
  turn.tell({ type: "connectFailed", why, retryIn: null });
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
  turn.state = { ...turn.state, roster: EMPTY, session: null };
}
