/**
 * A server in memory with the lists of one user, and the link to the client's copies of the lists. Its pages are small,
 * and it answers requests in any order. The lists change while a page is under way. A broken link loses the messages
 * that are under way; the driver then repeats its requests.
 */

import type { AskKind } from "../src/machine/ask.js";
import type { ConversationJson, FriendJson, ListsChangedJson, MessageJson, VisibilityJson } from "../src/gen/wire.js";
import { ListsSync, type Surroundings } from "../src/lists/sync.js";
import { inOrder, totalUnread } from "../src/lists/lists.js";

const PAGE = 2;

interface Asked {
  readonly kind: AskKind;
  readonly parameters: Record<string, unknown>;
  readonly learn: (answer: never) => void;
  readonly fulfil: (answer: never) => void;
  readonly fail: (error: unknown) => void;
}

/** The application: the events that it has received, and the rows that it can show. */
export class Application {
  readonly messages: string[] = [];
  /** The messages of this client that were reported as stored. */
  readonly own: string[] = [];
  readonly failures: unknown[] = [];
  /** For each event about conversations: the number of visible conversations at that time. */
  readonly rowsShown: number[] = [];
  friendEvents = 0;
  profileEvents: string[] = [];
  unread = 0;
  /** The block lists and the visibilities that were reported. */
  readonly blocked: string[] = [];
  readonly visibilities: VisibilityJson[] = [];
}

export class ListsServer {
  version = 1;
  isUp = true;
  readonly application = new Application();
  readonly sync: ListsSync;
  readonly conversations = new Map<string, ConversationJson>();
  readonly friends = new Map<string, FriendJson>();
  readonly blocked = new Set<string>();
  visibility: VisibilityJson = "VISIBILITY_EVERYONE";
  /** The number of answered requests of each kind. */
  readonly answers = new Map<string, number>();
  /** The number of pauses that the client has made. `afterPause` resolves at the end of the current pause. */
  pauses = 0;
  afterPause = Promise.resolve();
  readonly #histories = new Map<string, MessageJson[]>();
  /** For each peer: the number of messages that were deleted together with their conversation. */
  readonly #deleted = new Map<string, number>();
  #asked: Asked[] = [];
  /** The messages on their way to the client. */
  #outbox: (() => void)[] = [];
  /** The highest lists version that the client has received. */
  #known = 0;
  #clock = 1_000;
  #sent = 0;

