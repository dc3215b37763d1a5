/** The messages of one conversation. Loads earlier pages, adds new messages, and sends messages. */

import { EVENT } from "@lamplight/chat";
import { codeOf, listen, type ChatClient, type Message } from "./client.js";
import { presentAt } from "./clock.js";

/**
 * The maximum number of messages in memory. At this number, earlier messages are no longer loaded, and each new
 * message removes the oldest one.
 */
export const MOST_MESSAGES = 2_000;

export interface DialogueOptions {
  readonly client: ChatClient;
  readonly conversationID: string;
  readonly peer: string;
  readonly onChange: () => void;
}

export class Dialogue {
  readonly client: ChatClient;
  readonly conversationID: string;
  readonly peer: string;
  readonly #onChange: () => void;
  readonly #stops: (() => void)[];
  #state: "loading" | "ready" | "failed" = "loading";
  #why = "";
  #messages: readonly Message[] = [];
  #next = "";
  #isComplete = false;
  #isLoadingEarlier = false;
  #isUnread = true;
  #isStopped = false;
  /** The codes of the refusals of failed messages, by their IDs, the oldest first. */
  readonly #refusals = new Map<string, number>();

  constructor({ client, conversationID, peer, onChange }: DialogueOptions) {
    this.client = client;
    this.conversationID = conversationID;
    this.peer = peer;
    this.#onChange = onChange;
    this.#stops = [
      listen<readonly Message[]>(client, EVENT.MESSAGE_RECEIVED, (messages) => {
        this.#add(messages.filter((message) => message.conversationID === conversationID));
      }),
      // A message that was marked as failed turned out to be stored.
      listen<readonly Message[]>(client, EVENT.MESSAGE_MODIFIED, (messages) => {
        messages.forEach((message) => {
          this.#replace(message.ID, message);
        });
      }),
      listen(client, EVENT.SDK_READY, () => {
        this.retry();
      }),
    ];
    void this.#load();
  }

  get state(): "loading" | "ready" | "failed" {
    return this.#state;
  }

  /** The text of the failure. */
  get why(): string {
    return this.#why;
  }

  /** The messages, the oldest first. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Returns the code with which a message was refused; 0 if it was not refused. */
  refusalOf({ ID }: Message): number {
    return this.#refusals.get(ID) ?? 0;
  }

  get isLoadingEarlier(): boolean {
    return this.#isLoadingEarlier;
  }

  stop(): void {
    this.#isStopped = true;
    this.#stops.forEach((stop) => {
      stop();
    });
  }

  retry(): void {
    this.#state = "loading";
    this.#messages = [];
    this.#next = "";
    this.#isComplete = false;
    this.#isUnread = true;
    this.#onChange();
    void this.#load();
  }

  loadEarlier(): void {
    const isWanted = this.#state === "ready" && !this.#isComplete && this.#messages.length < MOST_MESSAGES;
    if (isWanted && !this.#isLoadingEarlier) {
      void this.#load();
    }
  }

  /** Marks the messages of the peer as read. Calls the server only if new messages have arrived since the last call. */
  markRead(): void {
    if (this.#isUnread && this.#state === "ready") {
      this.#isUnread = false;
      this.client.setMessageRead({ conversationID: this.conversationID }).catch(() => {
        // The messages stay unread until the next message or visit. The failure is not shown, because the user cannot
        // do anything about it.
      });
    }
  }

  /** Sends a message. Throws an error if it cannot be created, for example because the session has ended. */
  send(text: string): void {
    const message = this.client.createTextMessage({ to: this.peer, conversationType: "C2C", payload: { text } });
    this.#add([{ ...message, time: message.time || Math.floor(presentAt(this.client) / 1000) }]);
    void this.#deliver(message);
  }

  async sendAgain(message: Message): Promise<void> {
    this.#replace(message.ID, { ...message, status: "unSend" });
    await this.#deliver(message);
  }

  async #deliver(message: Message): Promise<void> {
    try {
      const { data } = await this.client.sendMessage(message as never);
      this.#replace(message.ID, { ...data.message, status: "success" });
    } catch (error) {
      this.#refused(message.ID, codeOf(error));
      const held = this.#messages.find(({ ID }) => ID === message.ID) ?? message;
      if (held.status !== "success") {
        this.#replace(message.ID, { ...held, status: "fail" });
      }
    }
  }

  #refused(id: string, code: number): void {
    this.#refusals.delete(id);
    this.#refusals.set(id, code);
    const [oldest] = this.#refusals.keys();
    if (this.#refusals.size > MOST_MESSAGES && oldest !== undefined) {
      this.#refusals.delete(oldest);
    }
  }

  async #load(): Promise<void> {
    if (!this.client.isReady()) {
      return;
    }
    const isFirst = this.#state === "loading";
    this.#isLoadingEarlier = !isFirst;
    this.#onChange();
    const { conversationID } = this;
    const from = this.#next;
    try {
      const { data } = await this.client.getMessageList({
        conversationID,
        ...(from === "" ? {} : { nextReqMessageID: from }),
      });
      if (this.#isStopped || from !== this.#next) {
        return;
      }
      this.#next = data.nextReqMessageID;
      this.#isComplete = data.isCompleted;
      this.#messages = distinct([...data.messageList, ...this.#messages]);
      this.#state = "ready";
    } catch (error) {
      if (isFirst) {
        this.#state = "failed";
        this.#why = error instanceof Error ? error.message : String(error);
      }
    }
    this.#isLoadingEarlier = false;
    this.#onChange();
  }

  #add(messages: readonly Message[]): void {
    if (messages.length > 0) {
      this.#messages = distinct([...this.#messages, ...messages]).slice(-MOST_MESSAGES);
      this.#isUnread = this.#isUnread || messages.some(({ flow }) => flow === "in");
      this.#onChange();
    }
  }

  #replace(id: string, message: Message): void {
    this.#messages = distinct(this.#messages.map((one) => (one.ID === id ? message : one)));
    this.#onChange();
  }
}

/**
 * Removes duplicates, and keeps the position of the first copy. A copy with the status "success" is kept, because the
 * message was sent.
 */
function distinct(messages: readonly Message[]): Message[] {
  const found = new Map<string, Message>();
  for (const message of messages) {
    if (message.status === "success" || found.get(message.ID)?.status !== "success") {
      found.set(message.ID, message);
    }
  }
  return [...found.values()];
}
