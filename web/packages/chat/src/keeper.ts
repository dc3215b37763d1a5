/**
 * Keeps the own lists true: reads them when somebody wants them, takes in what the server tells, and reads them again
 * when the link was broken and something has changed meanwhile. The rules are in `lists.ts`.
 *
 * What was acknowledged is never lost: messages that came while the link was broken are fetched, and told as if they
 * had just come.
 */

import type { AnswerTo, AskKind, Parameters } from "./ask.js";
import type {
  ConversationJson,
  FriendJson,
  ListsChangedJson,
  LoginResponseJson,
  MessageJson,
  ProfileJson,
} from "./gen/wire.js";
import * as fold from "./lists.js";
import type { Lists, Table } from "./lists.js";
import { placeOf } from "./shapes.js";

/** Rows in a page: the most that the server gives. */
const FRIENDS_PAGE = 1_000;
const CONVERSATIONS_PAGE = 100;
const HISTORY_PAGE = 100;

/** The most messages of one conversation that are told after a broken link. Older ones are in its history. */
export const MOST_MISSED = 500;

/** What the keeper needs: a way to ask, and whom to tell. */
export interface Surroundings {
  call<K extends AskKind>(
    kind: K,
    parameters: Parameters<K>,
    learn?: (answer: AnswerTo<K>) => void,
  ): Promise<AnswerTo<K>>;
  /** The user who is logged in. */
  self(): string;
  /** Whether this client has sent that message: nobody has to be told of it. */
  isOwn(message: MessageJson): boolean;
  onMessages(messages: readonly MessageJson[]): void;
  /** The server has these messages, which this client has sent. */
  onOwn(messages: readonly MessageJson[]): void;
  onConversations(): void;
  onUnread(total: number): void;
  onFriends(): void;
  onProfiles(profiles: readonly ProfileJson[]): void;
  onFailure(what: string, error: unknown): void;
}

/** A list that is being read. */
interface Reading {
  done: Promise<void>;
  /** What was read so far is out of date: begin again. */
  again: boolean;
}

/** What is to be made up for since the link broke. */
interface CatchUp {
  /** The version that is reached when the lists have been read again. */
  version: number;
  /** The newest message of each conversation that the application knows; null when there is no gap to fill. */
  heads: ReadonlyMap<string, number> | null;
  /** The messages that were told meanwhile. */
  readonly told: Set<string>;
  isRunning: boolean;
  /** More has changed: once more. */
  again: boolean;
}

/** The keeper of one client. */
export class Keeper {
  #lists: Lists = fold.UNKNOWN;
  /** All changes of the lists up to this one have been taken in. */
  #version = 0;
  /** Null when nothing is missing. */
  #behind: CatchUp | null = null;
  #unread = 0;
  /** Friends may show something else since the link broke: nothing counts that, so a list that is asked for is read. */
  #mayShowOldNames = false;
  #friends: Reading | null = null;
  #conversations: Reading | null = null;

  constructor(private readonly around: Surroundings) {}

  /** Messages that were not read. */
  get unread(): number {
    return this.#unread;
  }

  /** The conversation with a user, as far as it is known. */
  conversation(peer: string): ConversationJson | undefined {
    return this.#lists.conversations.shown?.get(peer);
  }

