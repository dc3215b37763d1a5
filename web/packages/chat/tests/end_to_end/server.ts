/** A real server: the program with its own data folder. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * The time in milliseconds within which the program must be ready, or must answer. It is long, because the machine
 * may be busy.
 */
const PATIENCE = 30_000;

/** Returns the path of the program under test. If the program does not exist, the tests fail. */
export function program(): string {
  const built = fileURLToPath(new URL("../../../../../target/debug/lamplight", import.meta.url));
  const path = resolve(process.env["LAMPLIGHT_BIN"] ?? built);
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: run \`cargo build -p lamplight\`, or name the program in LAMPLIGHT_BIN`);
  }
  return path;
}

/** A server with one app. */
export class Server {
  /** The first app, which every new server creates. */
  readonly app = 1_400_000_001;

  readonly #folder = mkdtempSync(join(tmpdir(), "lamplight-"));
  #process: ChildProcess | undefined;
  #port = 0;

  private constructor(private readonly settings: NodeJS.ProcessEnv) {}

  /**
   * Starts a server, and waits until clients can connect. `settings` are environment variables of
   * docs/configuration.md.
   */
  static async start(settings: NodeJS.ProcessEnv = {}): Promise<Server> {
    const server = new Server(settings);
    server.#port = await freePort();
    await server.restart();
    return server;
  }

  /** The address for clients. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Starts the program again, with the same folder and port. */
  async restart(): Promise<void> {
    const listen = ["--client-listen", `127.0.0.1:${this.#port}`, "--http-listen", "127.0.0.1:0", "--workers", "1"];
    const process = spawn(program(), ["serve", ...listen, "--data-dir", this.#data, "--log", "warn"], {
      env: { ...environment(), ...this.settings },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#process = process;
    const ready = new Promise<void>((fulfil, reject) => {
      createInterface({ input: process.stdout }).on("line", (line) => {
        if (line.includes("in a third")) {
          fulfil();
        }
      });
      process.once("exit", (code) => {
        reject(new Error(`the server ended with ${String(code)} before it was ready`));
      });
    });
    await within(ready, "the server is ready");
  }

  /** Kills the server as `kill -9` does. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process?.exitCode === null && process.signalCode === null) {
      const ended = new Promise((fulfil) => process.once("exit", fulfil));
      process.kill("SIGKILL");
      await ended;
    }
  }

  /** Ends the server, and deletes its folder. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs an operator's command. */
  async command(...words: string[]): Promise<string> {
    const { stdout } = await run(program(), [...words, "--data-dir", this.#data], {
      env: environment(),
      timeout: PATIENCE,
    });
    return stdout.trim();
  }

  /** Creates a UserSig, as a backend does. */
  async sig(user: string, expire = "1h"): Promise<string> {
    return this.command("sig", user, "--expire", expire);
  }

  get #data(): string {
    return join(this.#folder, "data");
  }
}

/** Waits until a condition is true. After the time limit, throws an error with `what` in its text. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!holds()) {
    if (performance.now() > end) {
      throw new Error(`it never came true that ${what}`);
    }
    await sleep(5);
  }
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = new AbortController();
  const timeout = sleep(PATIENCE, undefined, { signal: late.signal }).then(() => {
    throw new Error(`it never came true that ${what}`);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    late.abort();
    timeout.catch(() => undefined);
  }
}

/**
 * The environment of this process without the variables of Lamplight. They would change the settings of the program.
 */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("LAMPLIGHT_")));
}

function freePort(): Promise<number> {
  return new Promise((fulfil, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => {
        fulfil(port);
      });
    });
  });
}
