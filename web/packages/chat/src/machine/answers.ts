/** The part of the connection machine that handles the messages of the server. */

import type { Ask } from "./ask.js";
import { end, failLogin, linkEnded } from "./endings.js";
import { isRefusal, type Refused, refused } from "./errors.js";
import type {
  AbilitiesJson,
  ConnectionEnded_CauseJson,
  ConnectionEndedJson,
  ListsChangedJson,
  LoginResponseJson,
  ServerMessageJson,
  SubscribeUserStatusResponseJson,
  SubscriptionsChangedJson,
} from "../gen/wire.js";
import * as links from "./link.js";
import type { Call } from "./link.js";
import * as checks from "./list-check.js";
import { logoutRefused } from "./next.js";
import * as restores from "./restore.js";
import { fold, type Folded, refresh } from "./cache.js";
import type { Abilities, Ending, Result, Turn } from "./session.js";
import { readStatuses, type UserStatus } from "./status.js";

/**
 * The longest requested wait that the client accepts, in milliseconds. A longer wait is reduced to this value.
 * Lamplight's server requests at most ten minutes, the longest spread.
 */
const LONGEST_RETRY_AFTER = 3_600_000;

/**
 * The wait before the next attempt to connect after TOO_MANY_FAILURES, in milliseconds. The wire contract requires a
 * minute.
 */
const AFTER_TOO_MANY_FAILURES = 60_000;

/** The default values of the abilities. JSON messages omit fields with default values. */
const NO_ABILITIES: Abilities = {
  statusesOfOthers: false,
  refusalCode: 0,
  friendNotification: false,
  subscriptionsLimit: 0,
  queryBatch: 0,
  subscribeBatch: 0,
  unsubscribeBatch: 0,
  customStatusBytes: 0,
  messageBytes: 0,
  friendsLimit: 0,
};

/** Handles a message of the server. Ignores a message of a kind that this version does not know. */
export function received(turn: Turn, message: ServerMessageJson): void {
  if (turn.session === null) {
    return;
  }
  if (turn.session.phase.at === "live") {
    turn.setLink(links.heard(turn.session.phase.link, turn.now));
  }
  const { phase } = turn.session;
  if (message.statusChanged !== undefined) {
    const statuses = readStatuses(message.statusChanged.statuses);
    if (phase.at === "loggingIn") {
      turn.patch({ phase: { ...phase, early: [...phase.early, ...statuses] } });
    } else {
      told(turn, statuses);
      if (message.statusChanged.snapshotComplete === true) {
        snapshotComplete(turn);
      }
    }
  } else if (message.subscriptionsChanged !== undefined) {
    subscriptionsChanged(turn, message.subscriptionsChanged);
  } else if (message.appChanged !== undefined) {
    abilitiesTold(turn, message.appChanged.abilities);
  } else if (message.listsChanged !== undefined) {
    listsChanged(turn, message.listsChanged);
  } else if (message.connectionEnded !== undefined) {
    connectionEnded(turn, message.connectionEnded);
  } else {
    answered(turn, Number(message.id ?? 0), message);
  }
}

function answered(turn: Turn, id: number, body: ServerMessageJson): void {
  const phase = turn.session?.phase;
  if (phase?.at === "loggingIn" && phase.id === id) {
    loginAnswered(turn, phase.early, body);
  } else if (phase?.at === "live") {
    const taken = links.take(phase.link, id);
    if (taken === undefined) {
      return;
    }
    turn.setLink(taken.link);
    switch (taken.request.kind) {
      case "call":
        callAnswered(turn, taken.request.call, body);
        break;
      case "restore":
        restoreAnswered(turn, body);
        break;
      case "listCheck":
        listCheckAnswered(turn, body);
        break;
      case "heartbeat":
        turn.patch({ spread: body.heartbeat?.reconnectSpreadMs ?? turn.session?.spread ?? 0 });
        break;
    }
  }
}

// Logins.

