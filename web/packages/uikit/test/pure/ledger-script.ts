/** Runs a script with the ledger, and fails at the first line whose expectation is not met. */

import { expect } from "vitest";
import type { StatusType, UserStatus } from "../../src/client.js";
import { type Call, Ledger } from "../../src/status/ledger.js";

/** Runs a script. `Script.run` describes its lines. */
export function check(script: string): void {
  const play = new Script();
  for (const line of script.split("\n").map((one) => one.replace(/#.*/, "").trim())) {
    if (line !== "") {
      try {
        play.run(line);
      } catch (error) {
        throw new Error(`at "${line}": ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  }
}

class Script {
  readonly #ledger = new Ledger();
  #now = 1_000_000;
  #version = 0;
  #call: Call | null = null;

  run(line: string): void {
    const ledger = this.#ledger;
    const now = this.#now;
    const [verb = "", ...words] = line.split(/\s+/);
    switch (verb) {
      // login USER, then the users to whom the page had subscribed
      case "login":
        ledger.loggedIn(words[0] ?? "", users(words.slice(1)));
        break;
      case "logout":
        ledger.loggedOut();
        break;
      case "turn":
        ledger.turn(words[0] === "on");
        break;
      // allowed on, off, or without a word; then the maximum number of users in a call
      case "allowed": {
        const [what, batch = "500"] = words;
        const [queryBatch, subscribeBatch, unsubscribeBatch] = [Number(batch), Number(batch), Number(batch)];
        const statusesOfOthers = what === "on";
        const batches = { queryBatch, subscribeBatch, unsubscribeBatch };
        const refusalCode = statusesOfOthers ? 0 : 72001;
        ledger.allowed(what === undefined ? null : { statusesOfOthers, refusalCode, ...batches });
        break;
      }
      case "gate":
        expect(ledger.gate.is).toBe(words[0]);
        break;
      case "refresh":
        ledger.refresh();
        break;
      // show LIST: all its users | the visible ones
      case "show": {
        const [name = "", rest = ""] = line.slice(5).split(":");
        const [listed = "", seen = listed] = rest.split("|");
        ledger.show(name, { listed: users(listed.split(/\s+/)), onScreen: users(seen.split(/\s+/)) }, now);
        break;
      }
      case "hide":
        ledger.hide(words[0] ?? "", now);
        break;
      case "wait":
        this.#now += Number(words[0]);
        break;
      case "told":
        ledger.told(this.#statuses(words), now);
        break;
      case "app+":
        ledger.applicationSubscribed(users(words), []);
        break;
      case "app-":
        ledger.applicationUnsubscribed(users(words));
        break;
      case "device+":
        ledger.listChanged(users(words), []);
        break;
      case "device-":
        ledger.listChanged([], users(words));
        break;
      case "->":
        this.#expectCall(words);
        break;
      case "<-":
        this.#answer(words);
        break;
      case "dots":
        expect(
          words.map((word) => {
            const user = word.split("=")[0] ?? "";
            return `${user}=${ledger.shown(user)?.statusType ?? "none"}`;
          }),
        ).toEqual(words);
        break;
      case "own":
        expect([...ledger.own].sort()).toEqual(users(words).sort());
        break;
      default:
        throw new Error("no such verb");
    }
  }

  /** Checks the next action. The words are `nothing` and possibly a time, or the kind of the call and its users. */
  #expectCall([kind = "", ...rest]: readonly string[]): void {
    const next = this.#ledger.next(this.#now);
    const made = "call" in next ? text(next.call) : "nothing";
    if (kind === "nothing") {
      expect(made).toBe("nothing");
      if (rest[0] !== undefined && "wakeAt" in next) {
        expect(next.wakeAt - this.#now).toBe(Number(rest[0]));
      }
    } else {
      expect(made).toBe([kind, ...users(rest)].join(" "));
      this.#call = "call" in next ? next.call : null;
    }
  }

  /**
   * Answers the call. `<- refused CODE` refuses it. The answer to a read is the limit and the users, or `none`. The
   * answer to a query is statuses, with `user!` for a user without an account. The answer to a subscription is the
   * same, with `-user` for an evicted user.
   */
  #answer(words: readonly string[]): void {
    const call = this.#call;
    const ledger = this.#ledger;
    const now = this.#now;
    this.#call = null;
    if (words[0] === "refused" && call !== null) {
      ledger.refused(call, Number(words[1]), now);
      return;
    }
    const failures = words
      .filter((word) => word.endsWith("!"))
      .map((word) => ({ userID: word.slice(0, -1), code: 70107, message: "no such account" }));
    switch (call?.kind) {
      case "read":
        ledger.read(words[0] === "none" ? undefined : { limit: Number(words[0]), users: users(words.slice(1)) }, now);
        break;
      case "query":
        ledger.queried(call.users, this.#statuses(words.filter((word) => word.includes("="))), failures, now);
        break;
      case "subscribe": {
        const evicted = words.filter((word) => word.startsWith("-")).map((word) => word.slice(1));
        ledger.subscribed(call.users, [], failures, evicted, now);
        break;
      }
      case "unsubscribe":
        ledger.unsubscribed(call.users);
        break;
      case undefined:
        throw new Error("nothing was asked");
    }
  }

  /** Parses statuses: `a=1`, or `a=1@7` with a version. */
  #statuses(words: readonly string[]): UserStatus[] {
    return words.map((word) => {
      const [, userID = "", type, version] = /^(\w+)=(\d)(?:@(\d+))?$/.exec(word) ?? [];
      this.#version += 1;
      const statusType = Number(type) as StatusType;
      return { userID, statusType, customStatus: "", version: version ?? `${this.#version}` };
    });
  }
}

/** Expands ranges: `u1..u3` means u1 u2 u3. */
function users(words: readonly string[]): string[] {
  return words
    .filter((word) => word !== "")
    .flatMap((word) => {
      const [, name, first, last] = /^([a-z]+)(\d+)\.\.[a-z]+(\d+)$/.exec(word) ?? [];
      return name === undefined
        ? [word]
        : Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `${name}${Number(first) + index}`);
    });
}

function text(call: Call): string {
  return [call.kind, ...("users" in call ? call.users : [])].join(" ");
}
