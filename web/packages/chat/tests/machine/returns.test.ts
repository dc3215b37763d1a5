/**
 * Simulates the return of many clients to a server that was down for a while. Each client has its own jitter. The time
 * is simulated.
 */

import { expect, test } from "vitest";
import { STABLE_AFTER } from "../../src/machine/backoff.js";
import { step } from "../../src/machine/machine.js";
import { type Input, newState, type State } from "../../src/machine/session.js";
import { randomOf } from "../random.js";

/** The time, in milliseconds, in which a client connects and is logged in or refused. */
const WAY = 50;

/** A client, with the time at which its current attempt to connect or its current wait ends. */
interface Seat {
  state: State;
  attempt: boolean;
  at: number;
}

/**
 * Simulates a server with `clients` clients. The server sends `spread`, and is down for `away` milliseconds. Returns
 * the time from the restart to the login of each client, in ascending order.
 */
function returns(clients: number, spread: number, away: number, seed: number): number[] {
  const random = randomOf(seed);
  const lost = 1_000_000;
  const back = lost + away;
  const take = (seat: Seat, input: Input, now: number): boolean => {
    const [state, effects] = step(seat.state, input, now, random());
    seat.state = state;
    seat.attempt = effects.some(({ type }) => type === "openLink");
    const phase = state.session?.phase;
    seat.at = seat.attempt ? now + WAY : phase?.at === "waiting" ? phase.deadline : Infinity;
    const login = effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []))[0];
    if (login !== undefined) {
      const message = { id: login.id ?? "", login: { reconnectSpreadMs: spread, heartbeatTimeoutMs: 60_000 } };
      [seat.state] = step(state, { type: "received", message }, now, 0);
    }
    return login !== undefined;
  };
  const seats = Array.from({ length: clients }, (): Seat => {
    const identity = { sdkAppId: 1, platform: "PLATFORM_WEB", deviceId: "tab" } as const;
    const seat = { state: newState(identity), attempt: false, at: 0 };
    const before = lost - STABLE_AFTER;
    take(seat, { type: "login", call: 1, deadline: lost, user: "me", userSig: "sig" }, before);
    expect(take(seat, { type: "linkUp" }, before)).toBe(true);
    take(seat, { type: "linkEnded", why: "closed" }, lost);
    return seat;
  });
  const returned: number[] = [];
  while (returned.length < clients) {
    const seat = seats.reduce((first, other) => (other.at < first.at ? other : first));
    const now = seat.at;
    const reached: Input = now >= back ? { type: "linkUp" } : { type: "linkEnded", why: "refused" };
    if (take(seat, seat.attempt ? reached : { type: "tick" }, now)) {
      returned.push(now - back);
    }
  }
  return returned;
}

test.each([0, 1_000, 10_000, 60_000])(
  "sixty clients are back soon after a server that was away for %i ms",
  (away) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const returned = returns(60, 1_000, away, seed);
      expect(returned[Math.floor(60 * 0.95) - 1], `95 %, seed ${seed}`).toBeLessThanOrEqual(3_000);
      expect(returned[59], `all, seed ${seed}`).toBeLessThanOrEqual(6_000);
    }
  },
);

test.each([0, 1_000, 60_000])(
  "the clients of a large server, away for %i ms, come no faster than it takes them",
  (away) => {
    const [clients, spread] = [400, 20_000];
    const returned = returns(clients, spread, away, 7);
    for (let second = 0; second < 60; second += 1) {
      const within = returned.filter((time) => Math.floor(time / 1_000) === second);
      expect(within.length, `second ${second}`).toBeLessThanOrEqual((2 * clients * 1_000) / spread);
    }
    expect(returned.at(-1)).toBeLessThanOrEqual(2 * spread);
  },
);
