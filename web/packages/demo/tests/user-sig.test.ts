import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { readUserSig } from "../src/user-sig.js";

/** The public generator of UserSigs that the backends of applications use. */
const { Api } = createRequire(import.meta.url)("tls-sig-api-v2") as {
  Api: new (app: number, key: string) => { genSig(user: string, expire: number): string };
};

test("a UserSig says for whom it is", async () => {
  const before = Math.floor(Date.now() / 1000) * 1000;
  const sig = new Api(1400000001, "0123456789abcdef").genSig("alice", 3600);
  const claims = await readUserSig(` ${sig}\n`);
  expect(claims).toMatchObject({ userID: "alice", SDKAppID: 1400000001 });
  expect((claims?.expires ?? 0) - before).toBeGreaterThanOrEqual(3_600_000);
  expect((claims?.expires ?? 0) - before).toBeLessThan(3_660_000);
});

test.each([
  ["nothing", ""],
  ["a text", "hello"],
  ["other letters", "eJw<script>"],
  ["a token that is cut off", new Api(1400000001, "0123456789abcdef").genSig("alice", 3600).slice(0, 40)],
  ["one that is too long", "A".repeat(5000)],
])("%s is no UserSig", async (_, text) => {
  expect(await readUserSig(text)).toBeUndefined();
});
