/**
 * Tests that clients reconnect after their server was killed and started again. `machine/returns.test.ts` simulates the
 * times until their return. With `AWAY=1,10,60`, this file is a benchmark with time limits: the server is down for 1,
 * 10 and 60 seconds.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, closeAll } from "./client.js";
import { Server, until } from "./server.js";

/** The time in seconds for which the server is down in each round of the benchmark. */
const AWAY = process.env["AWAY"]?.split(",").map(Number) ?? [];

const CLIENTS = AWAY.length === 0 ? 20 : 60;

let server: Server;
const clients: Client[] = [];
/** For each client: the time when it connected, by the clock of this process; Infinity while it is not connected. */
const connected: number[] = [];

beforeAll(async () => {
  server = await Server.start();
  for (let first = 0; first < CLIENTS; first += 10) {
    const users = Array.from({ length: 10 }, (_, index) => `user${first + index}`);
    await Promise.all(users.map((user, index) => logIn(user, first + index)));
  }
}, 120_000);
afterAll(async () => {
  await closeAll();
  await server.end();
});

async function logIn(userID: string, index: number): Promise<void> {
  const client = new Client(server);
  clients.push(client);
  client.chat.on("netStateChange", ({ data }: { data: { state: string } }) => {
    connected[index] = data.state === "connected" ? performance.now() : Infinity;
  });
  await client.chat.login({ userID, userSig: await server.sig(userID) });
}

/** Kills the server, and starts it again after this time. Returns when it was ready, by the clock of this process. */
async function goAway(milliseconds: number): Promise<number> {
  await server.kill();
  await until("everybody has noticed", () => connected.every((at) => at === Infinity));
  await sleep(milliseconds);
  await server.restart();
  return performance.now();
}

test.runIf(AWAY.length === 0)(
  "everybody comes back to a server that was killed",
  async () => {
    await goAway(0);
    await until("everybody is back", () => connected.every((at) => at < Infinity));
    // An answered call on each link shows that the clients are really logged in.
    await Promise.all(clients.map(({ chat }) => chat.getUserStatus({ userIDList: ["user0"] })));
  },
  120_000,
);

test.each(AWAY.map((away, index) => ({ away, index })))(
  "95 in 100 within 3 s and all within 6 s of a server that was away for $away s",
  async ({ away, index }) => {
    // A link counts as lasting after ten seconds; only then does the number of failures start again at 0.
    await sleep(index === 0 ? 0 : 10_500);
    const back = await goAway(away * 1_000);
    await until("everybody is back", () => connected.every((at) => at < Infinity));
    const after = connected.map((at) => Math.max(0, Math.round(at - back))).sort((one, other) => one - other);
    const [median = 0, most = 0, last = 0] = [0.5, 0.95, 1].map((part) => after[Math.ceil(CLIENTS * part) - 1]);
    const within = (time: number) => Math.round((100 * after.filter((at) => at <= time).length) / CLIENTS);
    console.log(
      `away for ${away} s: median ${median} ms, 95 % ${most} ms, all ${last} ms;`,
      `within 1, 2, 3, 6 s: ${[1_000, 2_000, 3_000, 6_000].map((time) => `${within(time)} %`).join(", ")}`,
    );
    expect(most).toBeLessThanOrEqual(3_000);
    expect(last).toBeLessThanOrEqual(6_000);
  },
  120_000,
);
