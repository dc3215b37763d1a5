/**
 * Tests `@lamplight/chat/compat` without a server. That module is for programs that were written for the cloud's SDK.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import ts from "typescript";
import { afterEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { EMPTY, REJECTED, UNSENDABLE } from "../src/compat/absent.js";
import Lamplight, { ChatSDK, configure } from "../src/compat/index.js";

vi.stubGlobal("WebSocket", WebSocket);

/** An address at which no server listens: port 9 of this machine. */
const NOWHERE = "ws://127.0.0.1:9";
let lastApp = 1_400_000_000;

const made: ChatSDK[] = [];

function create(options: Partial<Parameters<typeof Lamplight.create>[0]> = {}): ChatSDK {
  const chat = Lamplight.create({ SDKAppID: (lastApp += 1), proxyServer: NOWHERE, ...options });
  chat.setLogLevel(4);
  made.push(chat);
  return chat;
}

afterEach(async () => {
  await Promise.all(made.splice(0).map((chat) => chat.destroy()));
  configure({ server: undefined });
});

async function refusal(call: Promise<unknown>): Promise<{ code: number; data: unknown }> {
  try {
    await call;
  } catch (error) {
    const { code, data } = error as { code: number; data: unknown };
    return { code, data };
  }
  throw new Error("it was not refused");
}

/** Returns the enumerations of the cloud's typings, by their names. */
function enumsOfTheCloud(): Map<string, Map<string, string | number>> {
  const file = createRequire(import.meta.url)
    .resolve("@tencentcloud/chat")
    .replace(/index\.js$/, "index.d.ts");
  const found = new Map<string, Map<string, string | number>>();
  const visit = (node: ts.Node) => {
    if (ts.isEnumDeclaration(node)) {
      const members = node.members.map(({ name, initializer }): [string, string | number] => {
        const value = initializer ?? name;
        return [name.getText(), ts.isStringLiteral(value) ? value.text : Number(value.getText())];
      });
      found.set(node.name.text, new Map(members));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true));
  return found;
}

