/** Tests that a client that was destroyed is closed, whatever the server answers to its logout. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import Lamplight, { type ChatError } from "../src/index.js";
import { loggedIn, type Wire } from "./wire.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The last message of the server to a device whose logout it has refused. */
const LAST_WORDS = { connectionEnded: { cause: "CAUSE_RECONNECT", retryAfterMs: 1_000 } } as const;

const codeOf = (error: unknown) => (error as ChatError).code;

/** Fails if the client has a session or a link, or opens another link within an hour. */
async function isClosed(wire: Wire): Promise<void> {
  const { opened } = wire;
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect([wire.chat.isReady(), wire.open, wire.opened - opened, vi.getTimerCount()]).toEqual([false, 0, 0, 0]);
}

test.each(["Web", "Linux"] as const)("a refused logout (%s)", async (platform) => {
  const wire = await loggedIn({}, platform);
  const heard: string[] = [];
  wire.chat.on(Lamplight.EVENT.SDK_NOT_READY, ({ name }) => heard.push(name));
  const destroyed = wire.chat.destroy();
  wire.say({ id: wire.last("logout").id ?? "", refusal: { code: 70500, message: "the server has failed" } });
  wire.say(LAST_WORDS);
  wire.drop();
  await expect(destroyed).resolves.toBeUndefined();
  expect(heard).toEqual([Lamplight.EVENT.SDK_NOT_READY]);
  await isClosed(wire);
});

test("a logout that is refused by the SDK itself", async () => {
  const wire = await loggedIn({}, "Linux");
  wire.drop();
  const calls = Array.from({ length: 1_000 }, () => wire.chat.setSelfStatus({ customStatus: "out" }).catch(codeOf));
  const logout = wire.chat.logout().catch(codeOf);
  await wire.chat.destroy();
  expect(new Set(await Promise.all([...calls, logout]))).toEqual(new Set([6014]));
  await isClosed(wire);
});

test("a logout whose answer is that to another request", async () => {
  const wire = await loggedIn({}, "Linux");
  const destroyed = wire.chat.destroy();
  wire.say({ id: wire.last("logout").id ?? "", getBlockList: {} });
  await destroyed;
  await isClosed(wire);
});

test.each([{ logout: {} }, undefined])("a logout that is answered with %j", async (answer) => {
  const wire = await loggedIn({}, "Linux");
  const destroyed = wire.chat.destroy();
  if (answer !== undefined) {
    wire.say({ id: wire.last("logout").id ?? "", ...answer });
  }
  await vi.advanceTimersByTimeAsync(20_000);
  await destroyed;
  await isClosed(wire);
});