function loginAnswered(turn: Turn, early: readonly UserStatus[], body: ServerMessageJson): void {
  if (body.refusal !== undefined) {
    loginRefused(turn, readRefusal(body));
    return;
  }
  if (body.login === undefined || turn.session === null) {
    misunderstood(turn);
    return;
  }
  const { logins, established: again, userSig: acceptedSig } = turn.session;
  const link = links.newLink(body.login.heartbeatTimeoutMs ?? 0, turn.now);
  const spread = body.login.reconnectSpreadMs ?? 0;
  const listCheck = checks.loggedIn(!again);
  turn.patch({ phase: { at: "live", link }, spread, established: true, acceptedSig, listCheck, logins: [] });
  turn.tell({ type: "connected", again, told: body.login });
  logins.forEach(({ id }) => {
    turn.answer(id, { ok: true, body });
  });
  toldAtLogin(turn, early, body.login);
}

/** Handles a refused login. The refusal ends the attempt to connect. */
function loginRefused(turn: Turn, refusal: Refused): void {
  const { session } = turn;
  if (session === null) {
    return;
  }
  const retry = retryAfter(refusal);
  if (retry !== undefined) {
    linkEnded(turn, refusal, retry);
    return;
  }
  if (!isRefusal(refusal, "KICKED_BY_OTHER_LOGIN") && dropUserSig(turn, session.userSig)) {
    // Only the newer UserSig is refused. The session continues with the UserSig that the server accepted last.
    linkEnded(turn, refusal);
    return;
  }
  session.logins.forEach(({ id }) => {
    turn.refuse(id, refusal);
  });
  turn.patch({ logins: [] });
  if (session.established) {
    end(turn, endingOf(refusal));
  } else {
    failLogin(turn, refusal);
  }
}

/**
 * Drops a refused UserSig if it is the newest one and was never accepted. The session then uses the UserSig that the
 * server accepted last. Returns whether the UserSig was dropped.
 */
function dropUserSig(turn: Turn, userSig: string | undefined): boolean {
  const { session } = turn;
  const isNewest = session?.established === true && session.userSig === userSig && session.acceptedSig !== userSig;
  if (isNewest) {
    turn.patch({ userSig: session.acceptedSig });
  }
  return isNewest;
}

function endingOf(refusal: Refused): Ending {
  if (isRefusal(refusal, "KICKED_BY_OTHER_LOGIN")) {
    return { by: "otherLogin", platform: "PLATFORM_UNSPECIFIED" };
  }
  if (isRefusal(refusal, "SIG_EXPIRED", "LOGIN_SIG_EXPIRED")) {
    return { by: "userSigExpired" };
  }
  return isRefusal(refusal, "SIG_REVOKED") ? { by: "operator" } : { by: "refused", refusal };
}

/**
 * Handles the snapshot of a login, and the statuses that arrived before the answer.
 *
 * An earlier page may have subscribed to users whom this client does not know. The new subscription list begins with
 * them.
 */
function toldAtLogin(turn: Turn, early: readonly UserStatus[], login: LoginResponseJson): void {
  if (turn.session === null) {
    return;
  }
  const { subscriptions: own, restore, listsVersion } = turn.session;
  const version = Number(login.listsVersion ?? 0);
  abilitiesTold(turn, login.abilities);
  const begun = login.subscriptionsLost === true ? restores.begin(restore, own) : restore;
  // A user to whom the client subscribes again is not reported as not watched in the meantime.
  const apart = restores.notWatched(begun, login.notWatched ?? []);
  // While the app forbids notifications about other users, the subscription list stays unchanged.
  const lost = turn.session.abilities?.statusesOfOthers === false ? [] : apart.left;
  const gone = new Set(lost);
  const kept = own.filter((user) => !gone.has(user));
  const earlier = (login.subscriptions ?? []).filter((user) => !kept.includes(user));
  turn.patch({ restore: apart.restore, subscriptions: [...earlier, ...kept], listsVersion: version });
  told(turn, [...early, ...readStatuses(login.statuses)]);
  turn.leaveCache(apart.left);
  tellUnsubscribed(turn, own, lost);
  if (listsVersion !== null && listsVersion !== version) {
    turn.tell({ type: "listsOutdated" });
  }
  if (login.snapshotComplete === true) {
    snapshotComplete(turn);
  }
}

