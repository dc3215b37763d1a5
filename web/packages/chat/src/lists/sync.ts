/**
 * Keeps the copies of the user's lists up to date. Reads the lists when they are needed, and applies the changes that
 * the server sends. Reads the lists again if the server did not send some changes, for example because the link was
 * broken. The rules are in `lists.ts`.
 *
 * Messages that were sent while the link was broken are read afterwards, and reported like new messages. At most
 * `MOST_MISSED` of them are read in each conversation.
 */

import type { AnswerTo, AskKind, Parameters } from "../machine/ask.js";
import type {
  BlockedUserJson,
  ConversationJson,
  FriendJson,
  ListsChangedJson,
  LoginResponseJson,
  MessageJson,
  ProfileJson,
  VisibilityJson,
} from "../gen/wire.js";
import * as fold from "./lists.js";
import type { ListName, Lists, Rows, Table } from "./lists.js";
import { ChatError, refused } from "../machine/errors.js";

/** The number of conversations on the first page. A small page arrives early. */
const FIRST_ROWS = 100;
/** The number of rows on a later page; 0 means the server's maximum. */
const MOST_ROWS = 0;
const HISTORY_PAGE = 100;

/**
 * The number of calls without a pause in one reading of a list, or in one search for missed messages. The server allows
 * a user 20 calls in 5 s; the rest is left to the application.
 */
const AT_ONCE = 8;
/** The pause before each further call, in milliseconds. */
const PAUSE = 500;

/**
 * The maximum number of messages of one conversation that are reported after a broken link. Earlier messages are only
 * in the history.
 */
export const MOST_MISSED = 500;

/** The parts of the client that the lists need: calls to the server, and callbacks for changes. */
export interface Surroundings {
  call<K extends AskKind>(
    kind: K,
    parameters: Parameters<K>,
    learn?: (answer: AnswerTo<K>) => void,
  ): Promise<AnswerTo<K>>;
  pause(milliseconds: number): Promise<unknown>;
  /** The user who is logged in. */
  self(): string;
  /** Returns whether this client has sent the message. The client's own messages are not reported. */
  isOwn(message: MessageJson): boolean;
  onMessages(messages: readonly MessageJson[]): void;
  /** Called with messages of this client that the server has stored. */
  onOwn(messages: readonly MessageJson[]): void;
  onConversations(): void;
  onUnread(total: number): void;
  onFriends(): void;
  onProfiles(profiles: readonly ProfileJson[]): void;
  onBlocked(): void;
  onVisibility(visibility: VisibilityJson): void;
  onFailure(what: string, error: unknown): void;
}

/** A list that is being read. */
interface Reading {
  done: Promise<void>;
  /** Whether the list must be read from its beginning again, because rows that were read are outdated. */
  again: boolean;
}

type Readings = Partial<Record<ListName, Reading | undefined>>;

/** A catch-up after changes that the server did not send: the lists are read again, and missed messages are read. */
interface CatchUp {
  /**
   * The conversations before the lists were read again. In each of them, the messages after its last message were
   * missed, and must be read. Null if no conversations were read before. Also null when the reading of the messages has
   * begun.
   */
  heads: ReadonlyMap<string, ConversationJson> | null;
  /**
   * The messages that were reported since this catch-up began, by their keys (`placeOf`). These messages are not
   * reported again.
   */
  readonly told: Set<string>;
  isRunning: boolean;
  /** Whether the lists have changed again, so that they must be read once more. */
  again: boolean;
}

/** Keeps the copies of one client's lists current. */
export class ListsSync {
  #lists: Lists = fold.UNKNOWN;
  /** The catch-up that is in progress or has to be repeated; null if no change was missed. */
  #behind: CatchUp | null = null;
  #unread = 0;
  /**
   * Whether profiles of friends may have changed since the link broke. Such changes have no lists version. If `true`,
   * the friends are read again when they are used.
   */
  #mayShowOldNames = false;
  /** The readings in progress. The object is replaced when a session begins and when it ends. */
  #readings: Readings = {};

  constructor(private readonly around: Surroundings) {}

  /** The number of unread messages over all conversations. */
  get unread(): number {
    return this.#unread;
  }

  /** Returns the conversation with a user; undefined if it was not read. */
  conversation(peer: string): ConversationJson | undefined {
    const { shown, rows } = this.#lists.conversations;
    return shown?.get(peer) ?? rows.get(peer)?.value;
  }

