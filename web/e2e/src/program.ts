/** A process of the program under test, and the lines that it prints. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The default time in milliseconds within which the program must print a line, or end. The machine may be busy. */
const PATIENCE = 60_000;

/** The time after which the process ends by itself, if its test has not ended it. */
export const LIFETIME = "15m";

export class Program {
  readonly #process: ChildProcess;
  readonly #printed: string[] = [];
  readonly #hearing = new Set<(line: string) => void>();

  /** Starts the program. All lines that it prints, on stdout and stderr, are kept for `log`. */
  constructor(words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#process = spawn("timeout", [LIFETIME, program(), ...words], {
      env: { ...plainEnvironment(), ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) {
        createInterface({ input: stream }).on("line", (line) => {
          this.#printed.push(line);
          for (const hear of this.#hearing) {
            hear(line);
          }
        });
      }
    }
  }

  /** The lines that the program has printed. */
  get log(): string {
    return this.#printed.join("\n");
  }

  /** Types a line at the prompt of the program. */
  type(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /**
   * Returns the first line with this text among the lines after the first `after`. Waits until the program prints such
   * a line, at most `within` milliseconds.
   */
  async printing(text: string, { after = 0, within = PATIENCE } = {}): Promise<string> {
    const printed = this.#printed.slice(after).find((line) => line.includes(text));
    if (printed !== undefined) {
      return printed;
    }
    return await new Promise<string>((fulfil, reject) => {
      const end = () => {
        clearTimeout(late);
        this.#hearing.delete(hear);
        this.#process.off("exit", exited);
      };
      const late = setTimeout(() => {
        end();
        reject(new Error(`the log had no line with "${text}" in time:\n${this.log}`));
      }, within);
      const hear = (line: string) => {
        if (line.includes(text)) {
          end();
          fulfil(line);
        }
      };
      const exited = (code: number | null) => {
        end();
        reject(new Error(`the program ended with ${String(code)}:\n${this.log}`));
      };
      this.#hearing.add(hear);
      this.#process.once("exit", exited);
    });
  }

  /** Types a line, and waits until the program then prints a line with this text. Returns this line. */
  async answering(line: string, text: string, within = PATIENCE): Promise<string> {
    const after = this.#printed.length;
    this.type(line);
    return await this.printing(text, { after, within });
  }

  /** Stops the program in order, and kills it if it does not end in time. */
  async stop(): Promise<void> {
    const ended = new Promise<void>((fulfil) => {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        fulfil();
      }
      this.#process.once("exit", () => {
        fulfil();
      });
    });
    // `timeout` passes the signal on to the program.
    this.#process.kill("SIGTERM");
    const late = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE);
    await ended;
    clearTimeout(late);
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
export function plainEnvironment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith("LAMPLIGHT_"));
  return Object.fromEntries(ours);
}
