/** The parameters and results of the calls. */

import type { WebSocketConstructor } from "../machine/driver.js";
import type { Conversation, CustomPayload, Friend, Message } from "./shapes.js";
import type { Platform, UserStatus } from "../machine/status.js";

export type { Abilities } from "../machine/session.js";

/** The result of every call that succeeds. */
export interface Result<T> {
  code: 0;
  data: T;
}

/** A user for whom a call about several users has failed. */
export interface FailedUser {
  userID: string;
  code: number;
  message: string;
}

export interface CreateOptions {
  SDKAppID: number;
  /**
   * The address of the server: `wss://chat.example` or `ws://localhost:7400`; `https` and `http` are also accepted.
   * Default: the host of the page.
   */
  server?: string | undefined;
  /** The cloud's name for `server`. */
  proxyServer?: string | undefined;
  /** The platform of this device. Default: `Web`. A Web device is logged out when its connection ends. */
  platform?: Platform | undefined;
  /**
   * The id of this device: 1 to 64 bytes of printable ASCII. Default: each tab has its own id, as long as the tab
   * exists.
   */
  deviceID?: string | undefined;
  /**
   * The `WebSocket` constructor, for environments that have no global one, such as Node 20. The package `ws` provides
   * one.
   */
  WebSocket?: WebSocketConstructor | undefined;
}

export interface LoginOptions {
  userID: string;
  userSig: string;
}

export interface LoginData {
  actionStatus: "OK";
  errorCode: 0;
  errorInfo: string;
  /** Present if this user was already logged in. The call has then only replaced the UserSig. */
  repeatLogin?: true;
  /** The time by the server's clock, in milliseconds since 1970 (UTC). Not in the cloud's API. */
  serverTime: number;
  /** Whether this login has created the account. Not in the cloud's API. */
  registered: boolean;
}

export interface SelfStatusOptions {
  /**
   * The text: at most 100 bytes of UTF-8, unless the app's settings allow another length. An empty text clears the
   * custom status.
   */
  customStatus: string;
  /**
   * The time in seconds after which the server clears the text: 1 to 2,592,000 (30 days). 0 and undefined mean no end.
   * For an empty text, it must be 0 or undefined. Not in the cloud's API.
   */
  expiresIn?: number | undefined;
}

export interface UserListOptions {
  userIDList: string[];
}

export interface GetUserStatusData {
  successUserList: UserStatus[];
  failureUserList: FailedUser[];
}

export interface SubscribeUserStatusData {
  failureUserList: FailedUser[];
  /** The statuses of the subscribed users at the time of the answer. Not in the cloud's API. */
  successUserList: UserStatus[];
  /**
   * The users who were removed because the subscription list was full, the earliest subscribed first. Not in the
   * cloud's API.
   */
  evictedUserIDList: string[];
}

export interface UnsubscribeUserStatusOptions {
  /**
   * The users to unsubscribe from. If it is undefined or empty, the call unsubscribes from all users on the
   * subscription list.
   */
  userIDList: string[] | undefined;
}

export interface SubscriptionsData {
  /** The users on the subscription list, the earliest subscribed first. */
  userIDList: string[];
  /** The maximum number of users on the subscription list. */
  limit: number;
}

/** The fields to change. Fields that are missing are not changed. */
export interface UpdateMyProfileOptions {
  nick?: string | undefined;
  avatar?: string | undefined;
  allowType?: string | undefined;
}

export interface AddFriendOptions {
  to: string;
  /** The source of the request, such as `AddSource_Type_Web`. */
  source?: string | undefined;
  wording?: string | undefined;
  remark?: string | undefined;
  /** `Add_Type_Both` (default) changes both friend lists, `Add_Type_Single` only the user's own. */
  type?: string | undefined;
}

export interface DeleteFriendOptions {
  userIDList: string[];
  /** `Delete_Type_Both` (default) changes both friend lists, `Delete_Type_Single` only the user's own. */
  type?: string | undefined;
}

export interface DeleteFriendData {
  successUserIDList: { userID: string }[];
  failureUserIDList: FailedUser[];
}

export interface UpdateFriendOptions {
  userID: string;
  remark?: string | undefined;
}

export interface CheckFriendOptions {
  userIDList: string[];
  /** `CheckResult_Type_Both` checks both friend lists, `CheckResult_Type_Single` only the user's own. */
  type: string;
}

export interface CheckFriendData {
  successUserIDList: { userID: string; relation: string }[];
  failureUserIDList: FailedUser[];
}

export interface FriendProfileData {
  friendList: Friend[];
  failureUserIDList: FailedUser[];
}

/**
 * The users who may see the user's status: every user of the app (`everyone`), the mutual friends (`friends`), or only
 * the user (`nobody`). Users on the block list may never see it.
 */
export type Visibility = "everyone" | "friends" | "nobody";

/** The result of a change of the block list; `data` has the users for whom the change succeeded. */
export interface BlacklistResult extends Result<string[]> {
  /** The users for whom the change failed. Not in the cloud's API. */
  failureUserList: FailedUser[];
}

export interface ConversationFilter {
  type?: string | undefined;
  hasUnreadCount?: boolean | undefined;
}

export interface ConversationListData {
  conversationList: Conversation[];
  isSyncCompleted: true;
}

export interface DeleteConversationOptions {
  conversationIDList: string[];
  /** Accepted, but ignored: the history is always deleted with the conversation. */
  clearHistoryMessage?: boolean | undefined;
}

export interface PinConversationOptions {
  conversationID: string;
  isPinned: boolean;
}

export interface MessageOptions<P> {
  to: string;
  conversationType: string;
  payload: P;
}

export type TextMessageOptions = MessageOptions<{ text: string }>;

/** The options of a custom message. Missing parts are empty, but not all parts may be empty. */
export type CustomMessageOptions = MessageOptions<Partial<CustomPayload>>;

export interface MessageListOptions {
  conversationID: string;
  /** The `nextReqMessageID` of the previous page. If it is missing, the page with the newest messages is read. */
  nextReqMessageID?: string | undefined;
}

export interface MessageListData {
  /** The messages, the oldest first. */
  messageList: Message[];
  /** The `nextReqMessageID` with which the page of earlier messages can be read. */
  nextReqMessageID: string;
  /** Whether there are no earlier messages than those of this page. */
  isCompleted: boolean;
}
