/**
 * The connection as a pure machine. It decides which messages to send, when to reconnect, and which events the
 * application gets.
 *
 * The machine has no socket, no clock and no random numbers. The driver passes each input together with the time in
 * milliseconds and a random number from 0 to 1. It executes the effects in their order. The same inputs always give the
 * same effects.
 */

import { received } from "./answers.js";
import { type Ask, type AskKind, byteLength, FRAME_LIMITS, FRAME_SLACK, message } from "./ask.js";
import { end, failLogin, linkCut, linkEnded } from "./endings.js";
import { refused } from "./errors.js";
import type { KnownJson, LoginRequestJson } from "../gen/wire.js";
import * as links from "./link.js";
import type { Call, CallId } from "./link.js";
import * as checks from "./list-check.js";
import { connect, expireNext, isLoggingOut, refuseNext } from "./next.js";
import { UNKNOWN_PATH } from "./path.js";
import * as restores from "./restore.js";
import { type Effect, type Input, type Session, type State, Turn } from "./session.js";
import { isNewer } from "./status.js";

/** The time limit for the answer to a login, in milliseconds. */
export const LOGIN_TIMEOUT = 10_000;

/** If a deadline is handled at least this many milliseconds late, the page or the device must have slept. */
export const SLEEP = 5_000;

/**
 * The maximum number of calls of a session that wait to be sent. Separately, also the maximum number of logins that
 * wait for one attempt to connect. Further calls and logins are refused. One logout is allowed beyond the maximum, so
 * that the session can be ended.
 */
export const MAX_QUEUE = 1_000;

/**
 * The calls that are repeated after a broken link. They only read, or the server recognizes that they are repeated.
 */
const REPEATABLE: ReadonlySet<AskKind> = new Set([
  "getUserStatus",
  "getSubscriptions",
  "getUsersInfo",
  "getFriendList",
  "getHistory",
  "getConversationList",
  "getBlockList",
  "sendMessage",
  "markRead",
] satisfies AskKind[]);

/** Processes an input, after all deadlines that have passed by `now`. */
export function step(state: State, input: Input, now: number, jitter: number): [State, Effect[]] {
  const turn = new Turn(state, now, jitter);
  const hasSlept = (nextDeadline(state) ?? Infinity) + SLEEP <= now;
  expireCalls(turn);
  if (hasSlept || input.type === "woken") {
    wake(turn);
  }
  expirePhase(turn);
  switch (input.type) {
    case "login":
      login(turn, input);
      break;
    case "call":
      call(turn, input);
      break;
    case "linkUp":
      linkUp(turn);
      break;
    case "linkEnded":
      linkCut(turn, input.why);
      break;
    case "left":
      linkEnded(turn, refused("NOT_CONNECTED", "the page was left"));
      break;
    case "closed":
      refuseNext(turn, refused("NOT_LOGGED_IN"));
      logOut(turn);
      break;
    case "received":
      received(turn, input.message);
      break;
    case "networkChanged":
      if (turn.session?.phase.at === "waiting") {
        connect(turn);
      }
      doubt(turn, links.doubted);
      break;
    case "networkGone":
      doubt(turn, links.doubted);
      break;
    case "woken":
    case "tick":
      break;
  }
  sendWhatWaits(turn);
  return [turn.state, turn.effects];
}

/**
 * Returns the time at which the driver must pass the input `tick`, if no other input comes before; undefined if there
 * is no deadline.
 */
export function nextDeadline({ session, next }: State): number | undefined {
  if (session === null) {
    return undefined;
  }
  const { phase } = session;
  const due =
    phase.at === "live"
      ? [
          links.heartbeatDue(phase.link, session.path),
          links.givenUpAt(phase.link),
          restoreDue(session, phase.link),
          listCheckDue(session, phase.link),
        ]
      : [phase.deadline];
  const callers = [...callsOf(session), ...session.logins, ...(next?.queue ?? []), ...(next?.logins ?? [])];
  return Math.min(...due, ...callers.map(({ deadline }) => deadline));
}

/** Returns the calls whose callers still wait. */
function callsOf({ queue, phase }: Session): Call[] {
  return phase.at === "live" ? [...queue, ...links.callsOf(phase.link)] : [...queue];
}

// Calls of the application.