  /** What is known of a user: of oneself, a friend, or somebody in the conversation list. */
  profile(user: string): ProfileJson | undefined {
    return user === this.around.self()
      ? this.#lists.profile
      : (this.#lists.friends.shown?.get(user)?.profile ?? this.conversation(user)?.profile);
  }

  /** The conversations that are shown now, in order. */
  get shownConversations(): ConversationJson[] {
    return fold.inOrder(this.#lists.conversations.shown?.values() ?? []);
  }

  /** The friends that are shown now. */
  get shownFriends(): FriendJson[] {
    return [...(this.#lists.friends.shown?.values() ?? [])];
  }

  /** The conversations, read if need be. */
  async conversations(): Promise<ConversationJson[]> {
    this.#catchUpAgain();
    if (this.#lists.conversations.shown === null || this.#conversations !== null) {
      await this.#readConversations();
    }
    return this.shownConversations;
  }

  /** The friends, read if need be. */
  async friends(): Promise<FriendJson[]> {
    this.#catchUpAgain();
    if (this.#lists.friends.shown === null || this.#friends !== null || this.#mayShowOldNames) {
      this.#mayShowOldNames = false;
      await this.#readFriends();
    }
    return this.shownFriends;
  }

  // What the connection says.

  /** A link is live. */
  connected(told: LoginResponseJson, again: boolean): void {
    const version = Number(told.listsVersion ?? 0);
    if (!again) {
      this.ended();
      this.#version = version;
      if (version === 0) {
        this.#lists = { ...fold.UNKNOWN, friends: fold.empty(), conversations: fold.empty() };
      } else {
        // The number of unread messages is to be there without being asked for.
        this.#inBackground("reading the conversations", this.#readConversations());
      }
    } else {
      this.#mayShowOldNames = this.#lists.friends.shown !== null;
      if (version !== this.#version) {
        this.#catchUp(version);
      }
    }
  }

  /** Nobody is logged in any longer. */
  ended(): void {
    this.#lists = fold.UNKNOWN;
    this.#version = 0;
    this.#behind = null;
    this.#mayShowOldNames = false;
    this.#unread = 0;
    this.#friends = null;
    this.#conversations = null;
  }

  /** The server tells what changed. */
  changed(told: ListsChangedJson): void {
    const version = Number(told.listsVersion ?? 0);
    const before = this.#lists;
    this.#edit(told, version);
    if (told.reload === true) {
      this.#catchUp(version);
    } else {
      this.#count(version);
    }
    const messages = told.messages ?? [];
    messages.forEach((message) => this.#behind?.told.add(placeOf(message)));
    this.#tellOf(before, messages);
    if (this.#lists.conversations.shown === null && told.totalUnread !== undefined) {
      this.#setUnread(told.totalUnread);
    }
  }

  /** The answer to an own call says what it changed. */
  learn(told: Omit<ListsChangedJson, "messages">, listsVersion: string | undefined): void {
    const version = Number(listsVersion ?? 0);
    const before = this.#lists;
    this.#edit(told, version);
    this.#count(version);
    this.#tellOf(before, []);
  }

  /** An own message was committed. */
  sent(message: MessageJson, listsVersion: string | undefined): void {
    const peer = message.to ?? "";
    const version = Number(listsVersion ?? 0);
    const before = this.#lists;
    if (!before.conversations.rows.has(peer)) {
      // It is at the top now, and no page that is still to come has it.
      [this.#conversations, this.#behind].forEach((reading) => {
        if (reading !== null) {
          reading.again = true;
        }
      });
    }
    this.#lists = { ...before, conversations: fold.withSent(before, message, version) };
    this.#count(version);
    this.#tellOf(before, []);
    if (this.#lists.conversations.rows.get(peer)?.value.profile === undefined) {
      this.#inBackground("reading the profile of a new peer", this.#readPeer(peer));
    }
  }

  /** The own profile was read. */
  learnProfile(profile: ProfileJson): void {
    this.#lists = { ...this.#lists, profile };
  }

  // How the lists change.

  #edit(told: Omit<ListsChangedJson, "messages">, version: number): void {
    const { conversations, friends, profile } = this.#lists;
    const rows = fold.put(conversations, byPeer(told.conversations), version);
    const strangers = (told.deletedFriends ?? []).map((userId): FriendJson => ({ userId }));
    const changed = [...(told.friends ?? []), ...strangers];
    const edited: Lists = {
      profile: told.profile ?? profile,
      conversations: fold.drop(fold.withFriends(rows, changed, version), told.deletedConversations ?? [], version),
      friends: fold.drop(fold.put(friends, byUser(told.friends), version), told.deletedFriends ?? [], version),
    };
    this.#lists = fold.withProfiles(edited, told.profiles ?? []);
    if (this.#conversations !== null && (changed.length > 0 || told.profiles !== undefined)) {
      // A page that was written before may come after, with the old name.
      this.#conversations.again = true;
    }
    if (this.#friends !== null && told.profiles !== undefined) {
      this.#friends.again = true;
    }
  }

  /** What the server tells comes in the order of the versions, the answers to own calls among it. */
  #count(version: number): void {
    if (this.#behind === null) {
      this.#version = Math.max(this.#version, version);
    } else {
      this.#behind.version = Math.max(this.#behind.version, version);
    }
  }

  #tellOf(before: Lists, messages: readonly MessageJson[]): void {
    const { friends, conversations, profile } = this.#lists;
    this.#tellMessages(messages);
    if (conversations.shown !== null && conversations.shown !== before.conversations.shown) {
      this.around.onConversations();
      this.#setUnread(fold.totalUnread(conversations.shown.values()));
    }
    const profiles = profile !== undefined && differs(profile, before.profile) ? [profile] : [];
    if (friends.shown !== null && friends.shown !== before.friends.shown) {
      this.around.onFriends();
      profiles.push(...newProfiles(friends.shown, before.friends.shown));
    }
    if (profiles.length > 0) {
      this.around.onProfiles(profiles);
    }
  }

  #tellMessages(messages: readonly MessageJson[]): void {
    const others = messages.filter((message) => !this.around.isOwn(message));
    if (others.length < messages.length) {
      this.around.onOwn(messages.filter((message) => this.around.isOwn(message)));
    }
    if (others.length > 0) {
      this.around.onMessages(others);
    }
  }

