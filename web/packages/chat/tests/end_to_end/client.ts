/** A client of a real server. It records its events, and the test can cut its network. */

import WebSocket from "ws";
import Lamplight, { type Chat, type CreateOptions, type EventData, type EventName } from "../../src/index.js";
import type { Server } from "./server.js";

const open: Client[] = [];

/** A client, which is not logged in at first. `closeAll` destroys it. */
export class Client {
  readonly chat: Chat;
  readonly #events: { name: string; data: unknown }[] = [];
  readonly #sockets: WebSocket[] = [];
  #isCut = false;

  constructor(
    readonly server: Server,
    options: Partial<CreateOptions> = {},
  ) {
    const sockets = this.#sockets;
    const refuses = () => this.#isCut;
    class Wire extends WebSocket {
      constructor(url: string, protocol: string) {
        // No process listens on port 9 of this machine.
        super(refuses() ? "ws://127.0.0.1:9" : url, protocol);
        sockets.push(this);
      }
    }
    this.chat = Lamplight.create({ SDKAppID: server.app, server: server.url, WebSocket: Wire, ...options });
    this.chat.setLogLevel(4);
    for (const name of Object.values(Lamplight.EVENT)) {
      this.chat.on(name as string, (event: { name: string; data: unknown }) => {
        this.#events.push(event);
      });
    }
    open.push(this);
  }

  /** Returns the data of the events with this name, the oldest first. */
  heard<E extends EventName>(name: E): EventData[E][] {
    return this.#events.filter((event) => event.name === name).map(({ data }) => data as EventData[E]);
  }

  /** The names of all events, the oldest first. */
  get names(): string[] {
    return this.#events.map(({ name }) => name);
  }

  /** Returns the reported statuses of a user, the oldest first. */
  told(userID: string) {
    return this.heard(Lamplight.EVENT.USER_STATUS_UPDATED)
      .flat()
      .filter((status) => status.userID === userID);
  }

  /** Removes the recorded events. */
  forget(): void {
    this.#events.length = 0;
  }

  /** Breaks the link as if the process was killed, and makes all further attempts to connect fail. */
  cut(): void {
    this.#isCut = true;
    this.#sockets.forEach((socket) => {
      socket.terminate();
    });
  }

  /** Lets attempts to connect succeed again, without an event of the browser. */
  mend(): void {
    this.#isCut = false;
  }

  /** The number of links that were opened, and of attempts that failed. */
  get links(): number {
    return this.#sockets.length;
  }
}

/** Returns a client that is logged in. */
export async function login(server: Server, userID: string, options: Partial<CreateOptions> = {}): Promise<Client> {
  const client = new Client(server, options);
  await client.chat.login({ userID, userSig: await server.sig(userID) });
  return client;
}

/** Destroys all clients of this test file. */
export async function closeAll(): Promise<void> {
  const clients = open.splice(0);
  await Promise.all(clients.map(({ chat }) => chat.destroy()));
}

/** Returns the code with which a call is rejected; 0 if the call succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<number> {
  return call.then(
    () => 0,
    (error: unknown) => (error as { code: number }).code,
  );
}
