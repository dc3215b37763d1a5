/** A real server: the program with its own data folder, on free ports. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * The time in milliseconds within which the program must start or end. It is long, because the machine may be busy.
 */
const PATIENCE = 30_000;

/** The time after which a server ends by itself, if its test has not ended it. */
const LIFETIME = "15m";

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
  readonly #process: ChildProcess;
  readonly #printed: string[] = [];

  private constructor({ kind, environment = {}, clientPort = 0 }: ServerOptions) {
    const listen = ["--client-listen", `127.0.0.1:${clientPort}`, "--http-listen", "127.0.0.1:0"];
    const limit = kind === "demo" ? ["--for", LIFETIME] : [];
    this.#process = spawn("timeout", [LIFETIME, program(), kind, ...listen, ...limit, "--data-dir", this.data], {
      env: { ...plainEnvironment(), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** Starts a server, and waits until its pages can be loaded. */
  static async start(options: ServerOptions): Promise<Server> {
    const server = new Server(options);
    try {
      await server.#printing("  metrics ");
      if (options.kind === "demo") {
        await server.#printing("Watch it from two other terminals");
      }
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
    return this.#printed.join("\n");
  }

  /** Runs a command of the program for this server, and returns its output. */
  async command(...words: string[]): Promise<string> {
    const { stdout } = await run(program(), ["--data-dir", this.data, ...words], { env: plainEnvironment() });
    return stdout.trim();
  }

  async stop(): Promise<void> {
    const ended = new Promise<void>((fulfil) => {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        fulfil();
      }
      this.#process.once("exit", () => {
        fulfil();
      });
    });
    // `timeout` passes the signal on to the server.
    this.#process.kill("SIGTERM");
    const late = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE);
    await ended;
    clearTimeout(late);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #node(): { client: string; http: string } {
    return JSON.parse(readFileSync(join(this.data, "node.json"), "utf8")) as { client: string; http: string };
  }

  /** Waits until the log has a line with this text. */
  async #printing(text: string): Promise<void> {
    if (this.log.includes(text)) {
      return;
    }
    await new Promise<void>((fulfil, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`the log had no line with "${text}" in time:\n${this.log}`));
      }, PATIENCE);
      const hear = (line: string) => {
        this.#printed.push(line);
        if (line.includes(text)) {
          clearTimeout(late);
          fulfil();
        }
      };
      for (const stream of [this.#process.stdout, this.#process.stderr]) {
        if (stream !== null) {
          createInterface({ input: stream }).on("line", hear);
        }
      }
      this.#process.once("exit", (code) => {
        clearTimeout(late);
        reject(new Error(`the server ended with ${String(code)}:\n${this.log}`));
      });
    });
  }
}

/** Returns the path of the program under test. If the program does not exist, the tests fail. */
export function program(): string {
  const built = fileURLToPath(new URL("../../../target/debug/lamplight", import.meta.url));
  const path = resolve(process.env["LAMPLIGHT_BIN"] ?? built);
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: run \`cargo build -p lamplight\`, or name the program in LAMPLIGHT_BIN`);
  }
  return path;
}

/** Returns the environment of this process without the variables that would change the settings of the server. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith("LAMPLIGHT_"));
  return Object.fromEntries(ours);
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
