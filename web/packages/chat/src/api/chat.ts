/** The client class of the SDK: its calls and events. */

import { EVENT, TYPES } from "./constants.js";
import * as conversations from "./conversations.js";
import type { Core } from "./core.js";
import { randomId, tabStore, takeDevice } from "./device.js";
import { Driver } from "../machine/driver.js";
import { type ChatEvent, Emitter, type EventData, type EventName, type Handler } from "./emitter.js";
import { globalWebSocket, pageOf } from "./environment.js";
import { ChatError, isRefusal, refused } from "../machine/errors.js";
import { ListsSync } from "../lists/sync.js";
import { Log, type LogLevel } from "./log.js";
import type * as api from "./options.js";
import { watchPage } from "../machine/page.js";
import * as check from "./parameters.js";
import * as relations from "./relations.js";
import { serverUrl } from "./server-url.js";
import type { Ending, News } from "../machine/session.js";
import {
  type Conversation,
  conversationOf,
  type Friend,
  friendOf,
  type Message,
  profileOf,
  type Profile,
  Shapes,
} from "./shapes.js";
import { PLATFORMS, type UserStatus, writePlatform } from "../machine/status.js";
import * as statuses from "./statuses.js";

/**
 * A client of one app. A call resolves with `{code: 0, data}`, or rejects with a `ChatError`. A method that returns
 * no promise throws the `ChatError`. Before a login has succeeded, calls fail with 6014. The server refuses calls
 * that are too frequent with 7008: by default, more than 20 calls of one kind in 5 s, for most kinds.
 */
