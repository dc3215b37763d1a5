/** A list of the account: read once, then kept by the event that carries it whole. All components share it. */

import { EVENT } from "@lamplight/chat";
import { listen, type ChatClient } from "./client.js";

/** A list, as far as it is known. */
export type Loaded<T> =
  | { readonly is: "loading" }
  | { readonly is: "ready"; readonly items: readonly T[] }
  | { readonly is: "failed"; readonly why: string };

export interface LoadedListOptions<T> {
  readonly client: ChatClient;
  /** The event that carries the list after a change. */
  readonly event: string;
  readonly read: () => Promise<readonly T[]>;
  readonly onChange: () => void;
}

export class LoadedList<T> {
  readonly #options: LoadedListOptions<T>;
  readonly #stops: (() => void)[];
  #state: Loaded<T> = { is: "loading" };
  /** Counts what was learnt, so that an answer which comes late does not undo what was told since. */
  #news = 0;
  /** Counts attempts to read it, and what ended them. */
  #attempts = 0;
  #isWanted = false;

  constructor(options: LoadedListOptions<T>) {
    this.#options = options;
    const { client } = options;
    this.#stops = [
      listen<readonly T[]>(client, options.event, (items) => {
        this.#learn({ is: "ready", items });
      }),
      listen(client, EVENT.SDK_READY, () => {
        this.#learn({ is: "loading" });
        this.#read();
      }),
      listen(client, EVENT.SDK_NOT_READY, () => {
        this.#attempts += 1;
        this.#learn({ is: "loading" });
      }),
    ];
  }

  /** The list as it is known; the first who asks has it read. */
  get state(): Loaded<T> {
    if (!this.#isWanted) {
      this.#isWanted = true;
      this.#read();
    }
    return this.#state;
  }

  /** Reads it again after a failure. */
  retry(): void {
    this.#learn({ is: "loading" });
    this.#read();
  }

  stop(): void {
    this.#stops.forEach((stop) => {
      stop();
    });
  }

  #read(): void {
    if (!this.#isWanted || !this.#options.client.isReady()) {
      return;
    }
    const asked = this.#news;
    const attempt = (this.#attempts += 1);
    this.#options.read().then(
      (items) => {
        if (this.#news === asked) {
          this.#learn({ is: "ready", items });
        }
      },
      (error: unknown) => {
        // The rows that were told meanwhile may be the first pages of a list that could not be read to its end.
        if (this.#attempts === attempt) {
          this.#learn({ is: "failed", why: error instanceof Error ? error.message : String(error) });
        }
      },
    );
  }

  #learn(state: Loaded<T>): void {
    this.#news += 1;
    this.#state = state;
    this.#options.onChange();
  }
}
