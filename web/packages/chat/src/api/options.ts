/** The parameters and the results of the calls. */

import type { WebSocketConstructor } from "../machine/driver.js";
import type { Conversation, CustomPayload, Friend, Message } from "./shapes.js";
import type { Platform, UserStatus } from "../machine/status.js";

export type { Abilities } from "../machine/session.js";

/** The result that every call resolves with. */
export interface Result<T> {
  code: 0;
  data: T;
}

/** A user of a list for whom the call failed. */
export interface FailedUser {
  userID: string;
  code: number;
  message: string;
}

export interface CreateOptions {
  SDKAppID: number;
  /**
   * The client port of the server: `wss://chat.example` or `ws://localhost:7400`; `https` and `http` are accepted
   * too. Default: the host of the page.
   */
  server?: string | undefined;
  /** The cloud's name for `server`. */
  proxyServer?: string | undefined;
  /** The platform of this device. Default: `Web`, whose login ends with its connection. */
  platform?: Platform | undefined;
  /**
   * The id of this device, 1 to 64 bytes of printable ASCII. Default: one for each tab, kept for the life of the tab.
   */
  deviceID?: string | undefined;
  /**
   * The `WebSocket` constructor for environments without a global one, such as Node 20: for example that of the
   * package `ws`.
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
  /** Present if this user was already logged in; the UserSig was then replaced. */
  repeatLogin?: true;
  /** Not in the cloud's API: the time by the server's clock, UTC milliseconds. */
  serverTime: number;
  /** Not in the cloud's API: whether the account was created by this login. */
  registered: boolean;
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
  /** Not in the cloud's API: the current statuses of the subscribed users. */
  successUserList: UserStatus[];
  /** Not in the cloud's API: the users who were evicted from the full subscription list, earliest subscribed first. */
  evictedUserIDList: string[];
}

export interface UnsubscribeUserStatusOptions {
  /** The users to remove; undefined or empty for all users in the subscription list. */
  userIDList: string[] | undefined;
}

export interface SubscriptionsData {
  /** The users, earliest subscribed first. */
  userIDList: string[];
  /** The number of users that the subscription list may hold. */
  limit: number;
}

/** The fields to change. Missing fields stay unchanged. */
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
  /** `Add_Type_Both` (default), or `Add_Type_Single`: only adds to the user's own list. */
  type?: string | undefined;
}

export interface DeleteFriendOptions {
  userIDList: string[];
  /** `Delete_Type_Both` (default), or `Delete_Type_Single`: only removes from the user's own list. */
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
  /** `CheckResult_Type_Both`, or `CheckResult_Type_Single`: whether they are in the user's own list. */
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
  /** The history is always removed with the conversation. */
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

/** The options of a custom message. Missing parts are empty; at least one part must not be empty. */
export type CustomMessageOptions = MessageOptions<Partial<CustomPayload>>;

export interface MessageListOptions {
  conversationID: string;
  /** The `nextReqMessageID` of the previous page; if it is missing, reading begins with the newest message. */
  nextReqMessageID?: string | undefined;
}

export interface MessageListData {
  /** The messages, oldest first. */
  messageList: Message[];
  /** The parameter for the page before this one. */
  nextReqMessageID: string;
  /** Whether there are no earlier messages. */
  isCompleted: boolean;
}
