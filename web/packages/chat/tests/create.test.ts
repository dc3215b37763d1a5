/** Tests the options of `create`: those that are accepted, and those that are refused at once. */

import { expect, test, vi } from "vitest";
import Lamplight, { type CreateOptions } from "../src/index.js";
import Compat from "../src/compat/index.js";

/** Returns the address to which a client would connect, or the error of `create`. */
function urlOf(options: Partial<CreateOptions>): Promise<string> {
  return new Promise((fulfil) => {
    class Wire {
      onopen = null;
      onmessage = null;
      onerror = null;
      onclose = null;
      constructor(url: string, protocol: string) {
        fulfil(`${url} ${protocol}`);
      }
      send(): void {
        // Nothing is sent, because the socket never opens.
      }
      close(): void {
        // Nothing is closed, because the socket never opens.
      }
    }
    try {
      const chat = Lamplight.create({ SDKAppID: 1, WebSocket: Wire, ...options });
      chat.login({ userID: "ann", userSig: "x" }).catch(() => undefined);
      void chat.destroy();
    } catch (error) {
      fulfil(`${(error as { code: number }).code}: ${(error as Error).message}`);
    }
  });
}

test("a server is named by the scheme of a WebSocket or of a page, by our name or the cloud's", async () => {
  for (const [options, url] of [
    [{ server: "ws://localhost:7400" }, "ws://localhost:7400/"],
    [{ server: "wss://chat.example/im?x=1" }, "wss://chat.example/im?x=1"],
    [{ server: "http://localhost:7400" }, "ws://localhost:7400/"],
    [{ server: "https://chat.example" }, "wss://chat.example/"],
    [{ proxyServer: "wss://chat.example" }, "wss://chat.example/"],
    [{ server: " https://chat.example/im " }, "wss://chat.example/im"],
    [{ server: "ws://one", proxyServer: "ws://two" }, "ws://one/"],
  ] as const) {
    expect(await urlOf(options)).toBe(`${url} lamplight.v1.json`);
  }
});

test("what cannot be is refused with 6017 and the reason", async () => {
  for (const [options, reason] of [
    [{}, "server must be the address of the client port"],
    [{ server: "localhost:7400" }, "server must begin with wss://, ws://, https:// or http://, not localhost:"],
    [{ server: "chat" }, 'such as wss://chat.example, not "chat"'],
    [{ server: "tcp://localhost:7400" }, "not tcp:"],
    [{ server: "ws://" }, 'not "ws://"'],
    [{ server: "ws://a b" }, 'not "ws://a b"'],
    [{ server: "https:///path" }, 'not "https:///path"'],
    [{ server: "" }, 'not ""'],
    [{ server: 7 }, "server must be a string"],
    [{ server: "ws://a", SDKAppID: 0 }, "SDKAppID must be the number of an app"],
    [{ server: "ws://a", SDKAppID: 2 ** 32 }, "SDKAppID must be the number of an app"],
    [{ server: "ws://a", SDKAppID: "1" }, "SDKAppID must be the number of an app"],
    [{ server: "ws://a", deviceID: "" }, "deviceID must be 1 to 64 bytes of printable ASCII"],
    [{ server: "ws://a", deviceID: "x".repeat(65) }, "deviceID must be 1 to 64 bytes of printable ASCII"],
    ...["web", "Toaster", "", 7, null].map(
      (platform) =>
        [
          { server: "ws://a", platform },
          "platform must be iPhone or Android or iPad or Windows or Mac or Linux or Web",
        ] as const,
    ),
  ] as const) {
    const answer = await urlOf(options as Partial<CreateOptions>);
    expect(answer).toContain("6017: invalid parameter: ");
    expect(answer).toContain(reason);
  }
  expect(await urlOf({ server: "ws://a", SDKAppID: 2 ** 32 - 1, deviceID: "x".repeat(64) })).toContain("ws://a/");
});

test("a client that is refused takes no device id from the tab", () => {
  const ids = JSON.stringify(["kept"]);
  let stored = ids;
  vi.stubGlobal("sessionStorage", {
    getItem: () => stored,
    setItem: (_: string, value: string) => {
      stored = value;
    },
  });
  const options = { SDKAppID: 1, server: "ws://a" };
  try {
    expect(() => Lamplight.create({ ...options, platform: "Toaster" as "Web" })).toThrow("platform");
    vi.stubGlobal("WebSocket", undefined);
    expect(() => Lamplight.create(options)).toThrow("there is no WebSocket here");
    expect(stored).toBe(ids);
  } finally {
    vi.unstubAllGlobals();
  }
});

test.each([{}, { document: {} }])("a client can be created where the window has no events (%j)", async (more) => {
  // As in React Native, whose `window` is the global object.
  const globals = { window: {}, WebSocket: EventTarget, navigator: {}, ...more };
  Object.entries(globals).forEach(([name, value]) => {
    vi.stubGlobal(name, value);
  });
  try {
    await Lamplight.create({ SDKAppID: 1, server: "ws://a" }).destroy();
    const chat = Compat.create({ SDKAppID: 1, proxyServer: "ws://a" });
    chat.setLogLevel(4);
    await chat.destroy();
    expect(() => Compat.create({ SDKAppID: 2 })).toThrow("server");
  } finally {
    vi.unstubAllGlobals();
  }
});