function login(turn: Turn, input: Input & { type: "login" }): void {
  const { call: id, deadline, user, userSig } = input;
  const { session } = turn;
  if (byteLength(loginRequest(turn.state, user, userSig, false, [])) + FRAME_SLACK > FRAME_LIMITS.beforeLogin) {
    turn.refuse(id, refused("SIG_UNREADABLE", "it is too long"));
    return;
  }
  if (session === null) {
    turn.state = { ...turn.state, session: newSession(user, userSig, { id, deadline }, turn.now) };
    connect(turn);
    return;
  }
  if (isLoggingOut(session)) {
    loginAfterLogout(turn, input);
    return;
  }
  if (session.user !== user) {
    turn.refuse(id, refused("INVALID_PARAMETER", "another user is logged in; log out first"));
    return;
  }
  if ((session.phase.at === "live" ? session.queue : session.logins).length >= MAX_QUEUE) {
    refuseForNow(turn, id);
    return;
  }
  if (session.phase.at === "live") {
    const known = knownWithin(turn.state, { ...session, userSig });
    const parameters = loginRequest(turn.state, user, userSig, false, known);
    turn.patch({ userSig, queue: [...session.queue, newCall(id, deadline, { kind: "login", parameters })] });
    return;
  }
  turn.patch({ userSig, logins: [...session.logins, { id, deadline }] });
  // An earlier login may be in progress, with another UserSig or for a reconnect. The server may refuse it, although
  // it would accept this login.
  const isSent = session.logins.length > 0 && session.userSig === userSig;
  if (session.phase.at === "waiting" || (session.phase.at === "loggingIn" && !isSent)) {
    beginAttempt(turn);
  }
}

/** Stores a login, until a logout in progress has ended the session. */
function loginAfterLogout(turn: Turn, { call: id, deadline, user, userSig }: Input & { type: "login" }): void {
  const { next } = turn.state;
  if (next !== null && next.user !== user) {
    turn.refuse(id, refused("INVALID_PARAMETER", "another user is logging in; log out first"));
    return;
  }
  if (next !== null && next.logins.length >= MAX_QUEUE) {
    refuseForNow(turn, id);
    return;
  }
  const login = { id, deadline };
  turn.state = {
    ...turn.state,
    next:
      next === null
        ? newSession(user, userSig, login, turn.now)
        : { ...next, userSig, logins: [...next.logins, login] },
  };
  // As for any login, the next attempt comes at once: the logout needs a link.
  if (turn.session?.phase.at === "waiting") {
    connect(turn);
  }
}

function newSession(user: string, userSig: string, call: { id: CallId; deadline: number }, now: number): Session {
  return {
    id: call.id,
    user,
    userSig,
    acceptedSig: "",
    established: false,
    failures: 0,
    spread: 0,
    path: UNKNOWN_PATH,
    logins: [call],
    queue: [],
    subscriptions: [],
    restore: restores.IDLE,
    listCheck: checks.loggedIn(true),
    listsVersion: null,
    abilities: null,
    snapshot: null,
    loginLimit: FRAME_LIMITS.beforeLogin,
    phase: { at: "waiting", deadline: now, atCall: now },
  };
}

function call(turn: Turn, { call: id, deadline, ask }: Input & { type: "call" }): void {
  if (ask.kind === "logout") {
    refuseNext(turn, refused("NOT_LOGGED_IN"));
  }
  // A call after a login belongs to the session of that login.
  const { next } = turn.state;
  const session = next ?? turn.session;
  if (session === null) {
    turn.refuse(id, refused("NOT_LOGGED_IN"));
  } else if (byteLength(ask.parameters) + FRAME_SLACK > FRAME_LIMITS.afterLogin) {
    const why = "userIds" in ask.parameters ? "BATCH_TOO_LARGE" : "INVALID_PARAMETER";
    turn.refuse(id, refused(why, "it does not fit into a message"));
  } else if (ask.kind === "logout" && endsWithItsLink(turn.state, session)) {
    turn.answer(id, { ok: true, body: { logout: {} } });
    logOut(turn);
  } else if (session.queue.length >= MAX_QUEUE + Number(ask.kind === "logout")) {
    refuseForNow(turn, id);
  } else if (next !== null) {
    turn.state = { ...turn.state, next: { ...next, queue: [...next.queue, newCall(id, deadline, ask)] } };
  } else {
    turn.patch({ queue: [...session.queue, newCall(id, deadline, ask)] });
    hurry(turn);
  }
}

/** Ends the session, or cancels the first login, without a request to the server. */
function logOut(turn: Turn): void {
  if (turn.session?.established === true) {
    end(turn, { by: "logout" });
  } else if (turn.session !== null) {
    failLogin(turn, refused("NOT_LOGGED_IN", "logged out"));
  }
}

function refuseForNow(turn: Turn, id: CallId): void {
  turn.refuse(id, refused("CALLED_TOO_OFTEN", "too many calls wait for the connection"));
}