  /** The profile of this user, a friend, or the peer of a conversation. */
  profile(user: string): ProfileJson | undefined {
    return user === this.around.self()
      ? this.#lists.profile
      : (this.#lists.friends.shown?.get(user)?.profile ?? this.conversation(user)?.profile);
  }

  get shownConversations(): ConversationJson[] {
    return fold.inOrder(fold.visible(this.#lists.conversations));
  }

  get shownFriends(): FriendJson[] {
    return fold.visible(this.#lists.friends);
  }

  /** The userIDs on the block list, in ascending order. */
  get shownBlocked(): string[] {
    return fold.visible(this.#lists.blocked).map(userOf).sort();
  }

  /** Returns the conversations. Reads them if they were not read yet. */
  async conversations(): Promise<ConversationJson[]> {
    this.#catchUpAgain();
    if (this.#lists.conversations.shown === null || this.#readings.conversations !== undefined) {
      await this.#readConversations();
    }
    return this.shownConversations;
  }

  /** Returns the friends. Reads them if they were not read yet. */
  async friends(): Promise<FriendJson[]> {
    this.#catchUpAgain();
    if (this.#lists.friends.shown === null || this.#readings.friends !== undefined || this.#mayShowOldNames) {
      this.#mayShowOldNames = false;
      await this.#readFriends();
    }
    return this.shownFriends;
  }

  /** Returns the userIDs on the block list. Reads them if they were not read yet. */
  async blocked(): Promise<string[]> {
    this.#catchUpAgain();
    if (this.#lists.blocked.shown === null || this.#readings.blocked !== undefined) {
      await this.#readBlocked();
    }
    return this.shownBlocked;
  }

  /** Returns the user's visibility, which is read together with the block list. */
  async visibility(): Promise<VisibilityJson> {
    await this.blocked();
    return this.#lists.visibility?.value ?? "VISIBILITY_UNSPECIFIED";
  }

  // Events of the connection.

  /** Handles a login. `again` is true for a reconnect and for a renewed UserSig. */
  connected(told: LoginResponseJson, again: boolean): void {
    if (!again) {
      this.ended();
      if (Number(told.listsVersion ?? 0) === 0) {
        this.#lists = fold.EMPTY;
      } else {
        // The number of unread messages must be available without a call of the application.
        this.#inBackground("reading the conversations", this.#readConversations());
      }
    } else {
      this.#mayShowOldNames = this.#lists.friends.shown !== null;
      this.#catchUpAgain();
    }
  }

  /** Handles the end of the session. */
  ended(): void {
    this.#lists = fold.UNKNOWN;
    this.#behind = null;
    this.#mayShowOldNames = false;
    this.#unread = 0;
    this.#readings = {};
  }

  /** Handles changes that the server sends. */
  changed(told: ListsChangedJson): void {
    const version = Number(told.listsVersion ?? 0);
    const before = this.#lists;
    this.#edit(told, version);
    const messages = told.messages ?? [];
    messages.forEach((message) => this.#behind?.told.add(fold.placeOf(message)));
    this.#tellOf(before, messages);
    if (this.#lists.conversations.shown === null && told.totalUnread !== undefined) {
      this.#setUnread(told.totalUnread);
    }
  }

  /** Applies the changes in the answer to a call of this client. */
  learn(told: Omit<ListsChangedJson, "messages">, listsVersion: string | undefined): void {
    const version = Number(listsVersion ?? 0);
    const before = this.#lists;
    this.#edit(told, version);
    this.#tellOf(before, []);
  }

  /** Handles a message of this client that the server has stored. */
  sent(message: MessageJson, listsVersion: string | undefined): void {
    const peer = message.to ?? "";
    const version = Number(listsVersion ?? 0);
    const before = this.#lists;
    if (!before.conversations.rows.has(peer)) {
      // The conversation is now at the top, so no later page of the reading contains it.
      readAgain(this.#readings.conversations);
      readAgain(this.#behind);
    }
    this.#lists = { ...before, conversations: fold.withSent(before, message, version) };
    this.#tellOf(before, []);
    if (this.#lists.conversations.rows.get(peer)?.value.profile === undefined) {
      this.#inBackground("reading the profile of a new peer", this.#readProfile(peer));
    }
  }

  /** Stores the user's own profile after it was read. */
  learnProfile(profile: ProfileJson): void {
    this.#lists = { ...this.#lists, profile };
  }

  // Changes of the lists.

  #edit(told: Omit<ListsChangedJson, "messages">, version: number): void {
    const { conversations, friends, blocked, profile } = this.#lists;
    const rows = fold.put(conversations, byPeer(told.conversations), version);
    const strangers = (told.deletedFriends ?? []).map((userId): FriendJson => ({ userId }));
    const changed = [...(told.friends ?? []), ...strangers];
    const edited: Lists = {
      ...this.#lists,
      profile: told.profile ?? profile,
      conversations: fold.drop(fold.withFriends(rows, changed, version), told.deletedConversations ?? [], version),
      friends: fold.drop(fold.put(friends, byUser(told.friends), version), told.deletedFriends ?? [], version),
      blocked: fold.drop(fold.put(blocked, byUser(told.blocked), version), told.unblocked ?? [], version),
    };
    this.#lists = fold.withProfiles(edited, told.profiles ?? []);
    this.#learnVisibility(told.visibility, version);
    if (blocked.shown === null && (told.blocked ?? told.unblocked) !== undefined) {
      // The event has the whole list, which is not known yet.
      this.#inBackground(
        "reading the block list",
        this.#readBlocked().then(() => {
          this.around.onBlocked();
        }),
      );
    }
    // A page that the server wrote before this change may arrive after it, with the old name.
    if (changed.length > 0 || told.profiles !== undefined) {
      readAgain(this.#readings.conversations);
    }
    if (told.profiles !== undefined) {
      readAgain(this.#readings.friends);
    }
  }

  #learnVisibility(value: VisibilityJson | undefined, version: number, isFirst = false): void {
    const known = this.#lists.visibility;
    if (value !== undefined && (known?.version ?? 0) <= version) {
      this.#lists = { ...this.#lists, visibility: { value, version } };
      if (!isFirst && known?.value !== value) {
        this.around.onVisibility(value);
      }
    }
  }

  #tellOf(before: Lists, messages: readonly MessageJson[]): void {
    const { friends, conversations, blocked, profile } = this.#lists;
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
    if (blocked.shown !== null && blocked.shown !== before.blocked.shown) {
      this.around.onBlocked();
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

  /** Repeats the catch-up if an earlier attempt has failed. */
  #catchUpAgain(): void {
    if (this.#behind?.isRunning === false) {
      this.outdated();
    }
  }

  /**
   * Starts to catch up, because the server could not send some changes: reads again the lists that were read before,
   * and reads missed messages.
   */
  outdated(): void {
    const behind = (this.#behind ??= { heads: null, told: new Set(), isRunning: false, again: false });
    behind.heads ??= this.#lists.conversations.shown;
    [behind, ...Object.values(this.#readings)].forEach(readAgain);
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
          try {
            await this.#tellMissed(heads, behind.told);
          } catch (error) {
            // The next catch-up begins at the older heads. `told` prevents that it repeats messages.
            behind.heads = heads;
            throw error;
          }
        }
      } while (!isDone());
      if (this.#behind === behind) {
        this.#behind = null;
      }
    } finally {
      behind.isRunning = false;
    }
  }

  async #readAgain(): Promise<void> {
    const { profile } = this.#lists;
    const isUsed = (name: ListName) => this.#readings[name] !== undefined || this.#lists[name].shown !== null;
    const reads: Promise<void>[] = [];
    if (isUsed("conversations")) {
      reads.push(this.#readConversations());
    }
    if (isUsed("friends")) {
      reads.push(this.#readFriends());
    }
    // The answer has the visibility too, which may be known without the block list.
    if (isUsed("blocked") || this.#lists.visibility !== undefined) {
      reads.push(this.#readBlocked());
    }
    if (profile !== undefined) {
      reads.push(this.#readProfile(this.around.self()));
    }
    await Promise.all(reads);
  }

  /**
   * Reads the conversations. When they are read for the first time, each page is reported, so that it is shown at
   * once.
   */
  #readConversations(): Promise<void> {
    let told = 0;
    return this.#read("conversations", async (cursor) => {
      const limit = cursor === "" ? FIRST_ROWS : MOST_ROWS;
      const { next = "" } = await this.around.call("getConversationList", { cursor, limit }, (page) => {
        const table = this.#put("conversations", byPeer(page.conversations), page);
        // If the reading began again, the list is reported only once it has more rows than were reported before.
        if (table.shown === null && (page.next ?? "") !== "" && table.rows.size > told) {
          told = table.rows.size;
          this.around.onConversations();
          this.#setUnread(page.totalUnread ?? 0);
        }
      });
      return next;
    });
  }

  #readFriends(): Promise<void> {
    return this.#read("friends", async (after) => {
      const page = await this.around.call("getFriendList", { after, limit: MOST_ROWS }, (read) => {
        this.#put("friends", byUser(read.friends), read);
      });
      return page.finished === true ? "" : (page.friends?.at(-1)?.userId ?? "");
    });
  }

  #readBlocked(): Promise<void> {
    return this.#read("blocked", async () => {
      await this.around.call("getBlockList", {}, (read) => {
        const isFirst = this.#lists.visibility === undefined;
        this.#put("blocked", byUser(read.blocked), read);
        this.#learnVisibility(read.visibility, Number(read.listsVersion ?? 0), isFirst);
      });
      return "";
    });
  }

  /** Adds the rows of a page, and returns the changed list. */
  #put<K extends ListName>(name: K, rows: [string, Rows[K]][], page: { listsVersion?: string }): Table<Rows[K]> {
    const table = fold.putPage(this.#lists[name], rows, Number(page.listsVersion ?? 0));
    this.#lists = { ...this.#lists, [name]: table };
    return table;
  }

  /**
   * Reads a list page by page. `readPage` reads the page at a position, and returns the position of the next page.
   * Callers at the same time share one reading.
   */
  #read<K extends ListName>(name: K, readPage: (from: string) => Promise<string>): Promise<void> {
    const readings = this.#readings;
    const reading = (readings[name] ??= { again: false, done: Promise.resolve().then(() => run()) });
    const isCurrent = () => !reading.again;
    const run = async () => {
      try {
        let calls = 0;
        do {
          reading.again = false;
          this.#lists = { ...this.#lists, [name]: fold.beginReading<Rows[K]>(this.#lists[name]) };
          let from = "";
          do {
            await this.#pause(readings, calls++);
            from = await readPage(from);
            this.#expectCurrent(readings);
          } while (from !== "" && isCurrent());
          if (isCurrent()) {
            const before = this.#lists;
            this.#lists = { ...before, [name]: fold.endReading<Rows[K]>(before[name]) };
            // The first reading of the other lists is not reported, because their callers get it as their result.
            if (name === "conversations" || before[name].shown !== null) {
              this.#tellOf(before, []);
            }
          }
        } while (!isCurrent());
      } finally {
        readings[name] = undefined;
      }
    };
    return reading.done;
  }

  /**
   * Must be called before each call that a reading of a list, or a search for missed messages, makes. `calls` is the
   * number of calls that this reading or search has already made. If it is at least `AT_ONCE`, waits for `PAUSE`.
   * Throws an error if the session has ended; `readings` are those of the session.
   */
  async #pause(readings: Readings, calls: number): Promise<void> {
    if (calls >= AT_ONCE) {
      await this.around.pause(PAUSE);
    }
    this.#expectCurrent(readings);
  }

  #expectCurrent(readings: Readings): void {
    if (readings !== this.#readings) {
      throw new ChatError(refused("NOT_LOGGED_IN"));
    }
  }

  /** Reads the profile of the user, or of a peer whose conversation has no profile. */
  async #readProfile(user: string): Promise<void> {
    const { profiles } = await this.around.call("getUsersInfo", { userIds: [user] });
    const profile = profiles?.[0];
    if (profile !== undefined) {
      const before = this.#lists;
      const apply = (row: ConversationJson) => ({ profile, ...row });
      this.#lists =
        user === this.around.self()
          ? { ...before, profile }
          : { ...before, conversations: fold.revise(before.conversations, user, apply) };
      this.#tellOf(before, []);
    }
  }

  /** Reads and reports the messages that were sent while the link was broken, the oldest first. */
  async #tellMissed(heads: CatchUp["heads"], told: Set<string>): Promise<void> {
    const readings = this.#readings;
    const missed: MessageJson[] = [];
    let calls = 0;
    for (const [peer, { lastMessage }] of heads === null ? [] : (this.#lists.conversations.shown ?? [])) {
      const head = sequenceOf(heads?.get(peer)?.lastMessage);
      let left = sequenceOf(lastMessage) > head ? MOST_MISSED : 0;
      let before = "0";
      while (left > 0) {
        await this.#pause(readings, calls++);
        const page = await this.around.call("getHistory", { peer, before, limit: HISTORY_PAGE });
        const messages = page.messages ?? [];
        const newer = messages.filter((message) => sequenceOf(message) > head);
        missed.push(...newer);
        before = newer.at(-1)?.sequence ?? "0";
        const isFinished = page.finished === true || newer.length === 0 || newer.length < messages.length;
        left = isFinished ? 0 : left - newer.length;
      }
    }
    const news = missed.filter((message) => !told.has(fold.placeOf(message)));
    news.forEach((message) => told.add(fold.placeOf(message)));
    this.#tellMessages(news.sort(byTime));
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

function byUser<T extends FriendJson | BlockedUserJson>(rows: readonly T[] | undefined): [string, T][] {
  return (rows ?? []).map((row) => [userOf(row), row]);
}

function userOf({ userId = "" }: FriendJson | BlockedUserJson): string {
  return userId;
}

function readAgain(reading: { again: boolean } | null | undefined): void {
  if (reading) {
    reading.again = true;
  }
}

function sequenceOf(message: MessageJson | undefined): number {
  return Number(message?.sequence ?? 0);
}

function byTime(one: MessageJson, other: MessageJson): number {
  return Number(one.time ?? 0) - Number(other.time ?? 0) || sequenceOf(one) - sequenceOf(other);
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
