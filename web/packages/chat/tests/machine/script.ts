/**
 * Runs a script of inputs with the machine, and returns a transcript of the effects.
 *
 * Each line of a script is an input. The transcript repeats it after `>` and lists the effects below. `@` is the id
 * of the last sent message, `@2` the id of the one before, and so on. A status is `user:version`. `retry` is a failed
 * link or attempt, and then the next attempt. `back` is a broken link and then a new one; the rest of the line is the
 * answer to its login.
 */

import { byteLength, type Ask } from "../../src/machine/ask.js";
import type {
  AbilitiesJson,
  ClientMessageJson,
  ConnectionEnded_CauseJson,
  PlatformJson,
  ServerMessageJson,
  UserStatusJson,
} from "../../src/gen/wire.js";
import { nextDeadline, step } from "../../src/machine/machine.js";
import { type Effect, type Input, newState, type News, type State } from "../../src/machine/session.js";
import type { UserStatus } from "../../src/machine/status.js";

/** A successful login, with which most scripts begin. */
export const LIVE = "login\nup\nanswer @ login me:1\n";

/** Runs a script with a client that is not logged in. */
export function transcript(script: string): string {
  const world = new World();
  world.run(script);
  return world.transcript;
}

/** Runs a script like `transcript`, but after a successful login. The transcript does not contain the login. */
export function liveTranscript(script: string): string {
  const world = new World();
  world.run(LIVE);
  world.transcript = "";
  world.run(script);
  return world.transcript;
}

/** A machine with its clock, its sent messages and its transcript. */
export class World {
  state: State;
  now = 1_000_000;
  transcript = "";
  /** All messages that were sent. */
  readonly sent: ClientMessageJson[] = [];
  #jitter = 1;
  #calls = 0;
  #timeout = 3_600_000;

  constructor(platform: PlatformJson = "PLATFORM_WEB") {
    this.state = newState({ sdkAppId: 1, platform, deviceId: "tab" });
  }

  run(script: string): void {
    for (const line of script.split("\n").map((text) => text.trim())) {
      const [word = "", ...rest] = line.split(" ");
      switch (word) {
        case "":
          break;
        case "jitter":
          this.#jitter = Number(rest[0]);
          break;
        case "timeout":
          this.#timeout = Number(rest[0]);
          break;
        case "cache":
          this.#write(`> cache\n  ${brief([...this.state.cache.values()])}`);
          break;
        case "subscriptions":
          this.#write(`> subscriptions\n  ${(this.state.session?.subscriptions ?? []).join(" ")}`);
          break;
        // Advances the clock to the next deadline, and processes it.
        case "next": {
          const due = nextDeadline(this.state);
          if (due === undefined) {
            throw new Error("nothing is due");
          }
          this.#write(`> next, after ${Math.max(0, due - this.now)} ms`);
          this.now = Math.max(this.now, due);
          this.step({ type: "tick" });
          break;
        }
        case "wait":
          this.#write(`> ${line}`);
          this.now += Number(rest[0]);
          this.step({ type: "tick" });
          break;
        case "retry":
          this.#write(`> retry, after ${this.#retry()} ms`);
          break;
        case "back":
          this.#comeBack(rest);
          break;
        default:
          this.#write(`> ${line}`);
          this.step(this.#input(word, rest));
      }
    }
  }

  /**
   * Ends the link, or the attempt to open one, and makes the next attempt when it is due. Returns the wait before that
   * attempt.
   */
  #retry(): number {
    const before = this.transcript;
    const lost = this.step({ type: "linkEnded", why: "closed" });
    const waited = (nextDeadline(this.state) ?? NaN) - this.now;
    this.now += waited;
    const effects = [...lost, ...this.step({ type: "tick" })];
    const seen = effects.map((effect) => (effect.type === "tell" ? effect.news.type : effect.type)).join(" ");
    if (!/^closeLink (disconnected|connectFailed) connecting openLink$/.test(seen)) {
      throw new Error(`the client does not try again as usual: ${seen}`);
    }
    this.transcript = before;
    return waited;
  }

  /**
   * Breaks the link, opens the next one, and answers its login. The transcript contains only the effects of the
   * answer.
   */
  #comeBack(answer: string[]): void {
    this.#retry();
    const before = this.transcript;
    this.step({ type: "linkUp" });
    this.transcript = before;
    this.#write(`> back ${answer.join(" ")}`);
    this.step(this.#answer(["@", "login", ...answer]));
  }

