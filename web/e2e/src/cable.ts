/** The network between the pages and the server: a TCP proxy. A test can cut it, silence it and restore it. */

import { createConnection, createServer, type Server, type Socket } from "node:net";

export class Cable {
  readonly #sockets = new Set<Socket>();
  /** The connections that were opened while the proxy was silent. */
  readonly #waiting = new Set<Socket>();
  readonly #server: Server;
  #target = 0;
  #state: "whole" | "cut" | "silent" = "whole";

  private constructor() {
    this.#server = createServer((near) => {
      near.on("error", () => near.destroy());
      switch (this.#state) {
        case "cut":
          near.destroy();
          break;
        case "silent":
          this.#waiting.add(near);
          break;
        case "whole":
          this.#lead(near);
          break;
      }
    });
  }

  static async lay(): Promise<Cable> {
    const cable = new Cable();
    await new Promise<void>((fulfil) => cable.#server.listen(0, "127.0.0.1", fulfil));
    return cable;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") {
      throw new Error("the proxy is not started");
    }
    return address.port;
  }

  /** Sets the port to which the proxy connects. */
  leadTo(port: number): void {
    this.#target = port;
  }

  /** Breaks all connections. New connections fail until the network is restored. */
  cut(): void {
    this.#state = "cut";
    this.#sockets.forEach((socket) => socket.destroy());
  }

  /**
   * Passes no more bytes, as if the device had lost its network. Existing connections stay open, but never pass bytes
   * again. New connections wait until the network is restored.
   */
  fallSilent(): void {
    this.#state = "silent";
    this.#sockets.forEach((socket) => {
      socket.unpipe();
      socket.resume();
    });
  }

  mend(): void {
    this.#state = "whole";
    this.#waiting.forEach((socket) => socket.destroy());
    this.#waiting.clear();
  }

  async remove(): Promise<void> {
    this.mend();
    this.cut();
    await new Promise<void>((fulfil) =>
      this.#server.close(() => {
        fulfil();
      }),
    );
  }

  #lead(near: Socket): void {
    const far = createConnection(this.#target, "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  }
}
