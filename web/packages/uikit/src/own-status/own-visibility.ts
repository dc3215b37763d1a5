/** The visibility of the user who is logged in. */

import { EVENT } from "@lamplight/chat";
import { type ChatClient, listen, type Visibility } from "../client.js";

export const VISIBILITIES: readonly Visibility[] = ["everyone", "friends", "nobody"];

export interface OwnVisibilityOptions {
  readonly client: ChatClient;
  readonly onChange: () => void;
}

export class OwnVisibility {
  readonly client: ChatClient;
  readonly #onChange: () => void;
  readonly #stops: readonly (() => void)[];
  #value: Visibility | undefined;
  /** The number of changes. It tells whether an answer is older than a change. */
  #changes = 0;
  #isStopped = false;

  constructor({ client, onChange }: OwnVisibilityOptions) {
    this.client = client;
    this.#onChange = onChange;
    const read = () => {
      void this.#read();
    };
    this.#stops = [
      listen<Visibility>(client, EVENT.VISIBILITY_UPDATED, (value) => {
        this.#learn(value);
      }),
      // A reading that has failed because there was no connection is repeated.
      listen<{ state: string }>(client, EVENT.NET_STATE_CHANGE, ({ state }) => {
        if (state === "connected" && this.#value === undefined) {
          read();
        }
      }),
      listen(client, EVENT.SDK_READY, read),
      listen(client, EVENT.SDK_NOT_READY, () => {
        this.#learn(undefined);
      }),
    ];
    read();
  }

  /** The visibility; undefined while it is not known. */
  get value(): Visibility | undefined {
    return this.#value;
  }

  /** Sets the visibility. Rejects if the call fails, or if the client has no `setVisibility`. */
  async set(value: Visibility): Promise<void> {
    if (this.client.setVisibility === undefined) {
      throw new Error("the client has no setVisibility");
    }
    await this.client.setVisibility(value);
    this.#learn(value);
  }

  stop(): void {
    this.#isStopped = true;
    this.#stops.forEach((stop) => {
      stop();
    });
  }

  async #read(): Promise<void> {
    const changes = this.#changes;
    if (!this.client.isReady()) {
      return;
    }
    try {
      const answer = await this.client.getVisibility?.();
      if (changes === this.#changes) {
        this.#learn(answer?.data);
      }
    } catch {
      // The visibility stays unknown. After a reconnect it is read again.
    }
  }

  #learn(value: Visibility | undefined): void {
    this.#changes += 1;
    if (!this.#isStopped) {
      this.#value = value;
      this.#onChange();
    }
  }
}