  #setUnread(total: number): void {
    if (total !== this.#unread) {
      this.#unread = total;
      this.around.onUnread(total);
    }
  }

  // Reading.

  /** An earlier attempt to catch up may have failed. */
  #catchUpAgain(): void {
    if (this.#behind?.isRunning === false) {
      this.#catchUp(this.#behind.version);
    }
  }

  /** Something changed that was not told: what was read before is read again, and missed messages are fetched. */
  #catchUp(version: number): void {
    const behind = (this.#behind ??= { version, heads: null, told: new Set(), isRunning: false, again: false });
    behind.version = Math.max(behind.version, version);
    behind.heads ??= headsOf(this.#lists.conversations.shown);
    behind.again = true;
    [this.#conversations, this.#friends].forEach((reading) => {
      if (reading !== null) {
        reading.again = true;
      }
    });
    if (!behind.isRunning) {
      behind.isRunning = true;
      this.#inBackground("reading the lists again", this.#runCatchUp(behind));
    }
  }

  async #runCatchUp(behind: CatchUp): Promise<void> {
    const isDone = () => !behind.again;
    try {
      do {
        behind.again = false;
        await this.#readAgain();
        if (isDone()) {
          const { heads } = behind;
          behind.heads = null;
          await this.#tellMissed(heads, behind.told);
        }
      } while (!isDone());
      if (this.#behind === behind) {
        this.#version = behind.version;
        this.#behind = null;
      }
    } finally {
      behind.isRunning = false;
    }
  }

  async #readAgain(): Promise<void> {
    const { conversations, friends, profile } = this.#lists;
    const reads: Promise<void>[] = [];
    if (this.#conversations !== null || conversations.shown !== null) {
      reads.push(this.#readConversations());
    }
    if (this.#friends !== null || friends.shown !== null) {
      reads.push(this.#readFriends());
    }
    if (profile !== undefined) {
      reads.push(this.#readProfile());
    }
    await Promise.all(reads);
  }

  #readConversations(): Promise<void> {
    this.#conversations ??= this.#reading(
      () => this.#conversations,
      (reading) => {
        this.#conversations = reading;
      },
      async (goOn) => {
        this.#lists = { ...this.#lists, conversations: fold.beginReading(this.#lists.conversations) };
        let cursor = "";
        do {
          const page = await this.around.call(
            "getConversationList",
            { cursor, limit: CONVERSATIONS_PAGE },
            (read) => {
              const table = fold.putPage(this.#lists.conversations, byPeer(read.conversations), versionOf(read));
              this.#lists = { ...this.#lists, conversations: table };
            },
          );
          cursor = page.next ?? "";
        } while (cursor !== "" && goOn());
        if (goOn()) {
          const before = this.#lists;
          const { table, changed } = fold.endReading(before.conversations);
          this.#lists = { ...before, conversations: keepUnchanged(table, before.conversations, changed) };
          this.#tellOf(before, []);
        }
      },
    );
    return this.#conversations.done;
  }

  #readFriends(): Promise<void> {
    this.#friends ??= this.#reading(
      () => this.#friends,
      (reading) => {
        this.#friends = reading;
      },
      async (goOn) => {
        this.#lists = { ...this.#lists, friends: fold.beginReading(this.#lists.friends) };
        let after = "";
        let finished: boolean;
        do {
          const page = await this.around.call("getFriendList", { after, limit: FRIENDS_PAGE }, (read) => {
            const table = fold.putPage(this.#lists.friends, byUser(read.friends), versionOf(read));
            this.#lists = { ...this.#lists, friends: table };
          });
          after = page.friends?.at(-1)?.userId ?? "";
          finished = page.finished === true || after === "";
        } while (!finished && goOn());
        if (goOn()) {
          const before = this.#lists;
          const { table, changed } = fold.endReading(before.friends);
          this.#lists = { ...before, friends: keepUnchanged(table, before.friends, changed) };
          if (before.friends.shown !== null) {
            this.#tellOf(before, []);
          }
        }
      },
    );
    return this.#friends.done;
  }

  /** One reading at a time; whoever wants the list meanwhile waits for the same one. */
  #reading(
    current: () => Reading | null,
    set: (reading: Reading | null) => void,
    read: (goOn: () => boolean) => Promise<void>,
  ): Reading {
    const reading: Reading = { again: false, done: Promise.resolve() };
    const run = async () => {
      try {
        const isCurrent = () => !reading.again;
        do {
          reading.again = false;
          await read(isCurrent);
        } while (!isCurrent());
      } finally {
        if (current() === reading) {
          set(null);
        }
      }
    };
    // The first page is asked for after the reading is in its place.
    reading.done = Promise.resolve().then(run);
    return reading;
  }

  async #readProfile(): Promise<void> {
    const { profiles } = await this.around.call("getUsersInfo", { userIds: [this.around.self()] });
    const before = this.#lists;
    this.#lists = { ...before, profile: profiles?.[0] ?? before.profile };
    this.#tellOf(before, []);
  }

  async #readPeer(peer: string): Promise<void> {
    const { profiles } = await this.around.call("getUsersInfo", { userIds: [peer] });
    const profile = profiles?.[0];
    if (profile !== undefined) {
      const before = this.#lists;
      const apply = (row: ConversationJson) => (row.profile === undefined ? { ...row, profile } : row);
      this.#lists = { ...before, conversations: fold.revise(before.conversations, peer, apply) };
      this.#tellOf(before, []);
    }
  }

  /** Fetches the messages that came while the link was broken, and tells them, oldest first. */
  async #tellMissed(heads: ReadonlyMap<string, number> | null, told: Set<string>): Promise<void> {
    const missed: MessageJson[] = [];
    for (const [peer, row] of heads === null ? [] : (this.#lists.conversations.shown ?? [])) {
      const head = heads?.get(peer) ?? 0;
      if (Number(row.lastMessage?.sequence ?? 0) > head) {
        missed.push(...(await this.#readSince(peer, head)));
      }
    }
    const news = missed.filter((message) => !told.has(placeOf(message)));
    news.forEach((message) => told.add(placeOf(message)));
    this.#tellMessages(news.sort(byTime));
  }

  async #readSince(peer: string, head: number): Promise<MessageJson[]> {
    const found: MessageJson[] = [];
    let before = 0;
    let finished = false;
    while (!finished && found.length < MOST_MISSED) {
      const page = await this.around.call("getHistory", { peer, before: String(before), limit: HISTORY_PAGE });
      const messages = page.messages ?? [];
      const newer = messages.filter(({ sequence }) => Number(sequence ?? 0) > head);
      found.push(...newer);
      before = Number(newer.at(-1)?.sequence ?? 0);
      finished = page.finished === true || messages.length === 0 || newer.length < messages.length;
    }
    return found;
  }

  #inBackground(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.around.onFailure(what, error);
    });
  }
}

