/** Tests the SDK without a page and without browser APIs other than `WebSocket`, as in React Native. */

import { createContext, runInContext } from "node:vm";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import type Lamplight from "../../src/index.js";
import { textOf } from "../text_of.js";
import { Server, until } from "./server.js";

let server: Server;
let bundle: string;

beforeAll(async () => {
  server = await Server.start();
  const entry = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
  const lib = { entry, formats: ["iife" as const], name: "sdk" };
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, lib, rolldownOptions: { output: { exports: "named" } } },
  });
  const [first] = [built].flat();
  bundle = first !== undefined && "output" in first ? first.output[0].code : "";
});

afterAll(() => server.end());

test("it logs in, tells of statuses and sends a message with nothing but WebSocket and timers", async () => {
  const world = { WebSocket, setTimeout, clearTimeout, console };
  const context = createContext({ ...world });
  const missing =
    "[typeof URL, typeof TextEncoder, typeof crypto, typeof performance, typeof window, typeof document]";
  expect(new Set(runInContext(missing, context) as string[])).toEqual(new Set(["undefined"]));

  runInContext(bundle, context);
  const sdk = runInContext("sdk.default", context) as typeof Lamplight;
  const open = async (userID: string, deviceID: string) => {
    const chat = sdk.create({ SDKAppID: server.app, server: server.url, platform: "iPhone", deviceID });
    chat.setLogLevel(4);
    await chat.login({ userID, userSig: await server.sig(userID) });
    return chat;
  };
  const alice = await open("bare_alice", "phone-1");
  const bob = await open("bare_bob", "phone-2");
  const told: string[] = [];
  alice.on(sdk.EVENT.USER_STATUS_UPDATED, ({ data }) => {
    told.push(...data.map(({ userID, customStatus }) => `${userID} ${customStatus}`));
  });
  await alice.subscribeUserStatus({ userIDList: ["bare_bob"] });
  await bob.setSelfStatus({ customStatus: "在路上 🚲" });
  await until("the status is told", () => told.includes("bare_bob 在路上 🚲"));
  const received: string[] = [];
  bob.on(sdk.EVENT.MESSAGE_RECEIVED, ({ data }) => {
    received.push(...data.map(textOf));
  });
  await alice.sendMessage(
    alice.createTextMessage({ to: "bare_bob", conversationType: "C2C", payload: { text: "嗨" } }),
  );
  await until("the message is there", () => received.includes("嗨"));
  await alice.destroy();
  await bob.destroy();
});
