/** Tests the invariants of the machine with many random scripts. A seed determines each script. */

import { expect, test } from "vitest";
import { nextDeadline, step } from "../../src/machine/machine.js";
import type { Effect, Input } from "../../src/machine/session.js";
import { isNewer } from "../../src/machine/status.js";
import { randomOf } from "../random.js";
import { World } from "./script.js";

const STORIES = 300;
const STEPS = 120;

/** Returns a random line of a script. */
function line(random: () => number): string {
  const pick = <T>(...choices: T[]) => choices[Math.floor(random() * choices.length)] as T;
  const user = pick("ann", "bob", "cid", "me");
  const version = Math.floor(random() * 20);
  return pick(
    pick("login", "login me two", "logout", "closed", "jitter 0", "jitter 1", "timeout 2000", "timeout 60000"),
    pick("up", "up", "down", "next", "next", "network", "network gone", "woken", "wait 700", "wait 9000"),
    pick(`get ${user}`, `sub ${user} ann`, `unsub ${user}`, "unsub", "list", "set hi", "write x"),
    pick(
      `push ${user}:${version}`,
      "push complete",
      "app on",
      "app off",
      `changed +${user}`,
      `changed !${user}`,
      "lists 3",
    ),
    pick(
      "answer @ login me:1",
      "answer @ login me:1 complete on",
      `answer @ login lost off !${user}`,
      `answer @ login ${user}:${version} lost !${user}`,
      "answer @ no 70001",
      "answer @ no 7008",
    ),
    pick(
      `answer @ sub ${user}:${version}`,
      `answer @2 sub !${user}`,
      "answer @ get",
      "answer @ unsub",
      "answer @ logout",
    ),
    pick("answer @ heartbeat", "answer @2 set me:3", "answer @ list bob", "answer @ write", "answer @ no 70206"),
    pick("ended RECONNECT 100", "ended KICKED_BY_OTHER_LOGIN", "ended PROTOCOL_ERROR", "up", "answer @ login me:1"),
  );
}

/** The state of a driver that executes the effects. Fails at an effect that the driver could not execute. */
class Witness {
  link: "none" | "opening" | "up" = "none";
  readonly answered = new Map<number, number>();

  see(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case "openLink":
          expect(this.link).toBe("none");
          this.link = "opening";
          break;
        case "closeLink":
          this.link = "none";
          break;
        case "send":
          expect(this.link).toBe("up");
          break;
        case "answer":
          this.answered.set(effect.call, (this.answered.get(effect.call) ?? 0) + 1);
          break;
        case "late":
          expect(this.answered.get(effect.call)).toBe(1);
          break;
        case "tell":
          break;
      }
    }
  }
}

/** A world that passes each effect to a witness, and skips inputs that cannot occur. */
class Story extends World {
  readonly witness = new Witness();
  asked = 0;

  override step(input: Input): Effect[] {
    const possible =
      input.type === "linkUp"
        ? this.witness.link === "opening"
        : input.type === "linkEnded"
          ? this.witness.link !== "none"
          : input.type !== "received" || this.witness.link === "up";
    if (!possible) {
      return [];
    }
    if (input.type === "login" || input.type === "call") {
      this.asked = Math.max(this.asked, input.call);
      this.witness.answered.set(input.call, this.witness.answered.get(input.call) ?? 0);
    }
    this.witness.link = input.type === "linkUp" ? "up" : input.type === "linkEnded" ? "none" : this.witness.link;
    const before = this.state;
    const again = step(before, input, this.now, 1);
    expect(step(before, input, this.now, 1)).toEqual(again);
    const effects = super.step(input);
    this.witness.see(effects);
    for (const [user, status] of before.cache) {
      const after = this.state.cache.get(user);
      // Only the first status of a user on a link may be older than the cached one.
      const { snapshot = null } = before.session ?? {};
      const isFirst = snapshot !== null && !snapshot.told.has(user);
      expect(after === undefined || isFirst || !isNewer(status.version, after.version)).toBe(true);
    }
    return effects;
  }
}

test("no call is answered twice or never, no link is asked for twice, and no version goes back", () => {
  for (let seed = 1; seed <= STORIES; seed += 1) {
    const random = randomOf(seed);
    const story = new Story();
    const script: string[] = [];
    try {
      for (let count = 0; count < STEPS; count += 1) {
        const next = line(random);
        if (next !== "next" || nextDeadline(story.state) !== undefined) {
          script.push(next);
          story.run(next);
        }
        const due = nextDeadline(story.state);
        expect(due === undefined || Number.isFinite(due)).toBe(true);
      }
      // No further input comes, and all deadlines pass.
      for (
        let count = 0;
        count < 2_000 && story.state.session?.queue.length !== 0 && story.state.session !== null;
        count += 1
      ) {
        story.run("next");
      }
      story.run("timeout 60000\nlogout\nwait 60000");
      expect([...story.witness.answered].filter(([, times]) => times !== 1)).toEqual([]);
    } catch (error) {
      throw new Error(`seed ${seed}:\n${script.join("\n")}`, { cause: error });
    }
  }
});
