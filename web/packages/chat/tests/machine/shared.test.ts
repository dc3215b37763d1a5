/** Runs the scripts that all SDKs share: `crates/client/tests/sdk`. The README there describes their language. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Ask, AskKind } from "../../src/machine/ask.js";
import type {
  AbilitiesJson,
  ClientMessageJson,
  PlatformJson,
  ServerMessageJson,
  UserStatusJson,
} from "../../src/gen/wire.js";
import { nextDeadline, step } from "../../src/machine/machine.js";
import { type Effect, type Ending, type Input, newState, type News, type State } from "../../src/machine/session.js";
import { brief } from "./script.js";

/** The features that scripts may need and this SDK does not have. */
const ABSENT: readonly string[] = [];

test.each(["connection", "relogin", "calls", "heartbeats", "restore", "lists"])(
  "%s: as in the scripts that the SDKs share",
  (name) => {
    const scripts = readFileSync(
      new URL(`../../../../../crates/client/tests/sdk/${name}.txt`, import.meta.url),
      "utf8",
    );
    const { played, scenarios } = play(scripts);
    expect(scenarios).toBeGreaterThan(5);
    expect(played).toBe(scripts);
  },
);

/** Runs the scenarios of a file. Returns the file with the effects that occurred. */
function play(scripts: string): { played: string; scenarios: number } {
  const played: string[] = [];
  let scenarios = 0;
  let player = new Player();
  for (const line of scripts.split("\n")) {
    if (line.startsWith("  ")) {
      // This line is an expected effect; the player writes the actual one. Effects of a skipped scenario stay.
      if (player.isLeftOut) {
        played.push(line);
      }
      continue;
    }
    played.push(line);
    if (line.startsWith("## ")) {
      scenarios += 1;
      player = new Player();
    } else if (line !== "" && !line.startsWith("# ")) {
      played.push(...inShort(player.line(line)).map((effect) => `  ${effect}`));
    }
  }
  return { played: played.join("\n"), scenarios };
}

/**
 * Shortens a list of effects: more than three equal effects in a row are replaced by one line that contains their
 * number.
 */
function inShort(effects: readonly string[]): string[] {
  const runs: string[][] = [];
  for (const effect of effects) {
    const last = runs.at(-1);
    if (last?.[0] === effect) {
      last.push(effect);
    } else {
      runs.push([effect]);
    }
  }
  return runs.flatMap((run) => (run.length > 3 ? [`${run.length} times ${run[0] ?? ""}`] : run));
}

/** One scenario: a machine, its clock, and the requests on the current link. */
class Player {
  /** Whether the scenario needs a feature that this SDK does not have. */
  isLeftOut = false;
  #state = newClient("PLATFORM_LINUX");
  #now = 1_000_000;
  #jitter = 1;
  #timeout = 10_000;
  #calls = 0;
  /** The unanswered requests on the current link, the oldest first. */
  #unanswered: ClientMessageJson[] = [];

