/** The network between the pages and the client port: a proxy of TCP that can be cut, and mended. */

import { createConnection, createServer, type Server, type Socket } from "node:net";

export class Cable {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #target = 0;
  #whole = true;

  private constructor() {
    this.#server = createServer((near) => {
      if (!this.#whole) {
        near.destroy();
        return;
      }
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
      throw new Error("the cable is not laid");
    }
    return address.port;
  }

  /** Where it leads. */
  leadTo(port: number): void {
    this.#target = port;
  }

  /** Breaks every connection; none can be made until it is mended. */
  cut(): void {
    this.#whole = false;
    this.#sockets.forEach((socket) => socket.destroy());
  }

  mend(): void {
    this.#whole = true;
  }

  async remove(): Promise<void> {
    this.cut();
    await new Promise<void>((fulfil) =>
      this.#server.close(() => {
        fulfil();
      }),
    );
  }
}
