/** A real server: the program with its own data folder, on free ports. */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { LIFETIME, plainEnvironment, Program, program } from "./program.js";

const run = promisify(execFile);

export interface ServerOptions {
  /**
   * The command of the program. With `demo`, the server has users who act on their own; with `serve`, it has none.
   */
  kind: "demo" | "serve";
  environment?: Record<string, string>;
  /** The client port; 0 selects a free one. */
  clientPort?: number;
}

export class Server {
  readonly app = 1_400_000_001;
  readonly #folder = mkdtempSync(join(tmpdir(), "lamplight-e2e-"));
  readonly #program: Program;

  private constructor({ kind, environment = {}, clientPort = 0 }: ServerOptions) {
    const listen = ["--client-listen", `127.0.0.1:${clientPort}`, "--http-listen", "127.0.0.1:0"];
    const limit = kind === "demo" ? ["--for", LIFETIME] : [];
    this.#program = new Program([kind, ...listen, ...limit, "--data-dir", this.data], environment);
  }

  /** Starts a server, and waits until its pages can be loaded. */
  static async start(options: ServerOptions): Promise<Server> {
    const server = new Server(options);
    try {
      // The line comes after the line with the password of the console, which tests read from the log.
      await server.#program.printing(options.kind === "demo" ? "Watch it from two other terminals" : "  SDKAppID ");
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** The address of the pages. */
  get pages(): string {
    return `http://127.0.0.1:${portOf(this.#node.http)}`;
  }

  get clientPort(): number {
    return portOf(this.#node.client);
  }

  get data(): string {
    return join(this.#folder, "data");
  }

  /** The lines that the server has printed. */
  get log(): string {
    return this.#program.log;
  }

  /** Runs a command of the program for this server, and returns its output. */
  async command(...words: string[]): Promise<string> {
    const { stdout } = await run(program(), ["--data-dir", this.data, ...words], { env: plainEnvironment() });
    return stdout.trim();
  }

  async stop(): Promise<void> {
    await this.#program.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #node(): { client: string; http: string } {
    return JSON.parse(readFileSync(join(this.data, "node.json"), "utf8")) as { client: string; http: string };
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
