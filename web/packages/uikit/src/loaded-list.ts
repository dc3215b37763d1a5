/**
 * A list of the account. All components share it. The list is read once; after that, each event about it contains the
 * whole list.
 */

import { EVENT } from "@lamplight/chat";
import { listen, type ChatClient } from "./client.js";

/** The state of a list. */
export type Loaded<T> =
  | { readonly is: "loading" }
  | { readonly is: "ready"; readonly items: readonly T[] }
  | { readonly is: "failed"; readonly why: unknown };

export interface LoadedListOptions<T> {
  readonly client: ChatClient;
  /** The name of the event that contains the whole list after a change. */
  readonly event: string;
  readonly read: () => Promise<readonly T[]>;
  readonly onChange: () => void;
}

export class LoadedList<T> {
  readonly #options: LoadedListOptions<T>;
  readonly #stops: (() => void)[];
  #state: Loaded<T> = { is: "loading" };
  /** The number of updates. It tells whether an answer is older than an update. */
  #news = 0;
  /**
   * The number of attempts to read the list, and of logouts. It tells whether a failure belongs to an earlier
   * attempt.
   */
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

  /** The state of the list. The first access starts to read it. */
  get state(): Loaded<T> {
    if (!this.#isWanted) {
      this.#isWanted = true;
      this.#read();
    }
    return this.#state;
  }

  /** Reads the list again after a failed attempt. */
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
        // The rows that came before the failure may be only the first pages of the list.
        if (this.#attempts === attempt) {
          this.#learn({ is: "failed", why: error });
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