describe("names and values", () => {
  test.each(["EVENT", "TYPES", "TSignaling"] as const)("%s has the values of the cloud's", (name) => {
    const theirs = Object.fromEntries(enumsOfTheCloud().get(name) ?? []);
    expect(Object.keys(theirs).length).toBeGreaterThan(10);
    expect(Lamplight[name]).toMatchObject(theirs);
  });

  test("the version is that of the interface", () => {
    expect(Lamplight.VERSION).toBe("3.6.6");
  });

  test("what is absent is said once", () => {
    const all = [...Object.keys(EMPTY), ...REJECTED, ...Object.keys(UNSENDABLE)];
    expect(new Set(all).size).toBe(all.length);
    const chat = create();
    all.forEach((name) => {
      expect(typeof chat[name as keyof ChatSDK], name).toBe("function");
    });
  });

  test("the README lists all that is absent", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const all = [...Object.keys(EMPTY), ...REJECTED, ...Object.keys(UNSENDABLE)];
    expect(all.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("create", () => {
  test("twice with one SDKAppID is one client, until it is destroyed", async () => {
    const chat = create();
    const again = Lamplight.create({ SDKAppID: lastApp, proxyServer: "ws://127.0.0.1:10" });
    expect(again).toBe(chat);
    expect(Lamplight.create({ SDKAppID: String(lastApp) as unknown as number })).toBe(chat);
    expect(create()).not.toBe(chat);
    const app = lastApp - 1;
    await chat.destroy();
    const other = create({ SDKAppID: app });
    expect(other).not.toBe(chat);
    // Destroying the first client does not affect the second one.
    await chat.destroy();
    expect(Lamplight.create({ SDKAppID: app })).toBe(other);
  });

  test.each([[undefined], [""], ["abc"], [0], [-1], [2 ** 32]])("%o is no SDKAppID", (SDKAppID) => {
    expect(() => create({ SDKAppID: SDKAppID as number })).toThrow(/SDKAppID/);
  });

  test("a client is an instance of the class that the typings name", () => {
    expect(create()).toBeInstanceOf(ChatSDK);
  });
});

describe("where the server is", () => {
  const opened: string[] = [];

  class Spy {
    constructor(url: string) {
      opened.push(url);
    }
    send() {
      // Nothing is sent, because the socket never opens.
    }
    close() {
      // Nothing is closed, because the socket never opens.
    }
  }

  async function addressOf(options: { proxyServer?: string }): Promise<string | undefined> {
    vi.stubGlobal("WebSocket", Spy);
    opened.length = 0;
    const chat = create({ proxyServer: undefined, ...options });
    const login = chat.login({ userID: "alice", userSig: "x" }).catch(() => undefined);
    await chat.destroy();
    await login;
    return opened[0];
  }

  function page(content: string | null): void {
    vi.stubGlobal("location", { origin: "https://page.example" });
    const getAttribute = () => content;
    vi.stubGlobal("document", {
      querySelector: (what: string) =>
        what === 'meta[name="lamplight-server"]' && content !== null ? { getAttribute } : null,
    });
  }

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.stubGlobal("WebSocket", WebSocket);
  });

  test("create says it before configure, configure before the page, and the page before its host", async () => {
    page("wss://meta.example");
    configure({ server: "https://configured.example" });
    expect(await addressOf({ proxyServer: "wss://given.example" })).toBe("wss://given.example/");
    expect(await addressOf({})).toBe("wss://configured.example/");
    expect(await addressOf({ proxyServer: "" })).toBe("wss://configured.example/");
    configure({ server: undefined });
    expect(await addressOf({})).toBe("wss://meta.example/");
    page(null);
    expect(await addressOf({})).toBe("wss://page.example/");
    page(" ");
    expect(await addressOf({})).toBe("wss://page.example/");
  });

  test("an address that cannot be read is refused, and changes nothing", async () => {
    configure({ server: "wss://configured.example" });
    expect(() => {
      configure({ server: "ftp://configured.example" });
    }).toThrow(/wss:\/\//);
    expect(await addressOf({})).toBe("wss://configured.example/");
    expect(() => create({ proxyServer: "nonsense" })).toThrow(/nonsense/);
    page("nonsense");
    configure({ server: undefined });
    expect(() => create({ proxyServer: undefined })).toThrow(/nonsense/);
  });

  test("without a page it has to be said", () => {
    expect(() => create({ proxyServer: undefined })).toThrow(/address of the client port/);
  });
});

describe("before the login", () => {
  test("calls are rejected with 2024, and data", async () => {
    const chat = create();
    const message = chat.createTextMessage({
      to: "bob",
      conversationType: Lamplight.TYPES.CONV_C2C,
      payload: { text: "early" },
    });
    expect(message).toMatchObject({
      to: "bob",
      payload: { text: "early" },
      conversationID: "C2Cbob",
      status: "unSend",
    });
    for (const call of [
      chat.getUserStatus({ userIDList: ["bob"] }),
      chat.getConversationList(),
      chat.getMessageList({ conversationID: "C2Cbob" }),
      chat.getGroupList(),
      chat.createGroup({ name: "x" }),
      chat.logout(),
    ]) {
      expect(await refusal(call)).toEqual({ code: 2024, data: {} });
    }
    expect(await refusal(chat.sendMessage(message))).toEqual({ code: 2024, data: { message } });
    expect([chat.isReady(), chat.getLoginUser(), chat.getTotalUnreadMessageCount()]).toEqual([false, "", 0]);
    expect(chat.findMessage("x")).toBeNull();
  });

  test("a login without credentials throws", () => {
    const chat = create();
    for (const options of [{}, undefined, { userID: "alice" }, { userID: 1, userSig: "x" }]) {
      expect(() => chat.login(options as never)).toThrow();
    }
  });

  test("after destroy a login is refused", async () => {
    const chat = create();
    await chat.destroy();
    expect((await refusal(chat.login({ userID: "alice", userSig: "x" }))).code).toBe(2999);
  });

  test("any number is a log level", () => {
    const chat = create();
    for (const level of [-1, 0, 1, 2.5, 4, 7, Infinity, NaN]) {
      expect(() => {
        chat.setLogLevel(level);
      }).not.toThrow();
    }
  });

  test("plugins are taken, and what is asked of the cloud alone is answered", async () => {
    const chat = create();
    chat.registerPlugin({ "tim-upload-plugin": () => undefined });
    expect(chat.callExperimentalAPI("canIUseModule", ["relationship-module"])).toBe(true);
    expect(chat.callExperimentalAPI("canIUseModule", ["group-module"])).toBe(false);
    expect(await chat.callExperimentalAPI("isCommercialAbilityEnabled", 2 ** 7)).toEqual({
      code: 0,
      data: { enabled: false },
    });
    expect((await refusal(chat.callExperimentalAPI("unheard-of") as Promise<unknown>)).code).toBe(2905);
    const failed = vi.fn();
    chat.inviteSync({}, () => undefined, failed);
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 3122 }));
  });

  test("calls can be taken off the client, and listeners have their context", async () => {
    const chat = create();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- this test calls unbound methods
    const { login, on, off, isReady } = chat;
    const context = { heard: 0 };
    function hear(this: typeof context) {
      this.heard += 1;
    }
    on(Lamplight.EVENT.NET_STATE_CHANGE, hear, context);
    const refused = login({ userID: "alice", userSig: "x" }).catch(() => undefined);
    await refused;
    expect(context.heard).toBeGreaterThan(0);
    off(Lamplight.EVENT.NET_STATE_CHANGE, hear, context);
    const heard = context.heard;
    await login({ userID: "alice", userSig: "x" }).catch(() => undefined);
    expect([context.heard, isReady()]).toEqual([heard, false]);
  });
});