  constructor() {
    const { application } = this;
    const around: Surroundings = {
      call: (kind, parameters, learn) =>
        new Promise((fulfil, fail) => {
          this.#asked.push({
            kind,
            parameters,
            learn: (answer: never) => learn?.(answer),
            fulfil,
            fail,
          });
        }),
      pause: () => {
        this.pauses += 1;
        return this.afterPause;
      },
      self: () => "me",
      isOwn: ({ clientMessageId = "" }) => clientMessageId.startsWith("own-"),
      onMessages: (messages) => application.messages.push(...messages.map(({ text }) => text ?? "")),
      onOwn: (messages) => application.own.push(...messages.map(({ text }) => text ?? "")),
      onConversations: () => application.rowsShown.push(this.sync.shownConversations.length),
      onUnread: (total) => (application.unread = total),
      onFriends: () => (application.friendEvents += 1),
      onProfiles: (profiles) => application.profileEvents.push(...profiles.map(({ nick }) => nick ?? "")),
      onBlocked: () => application.blocked.push(this.sync.shownBlocked.join(" ")),
      onVisibility: (visibility) => application.visibilities.push(visibility),
      onFailure: (what, error) => application.failures.push(what, error),
    };
    this.sync = new ListsSync(around);
  }

  // Changes by others.

  /** Stores a message of a peer. Other clients and backends may use a `client_message_id` more than once. */
  receive(peer: string, text: string, clientMessageId = ""): void {
    const message = this.#append(peer, { from: peer, to: "me", text, clientMessageId });
    const row = this.conversations.get(peer);
    this.#setConversation({ ...row, peer, lastMessage: message, unread: (row?.unread ?? 0) + 1 }, message);
    this.#tell({ messages: [message], conversations: [this.#conversation(peer)] });
  }

  /** Stores a message of this client, and puts the answer on its way. */
  send(peer: string, text: string): void {
    this.#sent += 1;
    const message = this.#append(peer, { from: "me", to: peer, text, clientMessageId: `own-${this.#sent}` });
    const row = this.conversations.get(peer);
    this.#setConversation({ ...row, peer, lastMessage: message }, message);
    this.version += 1;
    const { version } = this;
    this.#post(() => {
      this.#known = Math.max(this.#known, version);
      this.sync.sent(message, String(version));
    });
  }

  /** Marks a conversation as read, as another device does. */
  read(peer: string): void {
    this.#change(peer, { unread: 0 });
  }

  pin(peer: string, pinned: boolean): void {
    this.#change(peer, { pinned });
  }

  delete(peer: string): void {
    if (this.conversations.delete(peer)) {
      this.#deleted.set(peer, this.#histories.get(peer)?.length ?? 0);
      this.#tell({ deletedConversations: [peer] });
    }
  }

  befriend(userId: string, remark: string, nick = ""): void {
    const friend: FriendJson = { userId, remark, profile: { userId, nick }, addedAt: "1" };
    this.friends.set(userId, friend);
    const row = this.conversations.get(userId);
    if (row !== undefined) {
      this.conversations.set(userId, { ...row, remark, profile: { userId, nick } });
    }
    this.#tell({ friends: [friend] });
  }

  /** Changes the nick of a friend. Connected clients are notified, but the lists version does not change. */
  rename(userId: string, nick: string): void {
    const profile = { userId, nick };
    const row = this.conversations.get(userId);
    if (row !== undefined) {
      this.conversations.set(userId, { ...row, profile });
    }
    const friend = this.friends.get(userId);
    if (friend !== undefined) {
      this.friends.set(userId, { ...friend, profile });
      this.#post(() => {
        this.sync.changed({ profiles: [profile] });
      });
    }
  }

  unfriend(userId: string): void {
    if (this.friends.delete(userId)) {
      const row = this.conversations.get(userId);
      if (row !== undefined) {
        this.conversations.set(userId, { ...row, remark: "" });
      }
      this.#tell({ deletedFriends: [userId] });
    }
  }

  /** Blocks or unblocks a user, as another device or the server API does. */
  block(userId: string, isBlocked = true): void {
    if (isBlocked !== this.blocked.has(userId)) {
      if (isBlocked) {
        this.blocked.add(userId);
      } else {
        this.blocked.delete(userId);
      }
      this.#tell(isBlocked ? { blocked: [{ userId, blockedAt: "1" }] } : { unblocked: [userId] });
    }
  }

  showTo(visibility: VisibilityJson): void {
    if (visibility !== this.visibility) {
      this.visibility = visibility;
      this.#tell({ visibility });
    }
  }

  /** Tells the client that there were too many changes for its connection. */
  overflow(): void {
    const { version } = this;
    this.#post(() => {
      this.#known = Math.max(this.#known, version);
      this.sync.outdated();
    });
  }

  /** The messages that were deleted together with their conversation. */
  get deletedMessages(): string[] {
    return [...this.#deleted].flatMap(([peer, count]) =>
      (this.#histories.get(peer) ?? []).slice(0, count).map(({ text }) => text ?? ""),
    );
  }

  // The link.

  /** Refuses the oldest waiting request. Returns its kind. */
  async refuse(error: unknown): Promise<AskKind | undefined> {
    const asked = this.#asked.shift();
    asked?.fail(error);
    await new Promise((fulfil) => setImmediate(fulfil));
    return asked?.kind;
  }

  /** The kind of the oldest waiting request. */
  get waiting(): AskKind | undefined {
    return this.#asked[0]?.kind;
  }

  down(): void {
    this.isUp = false;
    this.#outbox = [];
  }

  up(): void {
    this.isUp = true;
    this.sync.connected({ listsVersion: String(this.version) }, true);
    if (this.#known !== this.version) {
      this.#known = this.version;
      this.sync.outdated();
    }
  }

  /** Logs the client in for the first time. */
  login(): void {
    this.isUp = true;
    this.#known = this.version;
    this.sync.connected({ listsVersion: String(this.version) }, false);
  }

  /** Answers a waiting request with the current state. The answer arrives after all earlier messages. */
  answer(index = 0): boolean {
    const asked = this.#asked[index];
    if (!this.isUp || asked === undefined) {
      return false;
    }
    const answer = this.#answerTo(asked) as never;
    this.answers.set(asked.kind, (this.answers.get(asked.kind) ?? 0) + 1);
    this.#outbox.push(() => {
      this.#asked = this.#asked.filter((other) => other !== asked);
      asked.learn(answer);
      asked.fulfil(answer);
    });
    return true;
  }

  /** Delivers the oldest message that is on its way. */
  async deliver(): Promise<boolean> {
    const next = this.#outbox.shift();
    next?.();
    await new Promise((fulfil) => setImmediate(fulfil));
    return next !== undefined;
  }

  /** Answers all requests, and delivers all messages. */
  async settle(): Promise<void> {
    do {
      while (await this.deliver()) {
        // Deliver the next message.
      }
    } while (this.answer());
    await new Promise((fulfil) => setImmediate(fulfil));
    if (this.#asked.length > 0) {
      await this.settle();
    }
  }

  #answerTo({ kind, parameters }: Asked): unknown {
    const listsVersion = String(this.version);
    const answers: Partial<Record<AskKind, () => unknown>> = {
      getConversationList: () => {
        const cursor = String(parameters["cursor"]);
        const all = inOrder(this.conversations.values());
        const rest = cursor === "" ? all : all.filter((row) => isAfter(row, JSON.parse(cursor) as ConversationJson));
        const conversations = rest.slice(0, PAGE);
        const next = rest.length > PAGE ? JSON.stringify(conversations.at(-1)) : "";
        return { conversations, next, listsVersion, totalUnread: totalUnread(this.conversations.values()) };
      },
      getFriendList: () => {
        const all = [...this.friends.values()].sort((one, other) =>
          (one.userId ?? "") < (other.userId ?? "") ? -1 : 1,
        );
        const rest = all.filter(({ userId }) => (userId ?? "") > String(parameters["after"]));
        return { friends: rest.slice(0, PAGE), finished: rest.length <= PAGE, listsVersion };
      },
      getBlockList: () => {
        const blocked = [...this.blocked].sort().map((userId) => ({ userId, blockedAt: "1" }));
        return { visibility: this.visibility, blocked, listsVersion };
      },
      getHistory: () => {
        const before = Number(parameters["before"]) || Infinity;
        const peer = String(parameters["peer"]);
        const all = (this.#histories.get(peer) ?? []).slice(this.#deleted.get(peer) ?? 0);
        const older = all.filter(({ sequence }) => Number(sequence) < before).toReversed();
        // Long texts make a page shorter than the requested number.
        return { messages: older.slice(0, PAGE), finished: older.length <= PAGE };
      },
      getUsersInfo: () => ({
        profiles: (parameters["userIds"] as string[]).map((userId) => ({ userId, nick: `nick of ${userId}` })),
      }),
    };
    const answer = answers[kind];
    if (answer === undefined) {
      throw new Error(`${kind} is not asked here`);
    }
    return answer();
  }

  #append(peer: string, message: MessageJson): MessageJson {
    const history = this.#histories.get(peer) ?? [];
    this.#histories.set(peer, history);
    this.#clock += 1;
    const whole = { ...message, sequence: String(history.length + 1), time: String(this.#clock) };
    history.push(whole);
    return whole;
  }

  #setConversation(row: ConversationJson, { time }: MessageJson): void {
    const peer = row.peer ?? "";
    const { remark, profile } = this.friends.get(peer) ?? {};
    const friend = { remark: remark ?? "", ...(profile === undefined ? {} : { profile }) };
    this.conversations.set(peer, { ...(this.conversations.has(peer) ? {} : friend), ...row, activeAt: time ?? "0" });
  }

  #conversation(peer: string): ConversationJson {
    return this.conversations.get(peer) ?? { peer };
  }

  #change(peer: string, change: Partial<ConversationJson>): void {
    const row = this.conversations.get(peer);
    if (row !== undefined) {
      this.conversations.set(peer, { ...row, ...change });
      this.#tell({ conversations: [this.#conversation(peer)] });
    }
  }

  #tell(told: ListsChangedJson): void {
    this.version += 1;
    const { version } = this;
    this.#post(() => {
      this.#known = Math.max(this.#known, version);
      this.sync.changed({ ...told, listsVersion: String(version) });
    });
  }

  #post(arrival: () => void): void {
    if (this.isUp) {
      this.#outbox.push(arrival);
    }
  }
}

/** Returns whether a row comes after another row in the list. */
function isAfter(row: ConversationJson, other: ConversationJson): boolean {
  return row.peer !== other.peer && inOrder([row, other])[0] === other;
}