  step(input: Input): Effect[] {
    const [state, effects] = step(deepFreeze(this.state), deepFreeze(input), this.now, this.#jitter);
    this.state = state;
    for (const effect of effects) {
      if (effect.type === "send") {
        this.sent.push(effect.message);
      }
      this.#write(`  ${show(effect)}`);
    }
    return effects;
  }

  #write(line: string): void {
    this.transcript += `${line.trimEnd()}\n`;
  }

  #input(word: string, rest: string[]): Input {
    const [first = ""] = rest;
    switch (word) {
      case "login": {
        const [user = "me", userSig = "sig"] = rest;
        return { type: "login", ...this.#newCall(), user, userSig };
      }
      case "logout":
        return this.#call({ kind: "logout", parameters: {} });
      case "set":
        return this.#call({ kind: "setSelfStatus", parameters: { customStatus: rest.join(" ") } });
      case "get":
        return this.#call({ kind: "getUserStatus", parameters: { userIds: rest } });
      case "sub":
        return this.#call({ kind: "subscribeUserStatus", parameters: { userIds: rest } });
      case "unsub":
        return this.#call({ kind: "unsubscribeUserStatus", parameters: { userIds: rest } });
      case "list":
        return this.#call({ kind: "getSubscriptions", parameters: {} });
      case "write":
        return this.#call({
          kind: "sendMessage",
          parameters: { to: "ann", text: rest.join(" "), clientMessageId: "m" },
        });
      case "up":
        return { type: "linkUp" };
      case "down":
        return { type: "linkEnded", why: "closed" };
      case "network":
        return first === "gone" ? { type: "networkGone" } : { type: "networkChanged" };
      case "woken":
        return { type: "woken" };
      case "left":
        return { type: "left" };
      case "closed":
        return { type: "closed" };
      case "push":
        return received({
          statusChanged: {
            statuses: statuses(rest.filter((one) => one !== "complete")),
            ...(rest.includes("complete") ? { snapshotComplete: true } : {}),
          },
        });
      case "lists":
        return received({ listsChanged: { listsVersion: first } });
      case "app":
        return received({ appChanged: { abilities: abilities(rest) } });
      case "changed":
        return received({ subscriptionsChanged: changedSubscriptions(rest) });
      case "ended": {
        const [cause = "", retryAfterMs = "0", platform = "PLATFORM_MAC"] = rest;
        return received({
          connectionEnded: {
            cause: `CAUSE_${cause}` as ConnectionEnded_CauseJson,
            message: "words",
            byPlatform: platform as PlatformJson,
            retryAfterMs: Number(retryAfterMs),
          },
        });
      }
      case "answer":
        return this.#answer(rest);
      default:
        throw new Error(`the script has ${word}, which means nothing`);
    }
  }

  /** Returns the answer to a request. It is described by the words after `answer`: `@ <kind> <what>`. */
  #answer([at = "@", kind = "", ...rest]: string[]): Input {
    const back = Number(at.slice(1) || "1");
    const id = this.sent.at(-back)?.id ?? "0";
    const lost = rest.includes("lost");
    const complete = rest.includes("complete");
    const words = rest.filter((word) => !["lost", "complete", "on", "off"].includes(word));
    const signed = (sign: string) => words.filter((word) => word.startsWith(sign)).map((word) => word.slice(1));
    const told = statuses(words.filter((word) => /^\w+:\d/.test(word)));
    const spread = Number(rest.find((word) => word.startsWith("spread="))?.slice("spread=".length) ?? 0);
    const spreadTold = spread === 0 ? {} : { reconnectSpreadMs: spread };
    const failures = signed("-").map((userId) => ({ userId, code: 70107 }));
    switch (kind) {
      case "no":
        return received({ id, refusal: { code: Number(words[0]), message: "words" } });
      case "login": {
        const login = { heartbeatTimeoutMs: 60_000, serverTime: "5", statuses: told, notWatched: signed("!") };
        const list = { subscriptionsLost: lost, subscriptions: signed("+") };
        const allowed = rest.some((word) => word === "on" || word === "off") ? { abilities: abilities(rest) } : {};
        const end = complete ? { snapshotComplete: true } : {};
        return received({ id, login: { ...login, ...list, ...allowed, ...end, ...spreadTold } });
      }
      case "set":
        return received({ id, setSelfStatus: { ...(told[0] === undefined ? {} : { status: told[0] }) } });
      case "get":
        return received({ id, getUserStatus: { statuses: told, failures } });
      case "sub":
        return received({
          id,
          subscribeUserStatus: { statuses: told, failures, evicted: signed("<"), notWatched: signed("!") },
        });
      case "unsub":
        return received({ id, unsubscribeUserStatus: { failures, notWatched: signed("!") } });
      case "list":
        return received({ id, getSubscriptions: { userIds: words, limit: 200 } });
      case "write":
        return received({ id, sendMessage: {} });
      case "heartbeat":
        return received({ id, heartbeat: spreadTold });
      case "logout":
        return received({ id, logout: {} });
      default:
        throw new Error(`the script has an answer ${kind}, which means nothing`);
    }
  }

  #call(ask: Ask): Input {
    return { type: "call", ...this.#newCall(), ask };
  }

  #newCall(): { call: number; deadline: number } {
    this.#calls += 1;
    return { call: this.#calls, deadline: this.now + this.#timeout };
  }
}