  /** Processes a line of the script, and returns the effects. */
  line(line: string): string[] {
    if (this.isLeftOut) {
      return [];
    }
    const [word = "", ...rest] = line.replace(/^> /, "").split(" ");
    const [first = ""] = rest;
    if (!line.startsWith("> ")) {
      switch (word) {
        case "platform":
          this.#state = newClient(`PLATFORM_${first.toUpperCase()}` as PlatformJson);
          break;
        case "timeout":
          this.#timeout = Number(first);
          break;
        case "needs":
          this.isLeftOut = ABSENT.includes(first);
          break;
        case "live":
          ["> login me sig", "> up", "> answer login me:1 ann:5"].forEach((line) => this.line(line));
          break;
        default:
          throw new Error(`${line} means nothing`);
      }
      return [];
    }
    switch (word) {
      case "jitter":
        this.#jitter = Number(first);
        return [];
      case "timeout":
        this.#timeout = Number(first);
        return [];
      case "many":
        for (let made = 0; made < Number(first); made += 1) {
          this.line(`> ${rest.slice(1).join(" ")}`);
        }
        return [];
      case "cache":
        return [`holds ${brief([...this.#state.cache.values()])}`.trimEnd()];
      case "subscriptions":
        return [["holds", ...(this.#state.session?.subscriptions ?? [])].join(" ")];
      case "wait":
        return this.#wait(Number(first));
      case "sleep":
        this.#now += Number(first);
        return this.#step({ type: "tick" });
      case "next": {
        const due = nextDeadline(this.#state);
        if (due === undefined) {
          return ["idle"];
        }
        const waited = Math.max(0, due - this.#now);
        this.#now += waited;
        return [`after ${waited}`, ...this.#step({ type: "tick" })];
      }
      default:
        return this.#step(this.#input(word, rest));
    }
  }

  /** Advances the clock, and processes each deadline when it is due. */
  #wait(span: number): string[] {
    const end = this.#now + span;
    const effects: string[] = [];
    for (let due = nextDeadline(this.#state); due !== undefined && due <= end; due = nextDeadline(this.#state)) {
      this.#now = Math.max(this.#now, due);
      effects.push(...this.#step({ type: "tick" }));
    }
    this.#now = end;
    return effects;
  }

  #step(input: Input): string[] {
    const [state, effects] = step(this.#state, input, this.#now, this.#jitter);
    this.#state = state;
    return effects.flatMap((effect) => this.#show(effect));
  }

  #show(effect: Effect): string[] {
    switch (effect.type) {
      case "openLink":
        this.#unanswered = [];
        return ["open"];
      case "closeLink":
        return ["close"];
      case "send": {
        const isUnasking = effect.message.id === "0";
        if (!isUnasking) {
          this.#unanswered.push(effect.message);
        }
        return [`send ${showRequest(effect.message)}${isUnasking ? " unasking" : ""}`];
      }
      case "answer":
        return [`call ${effect.call}: ${effect.result.ok ? "ok" : effect.result.refusal.code}`];
      case "late":
        return [];
      case "tell":
        return showNews(effect.news).map((news) => `! ${news}`);
    }
  }

  #input(word: string, rest: string[]): Input {
    const [first = "", second = ""] = rest;
    switch (word) {
      case "login":
        return { type: "login", ...this.#newCall(), user: first, userSig: second };
      case "up":
        return { type: "linkUp" };
      case "down":
        return { type: "linkEnded", why: "closed" };
      case "network":
        return { type: first === "gone" ? "networkGone" : "networkChanged" };
      case "woken":
        return { type: "woken" };
      case "left":
        return { type: "left" };
      case "push":
        return received({ statusChanged: { statuses: statuses(rest), snapshotComplete: rest.includes("complete") } });
      case "changed": {
        const [subscribed, notWatched] = [signed(rest, "+"), signed(rest, "!")];
        const unsubscribed = [...signed(rest, "-"), ...notWatched];
        return received({ subscriptionsChanged: { subscribed, unsubscribed, notWatched } });
      }
      case "lists": {
        const friends = [
          ...signed(rest, "~").map((userId) => ({ userId, mutual: false })),
          ...signed(rest, "=").map((userId) => ({ userId, mutual: true })),
        ];
        const reload = rest.includes("reload");
        return received({
          listsChanged: { listsVersion: first, reload, friends, deletedFriends: signed(rest, "-") },
        });
      }
      case "app":
        return received({ appChanged: { abilities: abilities(first === "on") } });
      case "ended":
        return received({
          connectionEnded: {
            cause: `CAUSE_${first}` as never,
            message: "words",
            byPlatform: "PLATFORM_MAC",
            retryAfterMs: Number(second || 0),
          },
        });
      case "answer": {
        const id = this.#take(first);
        return received({ id, ...(second === "as" ? answer(rest[2] ?? "", []) : answer(first, rest.slice(1))) });
      }
      case "refuse":
        return received({ id: this.#take(first), refusal: { code: Number(second), message: "words" } });
      default:
        return { type: "call", ...this.#newCall(), ask: request(word, rest) };
    }
  }

  /** Removes the oldest unanswered request of this kind, and returns its id. */
  #take(kind: string): string {
    const place = this.#unanswered.findIndex((message) => {
      const word = showRequest(message).split(" ")[0] ?? "";
      return word === kind || (word === "resume" && kind === "login");
    });
    const [message] = place < 0 ? [] : this.#unanswered.splice(place, 1);
    if (message === undefined) {
      throw new Error(`no ${kind} waits for its answer`);
    }
    return message.id ?? "";
  }

  #newCall(): { call: number; deadline: number } {
    this.#calls += 1;
    return { call: this.#calls, deadline: this.#now + this.#timeout };
  }
}

function newClient(platform: PlatformJson): State {
  return newState({ sdkAppId: 1, platform, deviceId: "device" });
}

function received(message: ServerMessageJson): Input {
  return { type: "received", message };
}

function statuses(words: string[]): UserStatusJson[] {
  return words
    .filter((word) => word.includes(":"))
    .map((word) => {
      const [userId = "", version = "0"] = word.split(":");
      return { userId, version, statusType: "STATUS_TYPE_ONLINE" };
    });
}

/** Returns the users whose names are preceded by `sign`, without the sign. */
function signed(words: string[], sign: string): string[] {
  return words.filter((word) => word.startsWith(sign)).map((word) => word.slice(1));
}

function abilities(isOn: boolean): AbilitiesJson {
  return { statusesOfOthers: isOn, ...(isOn ? {} : { refusalCode: 72001 }) };
}

/** For each word of a request in the scripts: the kind of the request, and its parameters. */
const OPERATIONS: Record<string, { kind: AskKind; parameters: (rest: string[]) => object }> = {
  logout: { kind: "logout", parameters: () => ({}) },
  set: { kind: "setSelfStatus", parameters: (rest) => ({ customStatus: rest.join(" ") }) },
  get: { kind: "getUserStatus", parameters: (userIds) => ({ userIds }) },
  sub: { kind: "subscribeUserStatus", parameters: (userIds) => ({ userIds }) },
  unsub: { kind: "unsubscribeUserStatus", parameters: (userIds) => ({ userIds }) },
  list: { kind: "getSubscriptions", parameters: () => ({}) },
  message: {
    kind: "sendMessage",
    parameters: ([to, clientMessageId, ...text]) => ({ to, clientMessageId, text: text.join(" ") }),
  },
  read: { kind: "markRead", parameters: ([peer]) => ({ peer }) },
  pin: { kind: "pinConversation", parameters: ([peer]) => ({ peer, pinned: true }) },
  delete: { kind: "deleteConversation", parameters: ([peer]) => ({ peer }) },
  history: { kind: "getHistory", parameters: ([peer]) => ({ peer }) },
  conversations: { kind: "getConversationList", parameters: () => ({}) },
  users: { kind: "getUsersInfo", parameters: (userIds) => ({ userIds }) },
  nick: { kind: "setSelfInfo", parameters: (rest) => ({ nick: rest.join(" ") }) },
  friends: { kind: "getFriendList", parameters: () => ({}) },
  befriend: { kind: "addFriend", parameters: ([userId]) => ({ userId }) },
  unfriend: { kind: "deleteFriends", parameters: (userIds) => ({ userIds }) },
  remark: { kind: "setFriendRemark", parameters: ([userId, ...remark]) => ({ userId, remark: remark.join(" ") }) },
  blocked: { kind: "getBlockList", parameters: () => ({}) },
  block: { kind: "blockUsers", parameters: (userIds) => ({ userIds }) },
  unblock: { kind: "unblockUsers", parameters: (userIds) => ({ userIds }) },
  visibility: { kind: "setVisibility", parameters: ([visibility]) => ({ visibility }) },
  heartbeat: { kind: "heartbeat", parameters: () => ({}) },
};

function request(word: string, rest: string[]): Ask {
  const operation = OPERATIONS[word];
  if (operation === undefined) {
    throw new Error(`${word} means nothing`);
  }
  return { kind: operation.kind, parameters: operation.parameters(rest) };
}

/** Returns a server's answer to a request of this kind. */
function answer(kind: string, what: string[]): ServerMessageJson {
  const told = statuses(what);
  const spread = what.find((word) => word.startsWith("spread="))?.slice("spread=".length);
  const spreadTold = spread === undefined ? {} : { reconnectSpreadMs: Number(spread) };
  const listsVersion = what.find((word) => word.startsWith("lists="))?.slice("lists=".length);
  const listsTold = listsVersion === undefined ? {} : { listsVersion };
  if (kind === "login") {
    return {
      login: {
        heartbeatTimeoutMs: 60_000,
        statuses: told,
        snapshotComplete: !what.includes("more"),
        subscriptionsLost: what.includes("lost"),
        notWatched: signed(what, "!"),
        subscriptions: signed(what, "+"),
        ...listsTold,
        ...(what.includes("on") || what.includes("off") ? { abilities: abilities(what.includes("on")) } : {}),
        ...spreadTold,
      },
    };
  }
  const body = {
    ...(kind === "heartbeat" ? spreadTold : {}),
    ...(kind === "get" || kind === "sub" ? { statuses: told } : {}),
    ...(kind === "sub" || kind === "unsub" ? { notWatched: signed(what, "!"), evicted: signed(what, "<") } : {}),
    ...(kind === "sub" || kind === "unfriend"
      ? { failures: signed(what, "-").map((userId) => ({ userId, code: 70107 })) }
      : {}),
    ...(kind === "list" ? { userIds: signed(what, "+") } : {}),
    ...(kind === "set" ? { status: told[0] } : {}),
    ...(kind === "message" ? { repeatedSend: what.includes("repeated") } : {}),
    ...listsTold,
  };
  return { [OPERATIONS[kind]?.kind ?? ""]: body };
}

/** Returns a request in the notation of the scripts. */
function showRequest(message: ClientMessageJson): string {
  const { login } = message;
  if (login !== undefined) {
    const known = (login.known ?? []).map(({ userId, version }) => `${userId ?? ""}:${version ?? ""}`);
    return [login.resume === true ? "resume" : "login", login.userId, login.userSig, ...known].join(" ");
  }
  const [kind = "", body] = Object.entries(message).find(([key]) => key !== "id") ?? [];
  const word = Object.keys(OPERATIONS).find((word) => OPERATIONS[word]?.kind === kind) ?? kind;
  // The words are the parameters as written; flags with a constant value are skipped.
  const words = Object.values(body as Record<string, unknown>).filter((value) => typeof value !== "boolean");
  return [word, ...words.flat()].join(" ");
}

/** Returns an event in the notation of the scripts; an empty list if the notation has no form for it. */
function showNews(news: News): string[] {
  switch (news.type) {
    case "connecting":
      return ["connecting"];
    case "connected":
      return ["connected"];
    case "connectFailed":
      return [news.retryIn === null ? "connect failed" : `connect failed, again in ${news.retryIn}`];
    case "disconnected":
      return [`disconnected, again in ${news.retryIn}`];
    case "statuses":
      return [`status ${brief(news.statuses)}`];
    case "subscriptionsChanged": {
      const { subscribed = [], unsubscribed = [] } = news.told;
      const changes = [...subscribed.map((user) => `+${user}`), ...unsubscribed.map((user) => `-${user}`)];
      return [["subscriptions", ...changes].join(" ")];
    }
    case "abilitiesChanged":
      return [`abilities ${news.abilities.statusesOfOthers ? "on" : "off"}`];
    case "listsOutdated":
      return ["lists outdated"];
    case "renewed":
    case "listsChanged":
      return [];
    case "ended":
      return [`ended ${showEnding(news.how)}`];
  }
}

function showEnding(how: Ending): string {
  switch (how.by) {
    case "logout":
      return "logged out";
    case "otherLogin":
      return "kicked by login";
    case "operator":
      return "kicked by operator";
    case "userSigExpired":
      return "expired";
    case "deleted":
      return "deleted";
    case "superseded":
      return "superseded";
    case "refused":
      return `refused ${how.refusal.code}`;
  }
}