/**
 * Completes the snapshot: every status that differs from the versions in the login request has arrived. A cached user
 * who is neither in the request nor in these statuses is not watched any more.
 */
function snapshotComplete(turn: Turn): void {
  if (turn.session?.snapshot == null) {
    return;
  }
  const { snapshot, subscriptions: own, abilities, user: self } = turn.session;
  const { left, restore } = restores.notWatched(
    turn.session.restore,
    [...turn.state.cache.keys()].filter(
      (user) => user !== self && !snapshot.named.has(user) && !snapshot.told.has(user),
    ),
  );
  turn.patch({ restore, snapshot: null });
  turn.leaveCache(left);
  if (abilities?.statusesOfOthers !== false) {
    listChanged(turn, [], left);
    tellUnsubscribed(turn, own, left);
  }
}

/**
 * Reports users whom another device or the server API has removed from the subscription list while the link was
 * broken.
 */
function tellUnsubscribed(turn: Turn, own: readonly string[], left: readonly string[]): void {
  const gone = new Set(left);
  const unsubscribed = own.filter((user) => gone.has(user));
  if (unsubscribed.length > 0) {
    turn.tell({ type: "subscriptionsChanged", told: { unsubscribed } });
  }
}

// Calls.

function callAnswered(turn: Turn, call: Call, body: ServerMessageJson): void {
  const answer = (result: Result) => {
    if (!call.late) {
      turn.answer(call.id, result);
    } else if (result.ok) {
      turn.effects.push({ type: "late", call: call.id, body });
    }
  };
  if (body.refusal !== undefined) {
    const refusal = readRefusal(body);
    answer({ ok: false, refusal });
    if (call.ask.kind === "login") {
      dropUserSig(turn, call.ask.parameters.userSig);
    } else if (call.ask.kind === "logout") {
      logoutRefused(turn, refusal);
    }
    return;
  }
  if (body[call.ask.kind] === undefined) {
    answer({ ok: false, refusal: refused("NO_ANSWER", "the answer belongs to another request") });
    misunderstood(turn);
    return;
  }
  learn(turn, call.ask, body);
  const { listsVersion, repeatedSend }: { listsVersion?: string; repeatedSend?: boolean } = body[call.ask.kind] ?? {};
  // The lists version in the answer to a read or a repeated send may include changes that have not been received yet,
  // so it is ignored.
  if (!call.ask.kind.startsWith("get") && repeatedSend !== true) {
    listsTold(turn, listsVersion);
  }
  answer({ ok: true, body });
  if (body.logout !== undefined) {
    end(turn, { by: "logout" });
  }
}

/** Applies the content of the answer to a call: the statuses, and the changes of the subscription list. */
function learn(turn: Turn, ask: Ask, body: ServerMessageJson): void {
  if (body.login !== undefined && ask.kind === "login" && turn.session?.phase.at === "live") {
    const heartbeat = links.heartbeatInterval(body.login.heartbeatTimeoutMs ?? 0);
    turn.patch({ acceptedSig: ask.parameters.userSig ?? "", spread: body.login.reconnectSpreadMs ?? 0 });
    turn.setLink({ ...turn.session.phase.link, heartbeat });
    turn.tell({ type: "renewed", told: body.login });
    toldAtLogin(turn, [], body.login);
  } else if (body.setSelfStatus?.status !== undefined) {
    told(turn, readStatuses([body.setSelfStatus.status]));
  } else if (body.getUserStatus !== undefined) {
    surface(turn, refresh(turn.state.cache, readStatuses(body.getUserStatus.statuses)));
  } else if (body.subscribeUserStatus !== undefined && ask.kind === "subscribeUserStatus") {
    const failed = failedUsers(body.subscribeUserStatus.failures);
    const added = (ask.parameters.userIds ?? []).filter((user) => !failed.has(user));
    subscribed(turn, added, [], body.subscribeUserStatus);
  } else if (body.unsubscribeUserStatus !== undefined && ask.kind === "unsubscribeUserStatus") {
    const users = ask.parameters.userIds ?? [];
    listChanged(turn, [], users.length === 0 ? (turn.session?.subscriptions ?? []) : users);
    turn.leaveCache(body.unsubscribeUserStatus.notWatched ?? []);
  } else if (body.deleteFriends !== undefined && ask.kind === "deleteFriends") {
    const failed = failedUsers(body.deleteFriends.failures);
    noFriends(
      turn,
      (ask.parameters.userIds ?? []).filter((user) => !failed.has(user)),
    );
  } else if (body.addFriend?.friend?.mutual === true) {
    watchedAgain(turn, [body.addFriend.friend.userId ?? ""]);
  } else if (body.getSubscriptions !== undefined && turn.session !== null && restores.isIdle(turn.session.restore)) {
    listRead(turn, body.getSubscriptions.userIds ?? []);
  }
}

