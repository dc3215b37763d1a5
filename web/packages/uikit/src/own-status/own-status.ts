/**
 * The status of the user who is logged in. It can be queried even if the app's edition or switch does not allow
 * statuses.
 */

import { EVENT, isNewer } from "@lamplight/chat";
import { type ChatClient, listen, type UserStatus } from "../client.js";

export interface OwnStatusOptions {
  readonly client: ChatClient;
  /** Called after each change. `before` is the status before the change. */
  readonly onChange: (before: UserStatus | undefined) => void;
}

export class OwnStatus {
  readonly client: ChatClient;
  readonly #onChange: OwnStatusOptions["onChange"];
  readonly #stops: readonly (() => void)[];
  #status: UserStatus | undefined;
  #isStopped = false;

  constructor({ client, onChange }: OwnStatusOptions) {
    this.client = client;
    this.#onChange = onChange;
    const read = () => {
      void this.#read();
    };
    this.#stops = [
      listen<UserStatus[]>(client, EVENT.USER_STATUS_UPDATED, (statuses) => {
        statuses.forEach((status) => {
          this.#learn(status);
        });
      }),
      listen<{ state: string }>(client, EVENT.NET_STATE_CHANGE, ({ state }) => {
        if (state === "connected") {
          read();
        }
      }),
      listen(client, EVENT.SDK_READY, read),
      // The length that a custom status may have can change.
      listen(client, EVENT.ABILITIES_UPDATED, () => {
        this.#set(this.#status);
      }),
      listen(client, EVENT.SDK_NOT_READY, () => {
        this.#set(undefined);
      }),
    ];
    read();
  }

  /** The last known status; undefined if none is known, or if no user is logged in. */
  get status(): UserStatus | undefined {
    return this.#status;
  }

  /**
   * Sets the custom status, which ends after `expiresIn` seconds; 0 for no end. An empty text clears the custom status.
   * Rejects if the call fails, or if the client has no `setSelfStatus`.
   */
  async say(customStatus: string, expiresIn: number): Promise<void> {
    if (this.client.setSelfStatus === undefined) {
      throw new Error("the client has no setSelfStatus");
    }
    const options = expiresIn === 0 ? { customStatus } : { customStatus, expiresIn };
    this.#learn((await this.client.setSelfStatus(options)).data);
  }

  stop(): void {
    this.#isStopped = true;
    this.#stops.forEach((stop) => {
      stop();
    });
  }

  async #read(): Promise<void> {
    const userID = this.client.isReady() ? this.client.getLoginUser() : "";
    if (userID === "") {
      return;
    }
    try {
      const { successUserList } = (await this.client.getUserStatus({ userIDList: [userID] })).data;
      const [status] = successUserList;
      // The server may have lost the known version, so the answer replaces it even if its version is lower.
      if (status?.userID === this.client.getLoginUser()) {
        this.#set(status);
      }
    } catch {
      // The status stays as it is. After a reconnect it is read again.
    }
  }

  #learn(status: UserStatus): void {
    if (status.userID !== this.client.getLoginUser()) {
      return;
    }
    const known = this.#status?.version;
    if (known === undefined || status.version === undefined || !isNewer(known, status.version)) {
      this.#set(status);
    }
  }

  #set(status: UserStatus | undefined): void {
    if (!this.#isStopped) {
      const before = this.#status;
      this.#status = status;
      this.#onChange(before);
    }
  }
}
