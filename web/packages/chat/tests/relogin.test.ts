/** Tests logouts and logins that an application makes without waiting, with both APIs. */

import { expect, test, vi } from "vitest";
import Lamplight from "../src/index.js";
import Compat from "../src/compat/index.js";
import { loggedIn, Wire } from "./wire.js";

test("a login after a logout begins a new session, which is no renewal", async () => {
  const wire = await loggedIn();
  const told: string[] = [];
  for (const name of [Lamplight.EVENT.SDK_READY, Lamplight.EVENT.SDK_NOT_READY]) {
    wire.chat.on(name, () => told.push(name));
  }
  const logout = wire.chat.logout();
  const login = wire.chat.login({ userID: "you", userSig: "sig" });
  wire.say({ id: wire.last("logout").id ?? "", logout: {} });
  await logout;
  const { data } = await login;
  expect([data.repeatLogin, data.errorInfo, wire.chat.getLoginUser()]).toEqual([undefined, "", "you"]);
  expect(told).toEqual([Lamplight.EVENT.SDK_NOT_READY, Lamplight.EVENT.SDK_READY]);
  const renewal = wire.chat.login({ userID: "you", userSig: "fresh" });
  await expect(renewal).resolves.toMatchObject({ data: { repeatLogin: true } });
});

test("a logout takes back a login that is under way, and the login after it counts", async () => {
  const wire = new Wire();
  const first = wire.chat.login({ userID: "me", userSig: "sig" });
  const refused = expect(first).rejects.toMatchObject({ code: 6014 });
  const logout = wire.chat.logout();
  const last = wire.chat.login({ userID: "you", userSig: "sig" });
  await Promise.all([refused, logout, last]);
  expect(wire.chat.getLoginUser()).toBe("you");
});

test("under the cloud's names, a logout takes back a login that is under way", async () => {
  const links: string[] = [];
  class Silent {
    onopen = null;
    onmessage = null;
    onerror = null;
    onclose = null;
    constructor() {
      links.push("open");
    }
    send(): void {
      // Nobody is there.
    }
    close(): void {
      // Nobody is there.
    }
  }
  vi.stubGlobal("WebSocket", Silent);
  const chat = Compat.create({ SDKAppID: 77, proxyServer: "ws://a" });
  chat.setLogLevel(4);
  await expect(chat.logout()).rejects.toMatchObject({ code: 2024 });
  const first = expect(chat.login({ userID: "me", userSig: "sig" })).rejects.toMatchObject({ code: 2024 });
  const logout = chat.logout();
  const last = expect(chat.login({ userID: "you", userSig: "sig" })).rejects.toMatchObject({ code: 2024 });
  await Promise.all([first, logout]);
  expect(links).toHaveLength(2);
  await chat.logout();
  await last;
  await chat.destroy();
  vi.unstubAllGlobals();
});