function subscribed(
  turn: Turn,
  added: readonly string[],
  lost: readonly string[],
  body: SubscribeUserStatusResponseJson,
): void {
  told(turn, readStatuses(body.statuses));
  listChanged(turn, added, [...lost, ...(body.evicted ?? [])]);
  turn.leaveCache(body.notWatched ?? []);
}

function restoreAnswered(turn: Turn, body: ServerMessageJson): void {
  if (turn.session === null) {
    return;
  }
  if (body.refusal !== undefined) {
    restoreRefused(turn, readRefusal(body));
    return;
  }
  if (body.subscribeUserStatus === undefined) {
    misunderstood(turn);
    return;
  }
  const { kept, lost, restore } = restores.answered(
    turn.session.restore,
    failedUsers(body.subscribeUserStatus.failures),
  );
  turn.patch({ restore });
  subscribed(turn, kept, lost.users, body.subscribeUserStatus);
  turn.leaveCache(lost.notWatched);
}

function restoreRefused(turn: Turn, refusal: Refused): void {
  if (turn.session === null) {
    return;
  }
  const { restore } = turn.session;
  const smaller = isRefusal(refusal, "BATCH_TOO_LARGE") ? restores.batchTooLarge(restore) : undefined;
  if (smaller !== undefined) {
    turn.patch({ restore: smaller });
  } else if (mayPass(turn, refusal)) {
    turn.patch({ restore: restores.refusedForNow(restore, turn.now) });
  } else {
    // The refusal is permanent, so the subscription list no longer makes the client watch these users.
    const given = restores.giveUp(restore);
    turn.patch({ restore: given.restore });
    listChanged(turn, [], given.lost.users);
    turn.leaveCache(given.lost.notWatched);
  }
}

/**
 * Handles the refusal of a call of the SDK itself about the subscription list. Returns whether the same call may
 * succeed later.
 */
function mayPass(turn: Turn, refusal: Refused): boolean {
  // The app may allow subscriptions again. Only a server that sends abilities reports this.
  const isGate = isRefusal(refusal, "EDITION_NOT_SUPPORTED", "STATUS_SWITCHED_OFF");
  return retryAfter(refusal) !== undefined || (isGate && turn.session?.abilities != null);
}

/**
 * Handles the answer to a read of the subscription list. The list was read because another device may have changed it.
 */
function listCheckAnswered(turn: Turn, body: ServerMessageJson): void {
  if (turn.session === null) {
    return;
  }
  const { listCheck, subscriptions: before } = turn.session;
  if (body.getSubscriptions !== undefined) {
    const listed = body.getSubscriptions.userIds ?? [];
    const [now, known] = [new Set(listed), new Set(before)];
    const subscribed = listed.filter((user) => !known.has(user));
    const unsubscribed = before.filter((user) => !now.has(user));
    if (subscribed.length + unsubscribed.length > 0) {
      turn.tell({ type: "subscriptionsChanged", told: { subscribed, unsubscribed } });
    }
    listRead(turn, listed);
  } else if (body.refusal === undefined) {
    misunderstood(turn);
  } else if (mayPass(turn, readRefusal(body))) {
    const notBefore = turn.now + restores.AFTER_REFUSAL;
    turn.patch({ listCheck: { ...listCheck, isSent: false, notBefore } });
  } else {
    turn.patch({ listCheck: { ...checks.read(listCheck), isKnown: false } });
    leaveUnlessSubscribed(turn, [...listCheck.former]);
  }
}

