/**
 * The client with the API of the cloud's SDK. It uses the client of `@lamplight/chat`, and adds the differences of
 * the cloud's SDK.
 */

import { Chat } from "../api/chat.js";
import { EVENT, TYPES } from "../api/constants.js";
import { Emitter, type EventData, type EventName, type Handler } from "../api/emitter.js";
import { Log, type LogLevel } from "../api/log.js";
import { options as parameters, wrong } from "../api/parameters.js";
import * as shapes from "../api/shapes.js";
import { ChatError, isRefusal } from "../machine/errors.js";
import { EMPTY, REJECTED, UNSENDABLE } from "./absent.js";
import { compatible, CompatError, notLoggedIn, notSupported } from "./errors.js";
import { findServer } from "./server.js";
import type { Calls, CreateOptions, Message as AnyMessage, MessageOptions as AnyMessageOptions } from "./types.js";

/** The calls that are passed to the client unchanged. */
const PASSED = [
  "setSelfStatus",
  "getUserStatus",
  "subscribeUserStatus",
  "unsubscribeUserStatus",
  "getMyProfile",
  "getUserProfile",
  "updateMyProfile",
  "getFriendList",
  "addFriend",
  "deleteFriend",
  "checkFriend",
  "getFriendProfile",
  "updateFriend",
  "getBlacklist",
  "addToBlacklist",
  "removeFromBlacklist",
  "getVisibility",
  "setVisibility",
  "deleteConversation",
  "pinConversation",
  "setMessageRead",
  "setAllMessageRead",
] as const satisfies readonly (keyof Chat & keyof Calls)[];

/** The maximum number of messages that are kept for `findMessage`. A further message replaces the oldest one. */
const MOST_FOUND = 1_000;
/** The maximum number of drafts. A further draft replaces the oldest one. */
const MOST_DRAFTS = 200;

/** The bit of the feature "user status" in the cloud's API: 2 to the power of 7. */
const USER_STATUS_FEATURE = 2 ** 7;
/** The name of the module for friends in the cloud's API. Lamplight has no module for groups. */
const RELATIONSHIP_MODULE = "relationship-module";
/** The cloud's code for a call with an unknown key. */
const INVALID_OPERATION = 2905;
/** The cloud's code for a call of a destroyed client. */
const DESTROYED = 2999;

/** The existing clients, by the number of their app. */
const clients = new Map<number, Calls>();

/** Creates the client of an app, or returns the existing one. */
export function createClient(options: CreateOptions): Calls {
  const { SDKAppID: given, proxyServer } = parameters(options);
  const app = typeof given === "number" ? given : Number.parseInt(given, 10);
  const known = clients.get(app);
  if (known !== undefined) {
    return known;
  }
  // The server address is checked first, so that a wrong address creates no client.
  const server = findServer(proxyServer);
  const chat = new Chat({ SDKAppID: app, server });
  const client = new Client(app, chat) as unknown as Calls;
  clients.set(app, client);
  return client;
}

/** A filter of conversations. It matches none, because Lamplight has no groups, marks or mentions. */
interface ConversationFilter {
  groupName?: unknown;
  markType?: unknown;
  hasGroupAtInfo?: unknown;
}

/** A message, as in the cloud's typings, but with strings in place of `any` and of enum types. */
type Message = Record<
  keyof Pick<
    AnyMessage,
    "type" | "conversationType" | "conversationID" | "ID" | "from" | "to" | "status" | "nick" | "avatar"
  >,
  string
> & {
  payload: unknown;
};
type MessageOptions = Record<keyof Pick<AnyMessageOptions, "to" | "conversationType">, string> & {
  payload: unknown;
  cloudCustomData?: string;
};

type Call = (...given: never[]) => Promise<unknown>;

/** The types of messages that can be sent. `sendMessage` rejects messages of other types. */
type SentType = typeof TYPES.MSG_TEXT | typeof TYPES.MSG_CUSTOM;

function isSent(type: string): type is SentType {
  return type === TYPES.MSG_TEXT || type === TYPES.MSG_CUSTOM;
}

class Client {
  readonly #log = new Log();
  readonly #emitter = new Emitter(this.#log);
  /** Whether `SDK_READY` was emitted. `coming`: the login has succeeded, and its promise will resolve soon. */
  #ready: "no" | "coming" | "yes" = "no";
  #isDestroyed = false;
  /** The messages for `findMessage`, the oldest first. */
  readonly #found = new Map<string, Message>();
  readonly #drafts = new Map<string, string>();
  #made = 0;
  #hasWarned = false;