/** Returns the abilities of a client. `on` allows statuses, and `off` does not. */
function abilities(words: string[]): AbilitiesJson {
  return words.includes("on") ? { statusesOfOthers: true, queryBatch: 500 } : { refusalCode: 72001, queryBatch: 500 };
}

function changedSubscriptions(words: string[]) {
  const signed = (sign: string) => words.filter((word) => word.startsWith(sign)).map((word) => word.slice(1));
  // `-ann` is still watched as a friend; `!ann` is not watched any longer.
  return { subscribed: signed("+"), unsubscribed: [...signed("-"), ...signed("!")], notWatched: signed("!") };
}

function received(message: ServerMessageJson): Input {
  return { type: "received", message };
}

function statuses(words: string[]): UserStatusJson[] {
  return words.map((word) => {
    const [userId = "", version = "0"] = word.split(":");
    return { userId, version, statusType: "STATUS_TYPE_ONLINE" };
  });
}

/** Returns statuses as `user:version`, in ascending order of users. */
export function brief(told: readonly UserStatus[]): string {
  return told
    .map(({ userID, version }) => `${userID}:${version}`)
    .sort()
    .join(" ");
}

function show(effect: Effect): string {
  switch (effect.type) {
    case "openLink":
      return "open";
    case "closeLink":
      return "close";
    case "send":
      return `send ${showMessage(effect.message)}`;
    case "answer":
      return effect.result.ok
        ? `call ${effect.call}: ok`
        : `call ${effect.call}: ${effect.result.refusal.code} ${effect.result.refusal.message}`;
    case "late":
      return `call ${effect.call}: done, late`;
    case "tell":
      return `! ${showNews(effect.news)}`;
  }
}

function showMessage(message: ClientMessageJson): string {
  const { login } = message;
  if (login !== undefined) {
    const known = (login.known ?? []).map(({ userId, version }) => `${userId ?? ""}:${version ?? ""}`);
    const how = login.resume === true ? "resume" : "login";
    return `${how} ${login.userId ?? ""} ${login.userSig ?? ""} known=[${known.join(" ")}]`;
  }
  const [kind = "", body] = Object.entries(message).find(([key]) => key !== "id") ?? [];
  return `${kind}${message.id === "0" ? " unasking" : ""} ${byteLength(body) > 200 ? "…" : JSON.stringify(body)}`;
}

function showNews(news: News): string {
  switch (news.type) {
    case "connecting":
      return "connecting";
    case "connected":
      return news.again ? "connected again" : "connected";
    case "renewed":
      return "renewed";
    case "connectFailed":
    case "disconnected":
      return `${news.type} ${news.why.code} ${news.why.message}; again in ${String(news.retryIn)}`;
    case "statuses":
      return brief(news.statuses);
    case "subscriptionsChanged":
      return `subscriptions ${JSON.stringify(news.told)}`;
    case "abilitiesChanged":
      return `abilities ${JSON.stringify(news.abilities)}`;
    case "listsChanged":
      return `lists ${news.told.listsVersion ?? ""}`;
    case "listsOutdated":
      return "lists outdated";
    case "ended":
      return `ended by ${JSON.stringify(news.how)}`;
  }
}

/** Freezes a value, so that a step that changes its arguments fails. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    if (value instanceof Map) {
      value.forEach(deepFreeze);
      value.set = value.delete = () => {
        throw new Error("a step has changed a map that it was given");
      };
    }
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
