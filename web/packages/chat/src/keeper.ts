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
import { sentID } from "./shapes.js";

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

/** What is missing since the link broke. */
interface Gap {
  /** The newest message of each conversation that the application knows. */
  readonly heads: ReadonlyMap<string, number>;
  /** The messages that were told since. */
  readonly told: Set<string>;
}

/** The keeper of one client. */
export class Keeper {
  #lists: Lists = fold.UNKNOWN;
  /** All changes of the lists up to this one have been taken in. */
  #version = 0;
  /** The version that is reached when the lists have been read again; null when nothing is missing. */
  #behind: number | null = null;
  /** Whether they are being read again. */
  #catching = false;
  #gap: Gap | null = null;
  #unread = 0;
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
    if (this.#lists.friends.shown === null || this.#friends !== null) {
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
    } else if (version !== this.#version) {
      this.#catchUp(version);
    }
  }

  /** Nobody is logged in any longer. */
  ended(): void {
    this.#lists = fold.UNKNOWN;
    this.#version = 0;
    this.#behind = null;
    this.#catching = false;
    this.#gap = null;
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
    } else if (this.#behind === null) {
      this.#version = Math.max(this.#version, version);
    } else {
      this.#behind = Math.max(this.#behind, version);
    }
    const messages = told.messages ?? [];
    messages.forEach((message) => this.#gap?.told.add(idOf(message)));
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
    this.#countOwn(version);
    this.#tellOf(before, []);
  }

  /** An own message was committed. */
  sent(message: MessageJson, listsVersion: string | undefined): void {
    const peer = message.to ?? "";
    const version = Number(listsVersion ?? 0);
    const before = this.#lists;
    const row = before.conversations.rows.get(peer)?.value;
    const friend = before.friends.shown?.get(peer);
    this.#edit({ conversations: [fold.withSent(row, message, friend)] }, version);
    this.#countOwn(version);
    this.#gap?.told.add(idOf(message));
    this.#tellOf(before, []);
    if (row === undefined && friend === undefined) {
      this.#inBackground("reading the profile of a new peer", this.#readPeer(peer, version));
    }
  }

  /** The own profile was read. */
  learnProfile(profile: ProfileJson): void {
    this.#lists = { ...this.#lists, profile };
  }

  // How the lists change.

  #edit(told: Omit<ListsChangedJson, "messages">, version: number): void {
    const changed: Lists = {
      profile: told.profile ?? this.#lists.profile,
      conversations: fold.drop(
        fold.put(this.#lists.conversations, byPeer(told.conversations), version),
        told.deletedConversations ?? [],
        version,
      ),
      friends: fold.drop(
        fold.put(this.#lists.friends, byUser(told.friends), version),
        told.deletedFriends ?? [],
        version,
      ),
    };
    const strangers = (told.deletedFriends ?? []).map((userId): FriendJson => {
      const profile = changed.conversations.rows.get(userId)?.value.profile;
      return { userId, ...(profile === undefined ? {} : { profile }) };
    });
    this.#lists = fold.withFriends(changed, [...(told.friends ?? []), ...strangers], version);
  }

  /** An own change is the next one, or others came before it that are still on their way. */
  #countOwn(version: number): void {
    if (this.#behind === null && version === this.#version + 1) {
      this.#version = version;
    }
  }

  #tellOf(before: Lists, messages: readonly MessageJson[]): void {
    const { friends, conversations, profile } = this.#lists;
    if (messages.length > 0) {
      this.around.onMessages(messages);
    }
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

  #setUnread(total: number): void {
    if (total !== this.#unread) {
      this.#unread = total;
      this.around.onUnread(total);
    }
  }

  // Reading.

  /** An earlier attempt to catch up may have failed. */
  #catchUpAgain(): void {
    if (this.#behind !== null && !this.#catching) {
      this.#catchUp(this.#behind);
    }
  }

  /** Something changed that was not told: what was read before is read again. */
  #catchUp(version: number): void {
    this.#behind = Math.max(this.#behind ?? 0, version);
    const { conversations, friends, profile } = this.#lists;
    if (this.#gap === null && conversations.shown !== null) {
      this.#gap = { heads: headsOf(conversations.shown), told: new Set() };
    }
    const restart = (reading: Reading | null) => {
      if (reading !== null) {
        reading.again = true;
      }
    };
    restart(this.#conversations);
    restart(this.#friends);
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
    this.#catching = true;
    const caughtUp = Promise.all(reads).then(
      () => {
        this.#catching = false;
        if (this.#behind !== null) {
          this.#version = this.#behind;
          this.#behind = null;
        }
        return this.#fillGap();
      },
      (error: unknown) => {
        this.#catching = false;
        throw error;
      },
    );
    this.#inBackground("reading the lists again", caughtUp);
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

  async #readPeer(peer: string, version: number): Promise<void> {
    const { profiles } = await this.around.call("getUsersInfo", { userIds: [peer] });
    const row = this.#lists.conversations.rows.get(peer)?.value;
    if (row !== undefined && row.profile === undefined && profiles?.[0] !== undefined) {
      const before = this.#lists;
      this.#edit({ conversations: [{ ...row, profile: profiles[0] }] }, version);
      this.#tellOf(before, []);
    }
  }

  /** Fetches the messages that came while the link was broken, and tells them, oldest first. */
  async #fillGap(): Promise<void> {
    const gap = this.#gap;
    this.#gap = null;
    if (gap === null) {
      return;
    }
    const missed: MessageJson[] = [];
    for (const [peer, row] of this.#lists.conversations.shown ?? []) {
      const head = gap.heads.get(peer) ?? 0;
      if (Number(row.lastMessage?.sequence ?? 0) > head) {
        missed.push(...(await this.#readSince(peer, head)));
      }
    }
    const news = missed.filter((message) => !gap.told.has(idOf(message)) && !this.around.isOwn(message));
    if (news.length > 0) {
      const order = ({ time, sequence }: MessageJson) => [Number(time ?? 0), Number(sequence ?? 0)] as const;
      news.sort((one, other) => order(one)[0] - order(other)[0] || order(one)[1] - order(other)[1]);
      this.around.onMessages(news);
    }
  }

  async #readSince(peer: string, head: number): Promise<MessageJson[]> {
    const found: MessageJson[] = [];
    let before = 0;
    let finished = false;
    while (!finished && found.length < MOST_MISSED) {
      const page = await this.around.call("getHistory", { peer, before: String(before), limit: HISTORY_PAGE });
      const newer = (page.messages ?? []).filter(({ sequence }) => Number(sequence ?? 0) > head);
      found.push(...newer);
      before = Number(newer.at(-1)?.sequence ?? 0);
      finished = page.finished === true || newer.length < HISTORY_PAGE;
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

function headsOf(conversations: ReadonlyMap<string, ConversationJson>): Map<string, number> {
  return new Map([...conversations].map(([peer, row]) => [peer, Number(row.lastMessage?.sequence ?? 0)]));
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

/** Names a message among all of a user. */
function idOf({ from = "", to = "", sequence = "", clientMessageId = "" }: MessageJson): string {
  return clientMessageId === "" ? `${from} ${to} ${sequence}` : sentID(from, clientMessageId);
}