  constructor(
    private readonly app: number,
    private readonly chat: Chat,
  ) {
    const own = this as unknown as Record<string, unknown>;
    for (const name of PASSED) {
      own[name] = this.#guarded(name, (...given) => (chat[name] as Call)(...given));
    }
    for (const [name, empty] of Object.entries(EMPTY)) {
      own[name] = this.#guarded(name, (options) => Promise.resolve({ code: 0, data: empty(options) }));
    }
    for (const name of REJECTED) {
      own[name] = this.#guarded(name, () => Promise.reject(notSupported(name)));
    }
    for (const [name, type] of Object.entries(UNSENDABLE)) {
      own[name] = (options: MessageOptions) => this.#message(type, options);
    }
    // The methods are bound, because programs use calls without the client: `const { login } = chat`.
    for (const name of Object.getOwnPropertyNames(Client.prototype)) {
      const method: unknown = Reflect.get(this, name);
      if (name !== "constructor" && typeof method === "function") {
        own[name] = (method as (...given: unknown[]) => unknown).bind(this);
      }
    }
    this.#listen();
  }

  // The session.

  /**
   * Logs in. If credentials are missing, throws an error instead of returning a rejected promise, like the cloud's
   * SDK.
   */
  login(options: { userID: string; userSig: string }): Promise<unknown> {
    const { userID, userSig } = parameters(options);
    if (typeof userID !== "string" || typeof userSig !== "string") {
      throw wrong("userID and userSig must be strings");
    }
    return this.#login(userID, userSig);
  }