/**
 * Whether closing the link is enough for a logout. It is enough if the first login was not sent yet. It is also enough
 * for a Web device without a live link: its login ends with its link.
 */
function endsWithItsLink({ identity }: State, { established, phase }: Session): boolean {
  const isUnsent = !established && phase.at !== "loggingIn";
  return phase.at !== "live" && (isUnsent || identity.platform === "PLATFORM_WEB");
}

function newCall(id: CallId, deadline: number, ask: Ask): Call {
  return { id, deadline, ask, repeatable: REPEATABLE.has(ask.kind), late: false, sent: false };
}

/** Makes the next attempt to connect as early as is allowed, because a call waits. */
function hurry(turn: Turn): void {
  const phase = turn.session?.phase;
  if (phase?.at === "waiting") {
    turn.patch({ phase: { ...phase, deadline: Math.max(turn.now, phase.atCall) } });
    expirePhase(turn);
  }
}

/** Sends a heartbeat on a live link, and shortens the time for its answer. */
function doubt(turn: Turn, doubted: typeof links.doubted): void {
  sendHeartbeat(turn);
  if (turn.session?.phase.at === "live") {
    turn.setLink(doubted(turn.session.phase.link, turn.now));
  }
}

// Deadlines.

/** Handles a sleep of the page or the device. The sleep has probably broken the link, or the attempt to open one. */
function wake(turn: Turn): void {
  if (turn.session?.phase.at === "live") {
    doubt(turn, links.woken);
  } else {
    beginAttempt(turn);
  }
}

/** Connects now. Aborts an attempt that is in progress. */
function beginAttempt(turn: Turn): void {
  if (turn.session !== null) {
    if (turn.session.phase.at !== "waiting") {
      turn.effects.push({ type: "closeLink" });
    }
    connect(turn);
  }
}

function expireCalls(turn: Turn): void {
  expireNext(turn);
  const { session, now } = turn;
  if (session === null) {
    return;
  }
  const late = ({ deadline }: { readonly deadline: number }) => deadline <= now;
  const { phase } = session;
  const calls = callsOf(session).filter(late);
  const logins = session.logins.filter(late);
  if (calls.length + logins.length === 0) {
    return;
  }
  const notSent = refused("NOT_CONNECTED", "it was not sent in time");
  const why = phase.at === "loggingIn" ? refused("NO_ANSWER") : notSent;
  logins.forEach(({ id }) => {
    turn.refuse(id, why);
  });
  calls.forEach(({ id, sent }) => {
    turn.refuse(id, sent ? refused("NO_ANSWER") : notSent);
  });
  turn.patch({
    logins: session.logins.filter((one) => !late(one)),
    queue: session.queue.filter((one) => !late(one)),
  });
  if (phase.at === "live") {
    const requests = [...phase.link.inFlight].map(([id, request]): [number, links.InFlight] => {
      const expired = request.kind === "call" && late(request.call);
      return [id, expired ? { kind: "call", call: { ...request.call, late: true } } : request];
    });
    turn.setLink({ ...phase.link, inFlight: new Map(requests) });
  }
  if (calls.some(({ ask }) => ask.kind === "logout")) {
    end(turn, { by: "logout" });
  } else if (!session.established && turn.session?.logins.length === 0) {
    failLogin(turn, why);
  }
}

function expirePhase(turn: Turn): void {
  const { session, now } = turn;
  if (session === null) {
    return;
  }
  const { phase } = session;
  if (phase.at === "live") {
    if (links.givenUpAt(phase.link) <= now) {
      linkCut(turn, "nothing was heard from the server");
    } else if (links.heartbeatDue(phase.link, session.path) <= now) {
      sendHeartbeat(turn);
    }
  } else if (phase.deadline <= now) {
    if (phase.at === "waiting") {
      connect(turn);
    } else {
      linkCut(turn, phase.at === "connecting" ? "no connection in time" : "no answer to the login in time");
    }
  }
}

// The link.

function linkUp(turn: Turn): void {
  const { session } = turn;
  if (session === null) {
    return;
  }
  const resume = session.established && session.logins.length === 0;
  const id = turn.newId();
  const known = knownWithin(turn.state, session);
  const parameters = loginRequest(turn.state, session.user, session.userSig, resume, known);
  turn.send(message(id, { kind: "login", parameters }));
  const snapshot = { named: new Set(known.map(({ userId = "" }) => userId)), told: new Set<string>() };
  const deadline = turn.now + LOGIN_TIMEOUT;
  turn.patch({ snapshot, phase: { at: "loggingIn", id, deadline, bytes: byteLength(parameters), early: [] } });
}