/** Stores the subscription list that was read. Former friends who are not on it are not watched any more. */
function listRead(turn: Turn, subscriptions: readonly string[]): void {
  if (turn.session !== null) {
    const { listCheck } = turn.session;
    turn.patch({ subscriptions, listCheck: checks.read(listCheck) });
    leaveUnlessSubscribed(turn, [...listCheck.former]);
  }
}

// Messages that the server sends without a request.

/** Adds received statuses to the cache, and reports those that have changed. */
function told(turn: Turn, statuses: readonly UserStatus[]): void {
  const snapshot = turn.session?.snapshot;
  const told = new Set(snapshot?.told);
  // The first status of a user on a link is accepted even with a lower version than on an earlier link.
  const first = new Set(snapshot == null ? [] : statuses.filter(({ userID }) => told.size < told.add(userID).size));
  if (snapshot != null && first.size > 0) {
    turn.patch({ snapshot: { ...snapshot, told } });
  }
  surface(turn, fold(turn.state.cache, statuses, first));
}

function surface(turn: Turn, { cache, changed }: Folded): void {
  turn.state = { ...turn.state, cache };
  if (changed.length > 0) {
    turn.tell({ type: "statuses", statuses: changed });
  }
}

function subscriptionsChanged(turn: Turn, changed: SubscriptionsChangedJson): void {
  if (turn.session === null) {
    return;
  }
  turn.tell({ type: "subscriptionsChanged", told: changed });
  const unsubscribed = changed.unsubscribed ?? [];
  const { restore, lost } = restores.forget(turn.session.restore, new Set(unsubscribed));
  turn.patch({ restore });
  listChanged(turn, changed.subscribed ?? [], unsubscribed);
  turn.leaveCache([...(changed.notWatched ?? []), ...lost.notWatched]);
}

function listsChanged(turn: Turn, told: ListsChangedJson): void {
  listsTold(turn, told.listsVersion);
  turn.tell({ type: "listsChanged", told });
  if (told.reload === true) {
    turn.tell({ type: "listsOutdated" });
  }
  watchedAgain(
    turn,
    (told.friends ?? []).flatMap(({ mutual, userId = "" }) => (mutual === true ? [userId] : [])),
  );
  const oneSided = (told.friends ?? []).flatMap(({ mutual, userId = "" }) => (mutual === true ? [] : [userId]));
  noFriends(turn, [...oneSided, ...(told.deletedFriends ?? [])]);
}

/**
 * Records a lists version that was received. Changes and answers to the client's own calls arrive in the order of
 * their versions.
 */
function listsTold(turn: Turn, version: string | undefined): void {
  turn.patch({ listsVersion: Math.max(turn.session?.listsVersion ?? 0, Number(version ?? 0)) });
}

/**
 * Removes former friends from the cache, except those to whom the account is subscribed. The server does not report
 * such a removal.
 */
function noFriends(turn: Turn, users: readonly string[]): void {
  const { session } = turn;
  if (session === null || session.listCheck.isKnown) {
    leaveUnlessSubscribed(turn, users);
  } else {
    const former = users.filter((user) => user !== session.user && turn.state.cache.has(user));
    turn.patch({ listCheck: checks.add(session.listCheck, former) });
  }
}

function leaveUnlessSubscribed(turn: Turn, users: readonly string[]): void {
  turn.leaveCache(users.filter((user) => !turn.session?.subscriptions.includes(user)));
}

/**
 * Removes users from the check of the subscription list. They are friends again, or the account is subscribed to them.
 */
function watchedAgain(turn: Turn, users: readonly string[]): void {
  if (turn.session !== null) {
    turn.patch({ listCheck: checks.forget(turn.session.listCheck, users) });
  }
}

