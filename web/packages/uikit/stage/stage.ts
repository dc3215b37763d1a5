/**
 * A client with the methods of the SDK. It simulates the server in the page: people, their acts, and a record of all
 * calls. The examples of the documentation use this client, so they work without a network. Tests that need fixed data
 * also use it.
 */

import { EVENT } from "@lamplight/chat";
import type {
  Abilities,
  ChatClient,
  Conversation,
  Friend,
  Message,
  Profile,
  StatusType,
  UserStatus,
  Visibility,
} from "../src/client.js";

export interface Person {
  readonly id: string;
  readonly nick: string;
  readonly avatar?: string;
  readonly remark?: string;
  readonly status?: StatusType;
  readonly says?: string;
  /** The time until the end of the custom status, in seconds; undefined if it has no end. */
  readonly saysFor?: number;
}

export interface Talk {
  readonly with: Person;
  readonly text: string;
  /** The time since the message, in minutes. */
  readonly ago: number;
  readonly unread?: number;
  readonly pinned?: boolean;
  readonly draft?: string;
}

export interface Scene {
  readonly self: string;
  readonly friends: readonly Person[];
  readonly talks: readonly Talk[];
  /** The current time of the scene, in milliseconds since 1970 (UTC). */
  readonly now: number;
  /** For each peer: the messages of the conversation, the oldest first. */
  readonly messages?: Readonly<Record<string, readonly Message[]>>;
  readonly limit?: number;
  /** The userIDs on the block list. */
  readonly blocked?: readonly string[];
  /** The refusal of calls about the statuses of others; undefined if they are allowed. */
  readonly refusal?: { readonly code: number; readonly message: string };
  /** `pending`: reading the lists never ends. `failing`: reading the lists fails. */
  readonly lists?: "pending" | "failing";
}

/** A call that was recorded, with the users in it. */
export interface Made {
  readonly call: string;
  readonly users: readonly string[];
}

const PAGE = 15;

/** The number of seconds up to which a timer of a browser can wait. */
const MOST_TIMER = 2_147_483;

