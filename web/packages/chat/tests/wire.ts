/** A client whose server is the test. The test gets each message that the client sends, and sends the answers. */

import Lamplight, { type Chat } from "../src/index.js";
import type { ClientMessageJson, LoginResponseJson, ServerMessageJson } from "../src/gen/wire.js";
import type { Platform } from "../src/machine/status.js";

type Handler = ((event: never) => void) | null;

export class Wire {
  /** The messages that the client has sent on all links, without the logins. */
  readonly sent: ClientMessageJson[] = [];
  /** The answer to each login. */
  login: LoginResponseJson = {};
  readonly chat: Chat;
  /** The number of links that the client has opened. */
  opened = 0;
  /** The number of links that are open. */
  open = 0;
  #socket: { onmessage: Handler; onclose: Handler } | null = null;

  constructor(platform: Platform = "Web") {
    const open = (socket: { onmessage: Handler; onclose: Handler }) => {
      this.#socket = socket;
      this.opened += 1;
      this.open += 1;
    };
    const close = () => {
      this.open -= 1;
    };
    const hear = (text: string) => {
      this.#hear(JSON.parse(text) as ClientMessageJson);
    };
    class Socket {
      onopen: Handler = null;
      onmessage: Handler = null;
      onerror: Handler = null;
      onclose: Handler = null;
      constructor() {
        open(this);
        queueMicrotask(() => this.onopen?.({} as never));
      }
      send(text: string): void {
        hear(text);
      }
      close(): void {
        close();
      }
    }
    this.chat = Lamplight.create({ SDKAppID: 1, server: "ws://a", WebSocket: Socket, platform });
    this.chat.setLogLevel(4);
  }

  get kinds(): string[] {
    return this.sent.map((message) => Object.keys(message).find((key) => key !== "id") ?? "");
  }

  last(kind: keyof ClientMessageJson): ClientMessageJson {
    const found = this.sent.findLast((message) => kind in message);
    if (found === undefined) {
      throw new Error(`no ${kind} was sent`);
    }
    return found;
  }

  say(message: ServerMessageJson): void {
    this.#socket?.onmessage?.({ data: JSON.stringify(message) } as never);
  }

  /** Breaks the link. */
  drop(): void {
    this.#socket?.onclose?.({} as never);
  }

  #hear(message: ClientMessageJson): void {
    if (message.login === undefined) {
      this.sent.push(message);
    } else {
      const answer = { ...(message.id === undefined ? {} : { id: message.id }), login: this.login };
      queueMicrotask(() => {
        this.say(answer);
      });
    }
  }
}

/** Returns a client that is logged in as `me`. */
export async function loggedIn(login: LoginResponseJson = {}, platform: Platform = "Web"): Promise<Wire> {
  const wire = new Wire(platform);
  wire.login = login;
  await wire.chat.login({ userID: "me", userSig: "sig" });
  return wire;
}