/** Stores the abilities of this client. The first abilities of a session are not reported as a change. */
function abilitiesTold(turn: Turn, told: AbilitiesJson | undefined): void {
  if (turn.session === null || told === undefined) {
    return;
  }
  const abilities: Abilities = { ...NO_ABILITIES, ...told };
  const before = turn.session.abilities;
  turn.patch({ abilities });
  if (before !== null && JSON.stringify(before) !== JSON.stringify(abilities)) {
    turn.tell({ type: "abilitiesChanged", abilities });
  }
}

/** Updates the known subscription list: removes the users in `removed`, and appends those in `added`. */
function listChanged(turn: Turn, added: readonly string[], removed: readonly string[]): void {
  if (turn.session === null) {
    return;
  }
  watchedAgain(turn, added);
  const moved = new Set([...added, ...removed]);
  const gone = new Set(removed);
  const newest = [...new Set(added)].filter((user) => !gone.has(user));
  turn.patch({ subscriptions: [...turn.session.subscriptions.filter((user) => !moved.has(user)), ...newest] });
}

/** Handles the last message that the server sends before it closes the link. */
function connectionEnded(turn: Turn, last: ConnectionEndedJson): void {
  const span = Math.min(last.retryAfterMs ?? 0, LONGEST_RETRY_AFTER);
  const why = refused("NOT_CONNECTED", last.message ?? "ended by the server");
  if (last.cause === "CAUSE_PROTOCOL_ERROR" && turn.session?.phase.at === "loggingIn") {
    // The operator may have set a lower limit for the size of a login, so the next login is smaller.
    turn.patch({ loginLimit: Math.floor(turn.session.phase.bytes / 2) });
  }
  const endings: Partial<Record<ConnectionEnded_CauseJson, Ending>> = {
    CAUSE_KICKED_BY_OTHER_LOGIN: { by: "otherLogin", platform: last.byPlatform ?? "PLATFORM_UNSPECIFIED" },
    CAUSE_KICKED_BY_OPERATOR: { by: "operator" },
    CAUSE_ACCOUNT_DELETED: { by: "deleted" },
    CAUSE_USER_SIG_EXPIRED: { by: "userSigExpired" },
    CAUSE_SUPERSEDED: { by: "superseded" },
    CAUSE_LOGGED_OUT: { by: "logout" },
  };
  const how = endings[last.cause ?? "CAUSE_UNSPECIFIED"];
  if (how === undefined) {
    // A timeout, too many connections, an unreadable message, or an unknown cause: the session continues.
    linkEnded(turn, why, span, last.cause === "CAUSE_RECONNECT");
  } else {
    over(turn, how.by === "userSigExpired" ? refused("SIG_EXPIRED") : why, how);
  }
}

function over(turn: Turn, why: Refused, how: Ending): void {
  turn.session?.logins.forEach(({ id }) => {
    turn.refuse(id, why);
  });
  turn.patch({ logins: [] });
  if (turn.session?.established === true) {
    end(turn, how);
  } else {
    failLogin(turn, why);
  }
}

function misunderstood(turn: Turn): void {
  linkEnded(turn, refused("NOT_CONNECTED", "an answer of another kind than its request"));
}

/** Returns the wait after a refusal, in milliseconds; undefined if the refusal is permanent. */
function retryAfter(refusal: Refused): number | undefined {
  if (isRefusal(refusal, "TOO_MANY_FAILURES")) {
    return AFTER_TOO_MANY_FAILURES;
  }
  const passes = isRefusal(
    refusal,
    "CALLED_TOO_OFTEN",
    "INTERNAL",
    "APP_RATE",
    "TOO_FREQUENT",
    "REQUESTS_TOO_FREQUENT",
  );
  return passes ? 0 : undefined;
}

function readRefusal({ refusal }: ServerMessageJson): Refused {
  return { code: refusal?.code ?? 0, message: refusal?.message ?? "" };
}

function failedUsers(failures: readonly { userId?: string }[] | undefined): Set<string> {
  return new Set((failures ?? []).map(({ userId }) => userId ?? ""));
}