export class Chat {
  readonly #log = new Log();
  readonly #emitter = new Emitter(this.#log);
  readonly #driver: Driver;
  readonly #lists: ListsSync;
  readonly #friendShapes = new Shapes(friendOf);
  readonly #conversationShapes = new Shapes(conversationOf);
  readonly #release: () => void;
  /** The text with which the ids of all messages of this client begin. */
  readonly #messagePrefix = `${randomId()}-`;
  readonly #unsent = new conversations.Unsent((arrived) => {
    this.#emitter.emit(EVENT.MESSAGE_MODIFIED, arrived);
  });
  #messages = 0;
  /** The number of sessions that have begun. */
  #sessions = 0;
  #netState: EventData[typeof EVENT.NET_STATE_CHANGE]["state"] = TYPES.NET_STATE_DISCONNECTED;
  #clockOffset = 0;
  #isDestroyed = false;

  constructor(options: api.CreateOptions) {
    const { SDKAppID, server, proxyServer, platform = "Web", deviceID, WebSocket } = check.options(options);
    if (!Number.isInteger(SDKAppID) || SDKAppID <= 0 || SDKAppID > 0xffff_ffff) {
      throw check.wrong("SDKAppID must be the number of an app");
    }
    check.oneOf(platform, PLATFORMS, "platform");
    const url = serverUrl(server ?? proxyServer);
    const socketOf = WebSocket ?? globalWebSocket();
    // The device id is taken after all checks that may fail, because a taken id must be put back into the storage.
    const device =
      deviceID === undefined
        ? takeDevice(tabStore(), pageOf())
        : { id: check.id(deviceID, "deviceID"), release: () => undefined };
    const identity = { sdkAppId: SDKAppID, platform: writePlatform(platform), deviceId: device.id };
    this.#driver = new Driver(identity, url, socketOf, (news) => {
      this.#hear(news);
    });
    this.#lists = new ListsSync({
      call: (kind, parameters, learn) => this.#driver.callPatiently(kind, parameters, learn),
      pause: (milliseconds) => new Promise((fulfil) => setTimeout(fulfil, milliseconds)),
      self: () => this.#driver.user ?? "",
      isOwn: ({ from, clientMessageId = "" }) =>
        from === this.#driver.user && clientMessageId.startsWith(this.#messagePrefix),
      onMessages: (told) => {
        const self = this.#driver.user ?? "";
        this.#emitter.emit(EVENT.MESSAGE_RECEIVED, conversations.shapeMessages({ lists: this.#lists, self }, told));
      },
      onOwn: (told) => {
        this.#unsent.seen(told, this.#driver.user ?? "");
      },
      onConversations: () => {
        const list = this.#lists.shownConversations.map(this.#conversationShapes.of);
        this.#emitter.emit(EVENT.CONVERSATION_LIST_UPDATED, list);
      },
      onUnread: (total) => {
        this.#emitter.emit(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, total);
      },
      onFriends: () => {
        const list = this.#lists.shownFriends.map(this.#friendShapes.of);
        this.#emitter.emit(EVENT.FRIEND_LIST_UPDATED, list);
      },
      onProfiles: (told) => {
        this.#emitter.emit(
          EVENT.PROFILE_UPDATED,
          told.map((profile) => profileOf(profile, "")),
        );
      },
      onBlocked: () => {
        this.#emitter.emit(EVENT.BLACKLIST_UPDATED, this.#lists.shownBlocked);
      },
      onVisibility: (told) => {
        this.#emitter.emit(EVENT.VISIBILITY_UPDATED, relations.visibilityOf(told));
      },
      onFailure: (what, error) => {
        this.#hearFailure(what, error);
      },
    });
    const stopWatching = watchPage((what) => {
      this.#driver.said(what);
    });
    this.#release = () => {
      stopWatching();
      device.release();
    };
  }

  // The session.

  /**
   * Logs in. The SDK then keeps the connection alive until a logout, or until the server ends the session. If this
   * user is already logged in, the call only replaces the UserSig; if another user is, it rejects with 6017. A first
   * login that fails is not repeated. It rejects with 9508 if the server cannot be reached.
   */
  async login(options: api.LoginOptions): Promise<api.Result<api.LoginData>> {
    const { userID, userSig } = check.options(options);
    const user = check.userID(userID, "userID");
    if (this.#isDestroyed) {
      throw check.wrong("this client was destroyed");
    }
    const [wasReady, session] = [this.isReady(), this.#sessions];
    const told = await this.#driver.login(user, check.text(userSig, "userSig"));
    // A login that follows a logout begins another session.
    const repeated = wasReady && session === this.#sessions;
    return done({
      actionStatus: "OK" as const,
      errorCode: 0 as const,
      errorInfo: repeated ? "already logged in; the UserSig has been renewed" : "",
      ...(repeated ? { repeatLogin: true as const } : {}),
      serverTime: Number(told.serverTime ?? 0),
      registered: told.registered ?? false,
    });
  }

  /**
   * Logs this device out, or cancels a login in progress; if there is neither, rejects with 6014. The other devices
   * of the account stay logged in. If the server cannot be reached, a Web device counts as logged out. The call of
   * any other device is rejected with 9508 or 9520: the session of this client ends, but the server may keep the
   * login.
   */
  async logout(): Promise<api.Result<object>> {
    await this.#driver.call("logout", {});
    return done({});
  }

  /**
   * Logs out, ends the session and removes the listeners. Resolves with undefined, even if the logout fails. The
   * session of this client has then ended nevertheless; the server may keep the login of a device that is not Web.
   */
  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    try {
      if (this.#driver.user !== undefined) {
        await this.#driver.call("logout", {});
      }
    } catch (error) {
      this.#log.info("the logout has failed", error);
    } finally {
      this.#driver.close();
      this.#emitter.clear();
      this.#release();
    }
  }

  /**
   * Connects at once, instead of at the time of the next attempt. If there is a connection, tests that connection.
   */
  reconnect(): void {
    this.#driver.said("networkChanged");
  }

  /** Whether a user is logged in. The connection may be broken at the moment. */
  isReady(): boolean {
    return this.#driver.established;
  }

  /** The user who is logged in; an empty string if there is none. */
  getLoginUser(): string {
    return this.isReady() ? (this.#driver.user ?? "") : "";
  }

  /**
   * The current time by the server's clock, in milliseconds since 1970 (UTC). The offset of this machine's clock is
   * measured at each login and reconnect, and is 0 before.
   */
  getServerTime(): number {
    return Date.now() + this.#clockOffset;
  }

  /**
   * The abilities that the app's settings give to this client. Null if no user is logged in, or if the server is too
   * old to send them. Not in the cloud's API.
   */
  getAbilities(): api.Abilities | null {
    return this.#driver.abilities;
  }

  /**
   * Sets the log level: 0 everything, 1 important messages (the default), 2 warnings and errors, 3 errors, 4 nothing.
   */
  setLogLevel(level: number): void {
    if (![0, 1, 2, 3, 4].includes(level)) {
      throw check.wrong("the log level must be 0 to 4");
    }
    this.#log.level = level as LogLevel;
  }

  /** Adds a listener. It is called with `context` as `this`, and stays after a logout. */
  on<E extends EventName>(name: E, handler: (event: ChatEvent<E>) => unknown, context?: unknown): void;
  on(name: string, handler: Handler, context?: unknown): void;
  on(name: string, handler: Handler, context?: unknown): void {
    if (typeof handler !== "function") {
      throw check.wrong("a listener must be a function");
    }
    this.#emitter.on(name, handler, context);
  }

  /**
   * Removes a listener. `handler` is the function that was added. Without a `context`, the context of the listener is
   * ignored.
   */
  off<E extends EventName>(name: E, handler: (event: ChatEvent<E>) => unknown, context?: unknown): void;
  off(name: string, handler: Handler, context?: unknown): void;
  off(name: string, handler: Handler, context?: unknown): void {
    this.#emitter.off(name, handler, context);
  }

  // Statuses.

  /**
   * Sets the custom status of the user who is logged in, and the time until its end. An empty text clears the custom
   * status. Each call replaces the text and the end of the previous call. The server clears the custom status when
   * the user is no longer online. Resolves with the user's own status.
   */
  async setSelfStatus(options: api.SelfStatusOptions): Promise<api.Result<UserStatus>> {
    return done(await statuses.setSelf(this.#core(), check.options(options)));
  }

  /**
   * Returns the current statuses of at most 500 users, unless the app's settings say otherwise. If no user has an
   * account, rejects with 70107.
   */
  async getUserStatus(options: api.UserListOptions): Promise<api.Result<api.GetUserStatusData>> {
    return done(await statuses.get(this.#core(), check.options(options)));
  }

  /**
   * Subscribes to at most 100 users. From then on, all devices of this account get `USER_STATUS_UPDATED` when the
   * status of one of these users changes. The subscription list belongs to the account and has at most 200 users;
   * further users replace the earliest subscribed ones. Both numbers are defaults, which the app's settings can
   * change.
   */
  async subscribeUserStatus(options: api.UserListOptions): Promise<api.Result<api.SubscribeUserStatusData>> {
    return done(await statuses.subscribe(this.#core(), check.options(options)));
  }

  /**
   * Unsubscribes from at most 100 users, unless the app's settings say otherwise. If `userIDList` is undefined or
   * empty, unsubscribes from all users.
   */
  async unsubscribeUserStatus(
    options: api.UnsubscribeUserStatusOptions,
  ): Promise<api.Result<{ failureUserList: api.FailedUser[] }>> {
    return done(await statuses.unsubscribe(this.#core(), check.options(options)));
  }

  /** Returns the subscribed users, earliest first, and the limit of the subscription list. Not in the cloud's API. */
  async getSubscriptions(): Promise<api.Result<api.SubscriptionsData>> {
    return done(await statuses.subscriptions(this.#core()));
  }

  // Profiles and friends.

  /** Returns the profile of the user who is logged in. */
  async getMyProfile(): Promise<api.Result<Profile>> {
    return done(await relations.myProfile(this.#core()));
  }

  /** Changes the profile of the user who is logged in, and returns the new profile. */
  async updateMyProfile(options: api.UpdateMyProfileOptions): Promise<api.Result<Profile>> {
    return done(await relations.updateMyProfile(this.#core(), check.options(options)));
  }

  /** Returns the profiles of users, at most 100 (otherwise 70206). Users without an account are left out. */
  async getUserProfile(options: api.UserListOptions): Promise<api.Result<Profile[]>> {
    return done(await relations.profiles(this.#core(), check.options(options)));
  }

  /**
   * Returns all friends, in no particular order. The SDK reads the list at the first call, and then keeps it up to
   * date. From then on, `FRIEND_LIST_UPDATED` reports changes.
   */
  async getFriendList(): Promise<api.Result<Friend[]>> {
    const friends = await this.#core().lists.friends();
    return done(friends.map(this.#friendShapes.of));
  }

  /**
   * Adds a friend at once, without a request. For an existing friend, changes the texts that are not empty. Rejects
   * with 70107 if there is no such account, 30516 if that user cannot be added, and 30010 or 30014 if a friend list
   * is full.
   */
  async addFriend(options: api.AddFriendOptions): Promise<api.Result<{ userID: string; code: number }>> {
    return done(await relations.addFriend(this.#core(), check.options(options)));
  }

  /** Removes at most 100 friends. Users who were not friends are in `failureUserIDList` with 31704. */
  async deleteFriend(options: api.DeleteFriendOptions): Promise<api.Result<api.DeleteFriendData>> {
    return done(await relations.deleteFriend(this.#core(), check.options(options)));
  }

  /** Changes the remark on a friend. Rejects with 31704 if the user is not a friend. */
  async updateFriend(options: api.UpdateFriendOptions): Promise<api.Result<Friend>> {
    return done(await relations.updateFriend(this.#core(), check.options(options)));
  }

  /**
   * Checks users against the friend list of the caller. A user who is not on it has no relation, even if that user has
   * added the caller.
   */
  async checkFriend(options: api.CheckFriendOptions): Promise<api.Result<api.CheckFriendData>> {
    return done(await relations.checkFriend(this.#core(), check.options(options)));
  }

  /** Returns the entries of friends. Users who are not friends are in `failureUserIDList` with 31704. */
  async getFriendProfile(options: api.UserListOptions): Promise<api.Result<api.FriendProfileData>> {
    return done(await relations.friendProfiles(this.#core(), this.#friendShapes, check.options(options)));
  }

  // The block list and the visibility.

  /**
   * Returns the userIDs on the block list in ascending order. The SDK reads the list at the first call, and then
   * keeps it up to date.
   */
  async getBlacklist(): Promise<api.Result<string[]>> {
    return done(await this.#core().lists.blocked());
  }

  /**
   * Adds users to the block list, which has at most 1,000 users. A blocked user can neither see the status of this
   * user, nor send messages to this user (20007), nor add this user as a friend (30516). A blocked user is shown a
   * status as if this user had closed all connections. Friendships stay. If the call fails for all users, rejects
   * with the code of the first one.
   */
  async addToBlacklist(options: api.UserListOptions): Promise<api.BlacklistResult> {
    return relations.changeBlocked(this.#core(), check.options(options), true);
  }

  /** Removes users from the block list. A user who is not on the list counts as a success. */
  async removeFromBlacklist(options: api.UserListOptions): Promise<api.BlacklistResult> {
    return relations.changeBlocked(this.#core(), check.options(options), false);
  }

  /** Returns who may see the user's status. Not in the cloud's API. */
  async getVisibility(): Promise<api.Result<api.Visibility>> {
    return done(relations.visibilityOf(await this.#core().lists.visibility()));
  }

  /** Sets who may see the user's status: `everyone`, `friends` or `nobody`. Not in the cloud's API. */
  async setVisibility(visibility: api.Visibility): Promise<api.Result<api.Visibility>> {
    return done(await relations.setVisibility(this.#core(), visibility));
  }

  // Conversations and messages.

  /**
   * Returns conversations: all of them, those with the given ids, or those that pass a filter. Pinned ones come
   * first, then those with the latest activity. The SDK reads the list after the login, and then keeps it up to date.
   */
  async getConversationList(
    wanted?: string[] | api.ConversationFilter,
  ): Promise<api.Result<api.ConversationListData>> {
    return done(await conversations.list(this.#core(), this.#conversationShapes, wanted));
  }

  /** Returns a conversation. If there is none with this peer, returns an empty one, without adding it to the list. */
  async getConversationProfile(conversationID: string): Promise<api.Result<{ conversation: Conversation }>> {
    const conversation = await conversations.one(this.#core(), this.#conversationShapes, conversationID);
    return done({ conversation });
  }

  /**
   * Removes conversations from the user's own list, each with its history. The list and the history of the peer stay.
   * The argument is one conversation, or a list of conversations. If one of them does not exist, rejects with 6017,
   * but removes the others.
   */
  deleteConversation(conversationID: string): Promise<api.Result<{ conversationID: string }>>;
  deleteConversation(options: api.DeleteConversationOptions): Promise<api.Result<{ conversationIDList: string[] }>>;
  async deleteConversation(
    what: string | api.DeleteConversationOptions,
  ): Promise<api.Result<{ conversationID: string } | { conversationIDList: string[] }>> {
    const core = this.#core();
    if (typeof what === "string") {
      await conversations.remove(core, what);
      return done({ conversationID: what });
    }
    const conversationIDList = conversations.conversationIDs(check.options(what).conversationIDList);
    await Promise.all(conversationIDList.map((id) => conversations.remove(core, id)));
    return done({ conversationIDList });
  }

  /** Pins or unpins a conversation. Rejects with 6017 if there is no such conversation. */
  async pinConversation(options: api.PinConversationOptions): Promise<api.Result<{ conversationID: string }>> {
    await conversations.pin(this.#core(), check.options(options));
    return done({ conversationID: options.conversationID });
  }

  /** Returns the number of unread messages over all conversations; 0 until the SDK has read it after the login. */
  getTotalUnreadMessageCount(): number {
    return this.#lists.unread;
  }

  /** Creates a text message for `sendMessage`. */
  createTextMessage(options: api.TextMessageOptions): Message {
    return conversations.createMessage(this.#core(), options, TYPES.MSG_TEXT);
  }

  /** Creates a message for `sendMessage`, with content that only the application interprets. */
  createCustomMessage(options: api.CustomMessageOptions): Message {
    return conversations.createMessage(this.#core(), options, TYPES.MSG_CUSTOM);
  }

  /**
   * Sends a message, and resolves when the server has stored it durably. Also sets `status` of the given object.
   * Rejects with 70107 if the recipient has no account, and with 20007 if the recipient has blocked this user. After
   * 9520, the message may have arrived; `MESSAGE_MODIFIED` then reports it.
   */
  async sendMessage(message: Message): Promise<api.Result<{ message: Message }>> {
    return done({ message: await conversations.send(this.#core(), message) });
  }

  /**
   * Sends a failed message again. If the server has stored it in the last ten minutes, it does not store it twice.
   */
  async resendMessage(message: Message): Promise<api.Result<{ message: Message }>> {
    return this.sendMessage(message);
  }

  /** Returns a page of at most 15 messages of a conversation; the first page has the newest messages. */
  async getMessageList(options: api.MessageListOptions): Promise<api.Result<api.MessageListData>> {
    return done(await conversations.history(this.#core(), check.options(options)));
  }

  /**
   * Marks as read the messages of a conversation that this client has received. Rejects with 6017 if there is no such
   * conversation.
   */
  async setMessageRead(options: { conversationID: string }): Promise<api.Result<object>> {
    await conversations.markRead(this.#core(), check.options(options).conversationID);
    return done({});
  }

  /** Marks as read all messages that this client has received. Both scopes have the same effect. */
  async setAllMessageRead(options: { scope?: string | undefined } = {}): Promise<api.Result<object>> {
    await conversations.markAllRead(this.#core(), check.options(options).scope);
    return done({});
  }

  // Events of the driver.

  #hear(news: News): void {
    switch (news.type) {
      case "connecting":
        this.#setNetState(TYPES.NET_STATE_CONNECTING);
        break;
      case "connected":
        this.#clockOffset = Number(news.told.serverTime ?? 0) - Date.now();
        this.#setNetState(TYPES.NET_STATE_CONNECTED);
        this.#lists.connected(news.told, news.again);
        if (!news.again) {
          this.#sessions += 1;
          this.#emitter.emit(EVENT.SDK_READY, undefined);
        }
        break;
      case "renewed":
        this.#clockOffset = Number(news.told.serverTime ?? 0) - Date.now();
        this.#lists.connected(news.told, true);
        break;
      case "connectFailed":
      case "disconnected":
        this.#log.info(
          `${news.why.message} (${news.why.code})`,
          news.retryIn === null ? "" : `next attempt in ${news.retryIn} ms`,
        );
        this.#setNetState(TYPES.NET_STATE_DISCONNECTED);
        break;
      case "statuses":
        this.#emitter.emit(EVENT.USER_STATUS_UPDATED, [...news.statuses]);
        break;
      case "subscriptionsChanged": {
        const { subscribed = [], unsubscribed = [] } = news.told;
        this.#emitter.emit(EVENT.SUBSCRIPTIONS_UPDATED, { subscribed, unsubscribed });
        break;
      }
      case "abilitiesChanged":
        this.#emitter.emit(EVENT.ABILITIES_UPDATED, news.abilities);
        break;
      case "listsChanged":
        this.#lists.changed(news.told);
        break;
      case "listsOutdated":
        this.#lists.outdated();
        break;
      case "ended":
        this.#lists.ended();
        this.#setNetState(TYPES.NET_STATE_DISCONNECTED);
        this.#hearEnding(news.how);
        this.#emitter.emit(EVENT.SDK_NOT_READY, undefined);
        break;
    }
  }

  #hearEnding(how: Ending): void {
    switch (how.by) {
      case "logout":
        break;
      case "otherLogin": {
        const page = how.platform === "PLATFORM_WEB";
        const type = page ? TYPES.KICKED_OUT_MULT_ACCOUNT : TYPES.KICKED_OUT_MULT_DEVICE;
        this.#emitter.emit(EVENT.KICKED_OUT, { type });
        break;
      }
      case "superseded":
        this.#emitter.emit(EVENT.KICKED_OUT, { type: TYPES.KICKED_OUT_MULT_ACCOUNT });
        break;
      case "operator":
      case "deleted":
        this.#emitter.emit(EVENT.KICKED_OUT, { type: TYPES.KICKED_OUT_REST_API });
        break;
      case "userSigExpired":
        this.#emitter.emit(EVENT.KICKED_OUT, { type: TYPES.KICKED_OUT_USERSIG_EXPIRED });
        break;
      case "refused":
        this.#emitter.emit(EVENT.ERROR, how.refusal);
        break;
    }
  }

  #hearFailure(what: string, error: unknown): void {
    // A read that a logout has ended is not an error.
    if (error instanceof ChatError && !isRefusal(error, "NOT_LOGGED_IN")) {
      this.#log.warn(`${what} failed`, error);
      this.#emitter.emit(EVENT.ERROR, { code: error.code, message: `${what}: ${error.message}` });
    }
  }

  #setNetState(state: EventData[typeof EVENT.NET_STATE_CHANGE]["state"]): void {
    if (state !== this.#netState) {
      this.#netState = state;
      this.#emitter.emit(EVENT.NET_STATE_CHANGE, { state });
    }
  }

  /** Returns the objects that calls need. Throws an error if no user is logged in. */
  #core(): Core {
    const self = this.getLoginUser();
    if (self === "") {
      throw new ChatError(refused("NOT_LOGGED_IN", "call login first and wait for the event SDK_READY"));
    }
    return {
      driver: this.#driver,
      lists: this.#lists,
      session: this.#driver.session,
      self,
      newMessageId: () => `${this.#messagePrefix}${(this.#messages += 1)}`,
      unsent: this.#unsent,
    };
  }
}

function done<T>(data: T): api.Result<T> {
  return { code: 0, data };
}
