/** The messages of one conversation. Loads earlier pages, adds new messages, and sends messages. */

import { EVENT } from "@lamplight/chat";
import { codeOf, listen, type ChatClient, type Message } from "./client.js";
import { presentAt } from "./clock.js";

/**
 * The maximum number of messages in memory. At this number, earlier messages are no longer loaded, and each new
 * message removes the oldest one.
 */
export const MOST_MESSAGES = 2_000;

/**
 * The wait, in milliseconds, after earlier messages could not be loaded. It doubles with each further failure, up to
 * the longest.
 */
export const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

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
  #why: unknown;
  #messages: readonly Message[] = [];
  #next = "";
  #isComplete = false;
  #isLoadingEarlier = false;
  #isUnread = true;
  /** The number of calls of `retry` and `stop`. An answer to an earlier attempt is ignored. */
  #attempt = 0;
  /** The time of the last failure to load earlier messages. */
  #failedAt = -Infinity;
  /** The wait after that failure; 0 if the last attempt has succeeded. */
  #pause = 0;
  #resuming: ReturnType<typeof setTimeout> | undefined;
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
      listen<{ state: string }>(client, EVENT.NET_STATE_CHANGE, ({ state }) => {
        if (state === "connected" && this.#pause > 0) {
          this.#endPause();
          this.#onChange();
        }
      }),
      listen(client, EVENT.SDK_READY, () => {
        this.retry();
      }),
      listen(client, EVENT.SDK_NOT_READY, () => {
        // The session has ended. The next user must not see the messages.
        this.retry();
      }),
    ];
    void this.#load();
  }

  get state(): "loading" | "ready" | "failed" {
    return this.#state;
  }

  /** The error after which the state is `failed`. */
  get why(): unknown {
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
    this.#attempt += 1;
    this.#endPause();
    this.#stops.forEach((stop) => {
      stop();
    });
  }

  /** Removes the messages, and loads the newest ones if a user is logged in. */
  retry(): void {
    this.#attempt += 1;
    this.#refusals.clear();
    this.#isLoadingEarlier = false;
    this.#state = "loading";
    this.#messages = [];
    this.#next = "";
    this.#isComplete = false;
    this.#isUnread = true;
    this.#endPause();
    this.#onChange();
    void this.#load();
  }

  /**
   * Loads earlier messages, unless all are loaded. After a failure, does nothing until the pause is over; if the user
   * has scrolled (`isAsked`), until `FIRST_PAUSE` is over.
   */
  loadEarlier(isAsked = false): void {
    const isWanted = this.#state === "ready" && !this.#isComplete && this.#messages.length < MOST_MESSAGES;
    const pause = isAsked ? Math.min(this.#pause, FIRST_PAUSE) : this.#pause;
    if (isWanted && !this.#isLoadingEarlier && performance.now() - this.#failedAt >= pause) {
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
    const attempt = this.#attempt;
    try {
      const { data } = await this.client.getMessageList({
        conversationID,
        ...(from === "" ? {} : { nextReqMessageID: from }),
      });
      if (attempt !== this.#attempt) {
        return;
      }
      this.#next = data.nextReqMessageID;
      this.#isComplete = data.isCompleted;
      this.#messages = distinct([...data.messageList, ...this.#messages]);
      this.#state = "ready";
      this.#endPause();
    } catch (error) {
      if (attempt !== this.#attempt) {
        return;
      }
      if (isFirst) {
        this.#state = "failed";
        this.#why = error;
      } else {
        this.#beginPause();
      }
    }
    this.#isLoadingEarlier = false;
    this.#onChange();
  }

  /**
   * Begins the pause after a failure. When the pause is over, the component loads earlier messages again, if it still
   * needs them.
   */
  #beginPause(): void {
    const pause = Math.min(Math.max(FIRST_PAUSE, this.#pause * 2), LONGEST_PAUSE);
    this.#endPause();
    this.#failedAt = performance.now();
    this.#pause = pause;
    this.#resuming = setTimeout(() => {
      this.#failedAt = -Infinity;
      this.#onChange();
    }, pause);
  }

  #endPause(): void {
    clearTimeout(this.#resuming);
    this.#failedAt = -Infinity;
    this.#pause = 0;
  }

  #add(messages: readonly Message[]): void {
    if (messages.length > 0) {
      this.#messages = distinct(messages.reduce(inserted, this.#messages)).slice(-MOST_MESSAGES);
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
 * Returns the messages with another one, which is inserted by its time. After a reconnect, messages that were missed
 * arrive after newer ones. Messages that are being sent stay at the end.
 */
function inserted(messages: readonly Message[], message: Message): readonly Message[] {
  let place = messages.length;
  if (message.status !== "unSend") {
    const isLater = (one: Message | undefined) =>
      one !== undefined && (one.status === "unSend" || one.time > message.time);
    while (isLater(messages[place - 1])) {
      place -= 1;
    }
  }
  return [...messages.slice(0, place), message, ...messages.slice(place)];
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