// Sending.

/** Sends waiting calls, and the next batch of a restore, while the link has room. */
function sendWhatWaits(turn: Turn): void {
  for (;;) {
    const { session } = turn;
    if (session?.phase.at !== "live" || session.phase.link.inFlight.size >= links.MAX_IN_FLIGHT) {
      return;
    }
    const [next, ...queue] = session.queue;
    if (next !== undefined) {
      turn.patch({ queue });
      sendCall(turn, next);
      continue;
    }
    const batch =
      turn.now < restoreDue(session, session.phase.link) ? undefined : restores.nextBatch(session.restore, turn.now);
    if (batch !== undefined) {
      turn.patch({ restore: batch.restore });
      const ask: Ask = { kind: "subscribeUserStatus", parameters: { userIds: [...batch.users] } };
      sendRequest(turn, { kind: "restore" }, ask);
    } else if (listCheckDue(session, session.phase.link) <= turn.now) {
      turn.patch({ listCheck: { ...session.listCheck, isSent: true } });
      sendRequest(turn, { kind: "listCheck" }, { kind: "getSubscriptions", parameters: {} });
    } else {
      return;
    }
  }
}

/**
 * The time at which the next batch of a restore is due. Infinity while the app does not allow subscriptions, and while
 * the link has no room for a request.
 */
function restoreDue({ abilities, restore }: Session, { inFlight }: links.Link): number {
  const mayBeSent = abilities?.statusesOfOthers !== false && inFlight.size < links.MAX_IN_FLIGHT;
  return mayBeSent ? restores.due(restore) : Infinity;
}

/**
 * The time at which the subscription list must be read. Infinity during a restore, while the app does not allow
 * subscriptions, and while the link has no room for a request.
 */
function listCheckDue({ abilities, restore, listCheck }: Session, { inFlight }: links.Link): number {
  const mayBeSent = abilities?.statusesOfOthers !== false && inFlight.size < links.MAX_IN_FLIGHT;
  return mayBeSent && restores.isIdle(restore) ? checks.due(listCheck) : Infinity;
}

function sendCall(turn: Turn, call: Call): void {
  if (call.ask.kind === "unsubscribeUserStatus" && turn.session !== null) {
    // The restore of these users is ended first, because a later batch would subscribe to them again. The server's
    // answer does not name them.
    const users = call.ask.parameters.userIds ?? [];
    const { restore } = turn.session;
    const forgotten = users.length === 0 ? restores.giveUp(restore) : restores.forget(restore, new Set(users));
    turn.patch({ restore: forgotten.restore });
    turn.leaveCache(forgotten.lost.notWatched);
  }
  sendRequest(turn, { kind: "call", call: { ...call, sent: true } }, call.ask);
}

function sendHeartbeat(turn: Turn): void {
  const heartbeat = { kind: "heartbeat", parameters: {} } as const;
  const phase = turn.session?.phase;
  if (phase?.at === "live" && links.heartbeatInFlight(phase.link)) {
    // A heartbeat without an answer is under way, but the server must receive something within its timeout.
    turn.setLink({ ...phase.link, lastSent: turn.now });
    turn.send(message(0, heartbeat));
  } else {
    sendRequest(turn, heartbeat, heartbeat);
  }
}

function sendRequest(turn: Turn, request: links.InFlight, ask: Ask): void {
  if (turn.session?.phase.at === "live") {
    const id = turn.newId();
    turn.setLink(links.sent(turn.session.phase.link, id, request, turn.now));
    turn.send(message(id, ask));
  }
}

function loginRequest(
  { identity }: State,
  userId: string,
  userSig: string,
  resume: boolean,
  known: KnownJson[],
): LoginRequestJson {
  return { ...identity, userId, userSig, resume, known };
}

/**
 * The versions of cached statuses, the newest first, that fit into a login. The server sends the statuses of all other
 * watched users again.
 */
function knownWithin(state: State, { user, userSig, loginLimit }: Session): KnownJson[] {
  const bare = byteLength(loginRequest(state, user, userSig, false, []));
  let left = loginLimit - FRAME_SLACK - bare;
  const newest = [...state.cache.values()].sort((one, other) => (isNewer(one.version, other.version) ? -1 : 1));
  const known: KnownJson[] = [];
  for (const { userID: userId, version } of newest) {
    const entry = { userId, version };
    left -= byteLength(entry) + 1;
    if (left < 0) {
      break;
    }
    known.push(entry);
  }
  return known;
}