export class Stage implements ChatClient {
  readonly calls: Made[] = [];
  readonly sent: string[] = [];
  /** The parameters of each call that set the user's own status. */
  readonly said: { readonly customStatus: string; readonly expiresIn: number }[] = [];
  refusal: Scene["refusal"];
  subscriptions: string[] = [];
  #isReady = true;
  #self: string;
  #friends: Friend[];
  #conversations: Conversation[];
  #statuses = new Map<string, UserStatus>();
  #version = 1;
  #messages: Record<string, Message[]>;
  readonly #failed: Message[] = [];
  #abilities: Abilities | null = null;
  #made = 0;
  #blocked: string[];
  #visibility: Visibility = "everyone";
  /** Whether calls about the block list and the visibility fail. */
  isRefusing = false;
  #ending: ReturnType<typeof setTimeout> | undefined;
  readonly #scene: Scene;
  readonly #handlers = new Map<string, ((event: never) => unknown)[]>();

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#self = scene.self;
    this.refusal = scene.refusal;
    this.#blocked = [...(scene.blocked ?? [])].sort();
    this.#friends = scene.friends.map(friendOf);
    this.#conversations = scene.talks.map((talk) => conversationOf(talk, scene.now));
    this.#messages = Object.fromEntries(Object.entries(scene.messages ?? {}).map(([id, list]) => [id, [...list]]));
    [...scene.friends, ...scene.talks.map(({ with: person }) => person)].forEach(
      ({ id, status = 3, says = "", saysFor }) => {
        const end = saysFor === undefined ? {} : { customExpires: scene.now + saysFor * 1_000 };
        this.#statuses.set(id, { userID: id, statusType: status, customStatus: says, version: "1", ...end });
      },
    );
    this.#statuses.set(scene.self, { userID: scene.self, statusType: 1, customStatus: "", version: "1" });
  }

  // Actions of the people in the scene.

  /** Changes the status of a user. The client is notified if it has subscribed to the user. */
  becomes(user: string, statusType: StatusType, customStatus = "", more: Partial<UserStatus> = {}): UserStatus {
    const status = this.silently(user, statusType, customStatus, more);
    if (user === this.#self || this.subscriptions.includes(user)) {
      this.emit(EVENT.USER_STATUS_UPDATED, [status]);
    }
    return status;
  }

  /**
   * Changes the status of a user without a notification of the client, as if the server had no connection to the
   * client.
   */
  silently(user: string, statusType: StatusType, customStatus: string, more: Partial<UserStatus> = {}): UserStatus {
    this.#version += 1;
    const status = { userID: user, statusType, customStatus, version: `${this.#version}`, ...more };
    this.#statuses.set(user, status);
    return status;
  }

  /** Sends a message of a user to the client. */
  writes(user: string, text: string, now: number): void {
    const list = (this.#messages[user] ??= []);
    const message = messageOf({ id: `${user}-${list.length}-${now}`, user, text, flow: "in", at: now });
    list.push(message);
    this.emit(EVENT.MESSAGE_RECEIVED, [message]);
    this.#said(user, text, now, 1);
  }

  /** Reports that messages were stored after all, although they were marked as failed. */
  arrives(user: string, text: string): void {
    const arrived = this.#failed.filter(({ payload }) => payload.text === text);
    const done = arrived.map((message) => ({ ...message, status: "success" }));
    (this.#messages[user] ??= []).push(...done);
    this.emit(EVENT.MESSAGE_MODIFIED, done);
  }

  /** Changes the app's switch of statuses and the length of a custom status, and notifies the client. */
  allow(statusesOfOthers: boolean, customStatusBytes = 100): void {
    this.refusal = statusesOfOthers ? undefined : { code: 72001, message: "off" };
    this.#abilities = {
      statusesOfOthers,
      refusalCode: statusesOfOthers ? 0 : 72001,
      queryBatch: 500,
      subscribeBatch: 100,
      unsubscribeBatch: 100,
      customStatusBytes,
    };
    this.emit(EVENT.ABILITIES_UPDATED, this.#abilities);
  }

  /** Blocks or unblocks users, as another device does. */
  blocks(users: readonly string[], isBlocked = true): void {
    const others = this.#blocked.filter((user) => !users.includes(user));
    this.#blocked = isBlocked ? [...others, ...users].sort() : others;
    this.emit(EVENT.BLACKLIST_UPDATED, [...this.#blocked]);
  }

  /** Sets the visibility, as another device does. */
  showsTo(visibility: Visibility): void {
    this.#visibility = visibility;
    this.emit(EVENT.VISIBILITY_UPDATED, visibility);
  }

  /** Changes the state of the connection. */
  net(state: "connected" | "connecting" | "disconnected"): void {
    this.emit(EVENT.NET_STATE_CHANGE, { state });
  }

  emit(name: string, data: unknown): void {
    (this.#handlers.get(name) ?? []).forEach((handler) => handler({ name, data } as never));
  }

  logIn(self: string): void {
    this.#self = self;
    this.#isReady = true;
    this.emit(EVENT.SDK_READY, undefined);
  }

  logOut(): void {
    this.#isReady = false;
    this.emit(EVENT.SDK_NOT_READY, undefined);
  }

  setConversations(talks: readonly Talk[]): void {
    this.#conversations = talks.map((talk) => conversationOf(talk, this.#scene.now));
    this.emit(EVENT.CONVERSATION_LIST_UPDATED, [...this.#conversations]);
  }

  // The methods of the SDK.

  on(name: string, handler: (event: never) => unknown): void {
    this.#handlers.set(name, [...(this.#handlers.get(name) ?? []), handler]);
  }

  off(name: string, handler: (event: never) => unknown): void {
    this.#handlers.set(
      name,
      (this.#handlers.get(name) ?? []).filter((one) => one !== handler),
    );
  }

  isReady(): boolean {
    return this.#isReady;
  }

  getLoginUser(): string {
    return this.#self;
  }

  reconnect(): void {
    this.#note("reconnect", []);
  }

  getFriendList(): Promise<{ data: Friend[] }> {
    return this.#list(() => [...this.#friends]);
  }

  getConversationList(): Promise<{ data: { conversationList: Conversation[] } }> {
    return this.#list(() => ({ conversationList: [...this.#conversations] }));
  }

  pinConversation({ conversationID, isPinned }: { conversationID: string; isPinned: boolean }): Promise<unknown> {
    this.#note("pinConversation", [conversationID]);
    this.#change(conversationID, { isPinned });
    return Promise.resolve();
  }

  deleteConversation(conversationID: string): Promise<unknown> {
    this.#note("deleteConversation", [conversationID]);
    this.#conversations = this.#conversations.filter((one) => one.conversationID !== conversationID);
    this.emit(EVENT.CONVERSATION_LIST_UPDATED, [...this.#conversations]);
    return Promise.resolve();
  }

  setMessageRead({ conversationID }: { conversationID: string }): Promise<unknown> {
    this.#note("setMessageRead", [conversationID]);
    this.#change(conversationID, { unreadCount: 0 });
    return Promise.resolve();
  }

  getMessageList({ conversationID, nextReqMessageID }: { conversationID: string; nextReqMessageID?: string }) {
    const all = this.#messages[conversationID.slice(3)] ?? [];
    const end = nextReqMessageID === undefined ? all.length : all.findIndex(({ ID }) => ID === nextReqMessageID);
    const begin = Math.max(0, end - PAGE);
    return Promise.resolve({
      data: {
        messageList: all.slice(begin, end),
        nextReqMessageID: all[begin]?.ID ?? "",
        isCompleted: begin === 0,
      },
    });
  }

  createTextMessage({ to, payload }: { to: string; payload: { text: string } }): Message {
    if (!this.#isReady) {
      throw Object.assign(new Error("not logged in"), { code: 6014 });
    }
    const id = `${this.#self}-${(this.#made += 1)}`;
    return { ...messageOf({ id, user: to, text: payload.text, flow: "out", at: 0 }), status: "unSend" };
  }

  sendMessage(message: never): Promise<{ data: { message: Message } }> {
    const { payload, conversationID, ID } = message as Message;
    const text = payload.text ?? "";
    const user = conversationID.slice(3);
    if (text.includes("[blocked]")) {
      return Promise.reject(Object.assign(new Error("blocked by the recipient"), { code: 20007 }));
    }
    if (text.includes("[fail]")) {
      this.#failed.push(message);
      return Promise.reject(new Error("no connection to the server"));
    }
    this.sent.push(text);
    const done = { ...messageOf({ id: ID, user, text, flow: "out", at: this.#scene.now }), status: "success" };
    (this.#messages[user] ??= []).push(done);
    this.#said(user, text, this.#scene.now, 0);
    return Promise.resolve({ data: { message: done } });
  }

  /** Sets the user's own custom status. Ends it when the server would end it. */
  setSelfStatus({ customStatus, expiresIn = 0 }: { customStatus: string; expiresIn?: number }) {
    this.said.push({ customStatus, expiresIn });
    if (customStatus.includes("[fail]")) {
      return Promise.reject(new Error("no connection to the server"));
    }
    clearTimeout(this.#ending);
    if (expiresIn > 0 && expiresIn < MOST_TIMER) {
      this.#ending = setTimeout(() => {
        this.becomes(this.#self, 1, "", { reason: "custom_expired" });
      }, expiresIn * 1_000);
    }
    const end = expiresIn > 0 ? { customExpires: Date.now() + expiresIn * 1_000 } : {};
    return Promise.resolve({ data: this.becomes(this.#self, 1, customStatus, { reason: "custom", ...end }) });
  }

  getUserStatus({ userIDList }: { userIDList: string[] }) {
    this.#note("getUserStatus", userIDList);
    return this.#gated(() => ({
      successUserList: userIDList.flatMap((user) => this.#statuses.get(user) ?? []),
      failureUserList: userIDList
        .filter((userID) => !this.#statuses.has(userID))
        .map((userID) => ({ userID, code: 70107, message: "no such account" })),
    }));
  }

  subscribeUserStatus({ userIDList }: { userIDList: string[] }) {
    this.#note("subscribeUserStatus", userIDList);
    return this.#gated(() => {
      const found = userIDList.filter((user) => this.#statuses.has(user));
      const missing = userIDList.filter((user) => !this.#statuses.has(user));
      this.subscriptions = [...this.subscriptions.filter((user) => !found.includes(user)), ...found];
      const over = this.subscriptions.length - (this.#scene.limit ?? 200);
      const evicted = over > 0 ? this.subscriptions.splice(0, over) : [];
      return {
        failureUserList: missing.map((userID) => ({ userID, code: 70107, message: "no such account" })),
        evictedUserIDList: evicted,
      };
    });
  }

  unsubscribeUserStatus({ userIDList = [] }: { userIDList: string[] | undefined }) {
    this.#note("unsubscribeUserStatus", userIDList);
    return this.#gated(() => {
      this.subscriptions = this.subscriptions.filter((user) => userIDList.length > 0 && !userIDList.includes(user));
      return { failureUserList: [] };
    });
  }

  getSubscriptions() {
    this.#note("getSubscriptions", []);
    return this.#gated(() => ({ userIDList: [...this.subscriptions], limit: this.#scene.limit ?? 200 }));
  }

  getBlacklist(): Promise<{ data: string[] }> {
    this.#note("getBlacklist", []);
    return this.#list(() => [...this.#blocked]);
  }

  async addToBlacklist({ userIDList }: { userIDList: string[] }): Promise<unknown> {
    this.#note("addToBlacklist", userIDList);
    await this.#refuse();
    this.blocks(userIDList);
    return { data: userIDList };
  }

  async removeFromBlacklist({ userIDList }: { userIDList: string[] }): Promise<unknown> {
    this.#note("removeFromBlacklist", userIDList);
    await this.#refuse();
    this.blocks(userIDList, false);
    return { data: userIDList };
  }

  getUserProfile({ userIDList }: { userIDList: string[] }): Promise<{ data: Profile[] }> {
    this.#note("getUserProfile", userIDList);
    return Promise.resolve({
      data: userIDList.map((userID) => ({ userID, nick: `Nick of ${userID}`, avatar: "" })),
    });
  }

  getVisibility(): Promise<{ data: Visibility }> {
    this.#note("getVisibility", []);
    return Promise.resolve({ data: this.#visibility });
  }

  async setVisibility(visibility: Visibility): Promise<unknown> {
    this.#note("setVisibility", [visibility]);
    await this.#refuse();
    this.showsTo(visibility);
    return { data: visibility };
  }

  #refuse(): Promise<void> {
    return this.isRefusing ? Promise.reject(new Error("no connection to the server")) : Promise.resolve();
  }

  getAbilities(): Abilities | null {
    return this.#abilities;
  }

  #gated<T>(answer: () => T): Promise<{ data: T }> {
    return this.refusal === undefined
      ? Promise.resolve({ data: answer() })
      : Promise.reject(Object.assign(new Error(this.refusal.message), { code: this.refusal.code }));
  }

  #list<T>(answer: () => T): Promise<{ data: T }> {
    if (this.#scene.lists === "pending") {
      return new Promise(() => undefined);
    }
    return this.#scene.lists === "failing"
      ? Promise.reject(new Error("no connection to the server"))
      : Promise.resolve({ data: answer() });
  }

  #note(call: string, users: readonly string[]): void {
    this.calls.push({ call, users: [...users] });
  }

  #said(user: string, text: string, at: number, unread: number): void {
    const id = `C2C${user}`;
    const person = this.#friends.find(({ userID }) => userID === user);
    const held = this.#conversations.find(({ conversationID }) => conversationID === id);
    const before = held ?? {
      ...conversationOf({ with: { id: user, nick: person?.profile.nick ?? user }, text, ago: 0 }, at),
      unreadCount: 0,
    };
    const now = {
      ...before,
      unreadCount: before.unreadCount + unread,
      lastMessage: { lastTime: Math.floor(at / 1000), fromAccount: user, messageForShow: text },
    };
    this.#conversations = [now, ...this.#conversations.filter(({ conversationID }) => conversationID !== id)];
    this.emit(EVENT.CONVERSATION_LIST_UPDATED, [...this.#conversations]);
  }

  #change(conversationID: string, change: Partial<Conversation>): void {
    this.#conversations = this.#conversations.map((one) =>
      one.conversationID === conversationID ? { ...one, ...change } : one,
    );
    this.emit(EVENT.CONVERSATION_LIST_UPDATED, [...this.#conversations]);
  }
}

/** Creates a message in the form of the SDK. */
export function messageOf({
  id,
  user,
  text,
  flow,
  at,
}: {
  readonly id: string;
  readonly user: string;
  readonly text: string;
  readonly flow: "in" | "out";
  readonly at: number;
}): Message {
  return {
    ID: id,
    conversationID: `C2C${user}`,
    payload: { text },
    flow,
    time: Math.floor(at / 1000),
    status: "success",
    from: flow === "in" ? user : "",
  };
}

function friendOf({ id, nick, avatar = "", remark = "" }: Person): Friend {
  return { userID: id, remark, profile: { userID: id, nick, avatar } };
}

function conversationOf(talk: Talk, now: number): Conversation {
  const { id, nick, avatar = "", remark = "" } = talk.with;
  return {
    conversationID: `C2C${id}`,
    type: "C2C",
    unreadCount: talk.unread ?? 0,
    lastMessage: { lastTime: Math.floor(now / 1000) - talk.ago * 60, fromAccount: id, messageForShow: talk.text },
    userProfile: { userID: id, nick, avatar },
    remark,
    isPinned: talk.pinned ?? false,
    draftText: talk.draft ?? "",
  };
}