function byPeer(rows: readonly ConversationJson[] | undefined): [string, ConversationJson][] {
  return (rows ?? []).map((row) => [row.peer ?? "", row]);
}

function byUser(rows: readonly FriendJson[] | undefined): [string, FriendJson][] {
  return (rows ?? []).map((row) => [row.userId ?? "", row]);
}

function versionOf({ listsVersion }: { listsVersion?: string }): number {
  return Number(listsVersion ?? 0);
}

function keepUnchanged<T>(table: Table<T>, before: Table<T>, changed: boolean): Table<T> {
  return changed ? table : { ...table, shown: before.shown };
}

function headsOf(conversations: ReadonlyMap<string, ConversationJson> | null): Map<string, number> | null {
  return conversations === null
    ? null
    : new Map([...conversations].map(([peer, row]) => [peer, Number(row.lastMessage?.sequence ?? 0)]));
}

function byTime(one: MessageJson, other: MessageJson): number {
  return Number(one.time ?? 0) - Number(other.time ?? 0) || Number(one.sequence ?? 0) - Number(other.sequence ?? 0);
}

function newProfiles(
  friends: ReadonlyMap<string, FriendJson>,
  before: ReadonlyMap<string, FriendJson> | null,
): ProfileJson[] {
  return [...friends.values()].flatMap(({ userId, profile }) => {
    const known = before?.get(userId ?? "");
    return profile !== undefined && known !== undefined && differs(profile, known.profile) ? [profile] : [];
  });
}

function differs(one: ProfileJson, other: ProfileJson | undefined): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}