  async #login(userID: string, userSig: string): Promise<unknown> {
    if (this.#isDestroyed) {
      throw new CompatError({
        code: DESTROYED,
        message: "login: this client was destroyed; make another with create",
      });
    }
    try {
      return await this.chat.login({ userID, userSig });
    } catch (error) {
      throw compatible(error);
    } finally {
      // `SDK_READY` is emitted after the promise has resolved, so that a program that only then adds a listener gets
      // the event.
      setTimeout(() => {
        this.#becomeReady();
      });
    }
  }

  #becomeReady(): void {
    if (this.#ready === "coming" && !this.#isDestroyed) {
      this.#ready = "yes";
      this.#emitter.emit(EVENT.SDK_READY, undefined);
    }
  }

  async logout(): Promise<unknown> {
    try {
      return await this.chat.logout();
    } catch (error) {
      throw error instanceof ChatError && isRefusal(error, "NOT_LOGGED_IN")
        ? notLoggedIn("logout")
        : compatible(error);
    }
  }

  /** Logs out and ends the client. After that, `create` returns a new client. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    if (clients.get(this.app)?.destroy === (this as unknown as Calls).destroy) {
      clients.delete(this.app);
    }
    await this.chat.destroy();
    this.#emitter.clear();
    this.#found.clear();
    this.#drafts.clear();
  }

  isReady(): boolean {
    return this.#ready === "yes";
  }

  getLoginUser(): string {
    return this.chat.getLoginUser();
  }

  getServerTime(): number {
    return this.chat.getServerTime();
  }

  setLogLevel(level: number): void {
    const known = Number.isNaN(level) ? 1 : Math.min(4, Math.max(0, Math.trunc(level)));
    this.chat.setLogLevel(known);
    this.#log.level = known as LogLevel;
  }

  on(name: string, handler: Handler, context?: unknown): void {
    if (typeof handler !== "function") {
      throw wrong("a listener must be a function");
    }
    this.#emitter.on(name, handler, context);
  }

  once(name: string, handler: Handler, context?: unknown): void {
    const hear = (event: never) => {
      this.#emitter.off(name, hear);
      handler.call(context, event);
    };
    this.on(name, hear);
  }

  off(name: string, handler: Handler, context?: unknown): void {
    this.#emitter.off(name, handler, context);
  }

  /** Accepts and ignores a plugin. The plugins of the cloud are for its own uploads, word filters and push. */
  registerPlugin(options: object): void {
    this.#log.info("plugins are accepted but not used", Object.keys(options));
  }

  /** Answers calls with keys that the cloud's own UI kits use. A call with any other key is rejected. */
  callExperimentalAPI(key: string, options?: unknown): unknown {
    switch (key) {
      case "isCommercialAbilityEnabled": {
        const enabled = options === USER_STATUS_FEATURE && this.chat.getAbilities()?.statusesOfOthers === true;
        return Promise.resolve({ code: 0, data: { enabled } });
      }
      case "canIUseModule":
        return [options].flat().every((module) => module === RELATIONSHIP_MODULE);
      case "isIntl":
        return false;
      case "isFeatureEnabledForStat":
      case "statTUIKeyFeatures":
      case "setCustomLoginInfo":
        return undefined;
      default:
        return Promise.reject(
          new CompatError({ code: INVALID_OPERATION, message: `callExperimentalAPI: there is no ${key}` }),
        );
    }
  }

  // Messages.

  /** Creates a text message. A message that is created before a login gets its sender when it is sent. */
  createTextMessage(options: MessageOptions): Message {
    return this.#create(TYPES.MSG_TEXT, options);
  }

  /** Creates a message with content that only the application interprets. This also works before a login. */
  createCustomMessage(options: MessageOptions): Message {
    return this.#create(TYPES.MSG_CUSTOM, options);
  }

  #create(type: SentType, options: MessageOptions): Message {
    const { to, conversationType, payload, cloudCustomData = "" } = parameters(options);
    if (cloudCustomData !== "" && !this.#hasWarned) {
      this.#hasWarned = true;
      this.#log.warn("cloudCustomData is not supported; the message is sent without it");
    }
    if (conversationType !== TYPES.CONV_C2C || this.chat.getLoginUser() === "") {
      return this.#message(type, options);
    }
    return type === TYPES.MSG_CUSTOM
      ? this.chat.createCustomMessage({ to, conversationType, payload: parameters(payload as object) })
      : this.chat.createTextMessage({ to, conversationType, payload: parameters(payload as { text: string }) });
  }

  /** Creates a copy of a message with a text or custom content. Messages of other types cannot be sent. */
  createForwardMessage(options: MessageOptions): Message {
    const { type, payload } = parameters(parameters(options).payload as Message);
    return isSent(type) ? this.#create(type, { ...options, payload }) : this.#message(type, { ...options, payload });
  }

  async sendMessage(message: Message, options?: { onlineUserOnly?: boolean }): Promise<unknown> {
    return await this.#guarded("sendMessage", () => this.#send(message, options), { message })();
  }

  async resendMessage(message: Message, options?: { onlineUserOnly?: boolean }): Promise<unknown> {
    return await this.#guarded("resendMessage", () => this.#send(message, options), { message })();
  }

  async #send(message: Message, options: { onlineUserOnly?: boolean } = {}): Promise<unknown> {
    const { type, conversationType, to, payload, from } = parameters(message);
    const what = !isSent(type)
      ? `sending a ${type}`
      : conversationType !== TYPES.CONV_C2C
        ? "sending to a group"
        : options.onlineUserOnly === true
          ? "a message that is not kept (onlineUserOnly)"
          : undefined;
    if (what !== undefined) {
      message.status = "fail";
      throw notSupported(what, { message });
    }
    if (from === "" && isSent(type)) {
      // The message was created before the login.
      const made = this.#create(type, { to, conversationType, payload });
      const { ID, from: self, nick, avatar } = made;
      Object.assign(message, { ID, from: self, nick, avatar });
    }
    const answer = await this.chat.sendMessage(message as unknown as shapes.Message);
    this.#remember([message]);
    return answer;
  }

  findMessage(messageID: string): Message | null {
    return this.#found.get(messageID) ?? null;
  }

  async getMessageList(options: { conversationID: string; nextReqMessageID?: string }): Promise<unknown> {
    return await this.#guarded("getMessageList", async () => {
      const answer = await this.chat.getMessageList(options);
      this.#remember(answer.data.messageList);
      return answer;
    })();
  }

  // Conversations.

  async getConversationList(wanted?: string[] | (ConversationFilter & object)): Promise<unknown> {
    return await this.#guarded("getConversationList", async () => {
      const answer = await this.chat.getConversationList(wanted as string[]);
      const { groupName, markType, hasGroupAtInfo } = (Array.isArray(wanted) ? undefined : wanted) ?? {};
      const isFoundByNone = groupName !== undefined || markType !== undefined || hasGroupAtInfo === true;
      const conversationList = isFoundByNone ? [] : this.#withDrafts(answer.data.conversationList);
      return { ...answer, data: { ...answer.data, conversationList } };
    })();
  }

  async getConversationProfile(conversationID: string): Promise<unknown> {
    return await this.#guarded("getConversationProfile", () => this.#profile(conversationID))();
  }

  async #profile(conversationID: string): Promise<unknown> {
    const { code, data } = await this.chat.getConversationProfile(conversationID);
    return { code, data: { conversation: this.#withDrafts([data.conversation])[0] } };
  }

  /** Stores a draft in the memory of this page, or removes it if the text is empty. */
  async setConversationDraft(options: { conversationID: string; draftText: string }): Promise<unknown> {
    return await this.#guarded("setConversationDraft", async () => {
      const { conversationID, draftText } = parameters(options);
      if (typeof draftText !== "string") {
        throw wrong("draftText must be a string");
      }
      // The conversation is checked before the draft is stored.
      await this.#profile(conversationID);
      this.#drafts.delete(conversationID);
      if (draftText !== "") {
        keep(this.#drafts, conversationID, draftText, MOST_DRAFTS);
      }
      const { data } = await this.chat.getConversationList();
      this.#emitter.emit(EVENT.CONVERSATION_LIST_UPDATED, this.#withDrafts(data.conversationList));
      return await this.#profile(conversationID);
    })();
  }

  getTotalUnreadMessageCount(): number {
    return this.chat.getTotalUnreadMessageCount();
  }

  // Lamplight has no signalling: no call can be made or received.

  addSignalingListener(): void {
    // The listener would never be called, so it is not stored.
  }

  removeSignalingListener(): void {
    // No listener was added.
  }

  inviteSync(_options: unknown, _done: unknown, failed: (error: unknown) => void): void {
    failed(notSupported("inviteSync"));
  }

  inviteInGroupSync(_options: unknown, _done: unknown, failed: (error: unknown) => void): void {
    failed(notSupported("inviteInGroupSync"));
  }

  getSignalingInfo(): null {
    return null;
  }

  // Private methods.

  /** Wraps a call. The call is rejected if no user is logged in, and its errors have the cloud's form. */
  #guarded(
    name: string,
    call: (...given: never[]) => Promise<unknown>,
    data?: Record<string, unknown>,
  ): (...given: never[]) => Promise<unknown> {
    return async (...given) => {
      if (this.chat.getLoginUser() === "") {
        throw notLoggedIn(name, data);
      }
      try {
        return await call(...given);
      } catch (error) {
        throw compatible(error, data);
      }
    };
  }

  /** Creates a message without a sender. The sender is set when the message is sent. */
  #message(type: string, options: MessageOptions): Message {
    const { to, conversationType, payload } = parameters(options);
    const from = isSent(type) ? "" : this.chat.getLoginUser();
    const ID = `unsent-${(this.#made += 1)}`;
    const message = shapes.message({ ID, from, to }, { type: TYPES.MSG_TEXT, payload: { text: "" } });
    const conversationID = `${conversationType}${to}`;
    return { ...message, type, payload, conversationType, conversationID };
  }

  #withDrafts(list: readonly shapes.Conversation[]): shapes.Conversation[] {
    return list.map((one) => {
      const draftText = this.#drafts.get(one.conversationID);
      return draftText === undefined ? one : { ...one, draftText };
    });
  }

  #remember(messages: readonly Message[]): void {
    for (const message of messages) {
      keep(this.#found, message.ID, message, MOST_FOUND);
    }
  }

  /** Emits the events of the inner client. Converts those that have another form in the cloud's SDK. */
  #listen(): void {
    for (const name of Object.values(EVENT)) {
      this.chat.on(name, ({ data }) => {
        this.#hear(name, data);
      });
    }
  }

  #hear(name: EventName, data: EventData[EventName]): void {
    switch (name) {
      case EVENT.SDK_READY:
        this.#ready = "coming";
        break;
      case EVENT.SDK_NOT_READY:
        this.#ready = "no";
        this.#drafts.clear();
        this.#found.clear();
        this.#emitter.emit(name, undefined);
        break;
      case EVENT.CONVERSATION_LIST_UPDATED:
        this.#emitter.emit(name, this.#withDrafts(data as EventData[typeof name]));
        break;
      case EVENT.MESSAGE_RECEIVED:
        this.#remember(data as EventData[typeof name]);
        this.#emitter.emit(name, data as EventData[typeof name]);
        break;
      case EVENT.NET_STATE_CHANGE:
      case EVENT.KICKED_OUT:
      case EVENT.ERROR:
      case EVENT.USER_STATUS_UPDATED:
      case EVENT.MESSAGE_MODIFIED:
      case EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED:
      case EVENT.FRIEND_LIST_UPDATED:
      case EVENT.PROFILE_UPDATED:
      case EVENT.BLACKLIST_UPDATED:
      case EVENT.VISIBILITY_UPDATED:
      case EVENT.SUBSCRIPTIONS_UPDATED:
      case EVENT.ABILITIES_UPDATED:
        this.#emitter.emit(name, data as never);
        break;
    }
  }
}

/** Adds a value to a map. If the map then has more than `most` values, removes the oldest one. */
function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) {
      break;
    }
    map.delete(oldest);
  }
}

/** A client, created by `create`. */
export type ChatSDK = Calls;
export const ChatSDK = Client as unknown as abstract new () => ChatSDK;
