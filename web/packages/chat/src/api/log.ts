/** Writes log messages to the console, according to the log level. */

/** The log level: 0 everything, 1 important messages, 2 warnings and errors, 3 errors, 4 nothing. */
export type LogLevel = 0 | 1 | 2 | 3 | 4;

/** Writes to the console, with the name of the SDK as prefix. */
export class Log {
  level: LogLevel = 1;

  debug(...what: unknown[]): void {
    this.#write(0, "debug", what);
  }

  info(...what: unknown[]): void {
    this.#write(1, "info", what);
  }

  warn(...what: unknown[]): void {
    this.#write(2, "warn", what);
  }

  error(...what: unknown[]): void {
    this.#write(3, "error", what);
  }

  #write(level: LogLevel, method: "debug" | "info" | "warn" | "error", what: unknown[]): void {
    if (level >= this.level) {
      console[method]("lamplight:", ...what);
    }
  }
}
