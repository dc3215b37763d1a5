/** The parameters of the calls, and what they resolve with. */

import type { WebSocketConstructor } from "../machine/driver.js";
import type { Conversation, CustomPayload, Friend, Message } from "./shapes.js";
import type { Platform, UserStatus } from "../machine/status.js";

export type { Abilities } from "../machine/session.js";

/** The result that every call resolves with. */
export interface Result<T> {
  code: 0;
  data: T;
}

/** Of a list of users: one for whom the call failed. */
export interface FailedUser {
  userID: string;
  code: number;
  message: string;
}

export interface CreateOptions {
  SDKAppID: number;
  /**
   * The client port of the server: `wss://chat.example`, `ws://localhost:7400`; `http` and `https` are taken for
   * them. Left out: where the page came from.
   */
  server?: string | undefined;
  /** The name that the cloud's SDK has for a server. */
  proxyServer?: string | undefined;
  /** The platform of this device. Default: `Web`, whose login ends with its connection. */
  platform?: Platform | undefined;
  /** Names this device, 1 to 64 bytes of printable ASCII. Default: one for each tab, kept while the tab lives. */
  deviceID?: string | undefined;
  /** The `WebSocket` to use where there is no global one, as in Node 20: that of the package `ws` will do. */
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
  /** This user was logged in already; the UserSig has been renewed. */
  repeatLogin?: true;
  /** Ours: UTC milliseconds. */
  serverTime: number;
  /** Ours: this login has made the account. */
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
  /** Ours: the present status of everyone subscribed. */
  successUserList: UserStatus[];
  /** Ours: who had to leave the full list, earliest subscribed first. */
  evictedUserIDList: string[];
}

export interface UnsubscribeUserStatusOptions {
  /** Undefined or empty: all of them. */
  userIDList: string[] | undefined;
}

export interface SubscriptionsData {
  /** Earliest subscribed first. */
  userIDList: string[];
  /** How many there may be. */
  limit: number;
}

/** The fields to change. A field that is left out stays as it is. */
export interface UpdateMyProfileOptions {
  nick?: string | undefined;
  avatar?: string | undefined;
  allowType?: string | undefined;
}

export interface AddFriendOptions {
  to: string;
  /** Where the request comes from, such as `AddSource_Type_Web`. */
  source?: string | undefined;
  wording?: string | undefined;
  remark?: string | undefined;
  /** `Add_Type_Both` (default), or `Add_Type_Single`: only into the own list. */
  type?: string | undefined;
}

export interface DeleteFriendOptions {
  userIDList: string[];
  /** `Delete_Type_Both` (default), or `Delete_Type_Single`: only out of the own list. */
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
  /** `CheckResult_Type_Both`, or `CheckResult_Type_Single`: whether they are in the own list. */
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
  /** The history goes with the conversation, always. */
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

/** Parts that are left out are empty; all three together must not be. */
export type CustomMessageOptions = MessageOptions<Partial<CustomPayload>>;

export interface MessageListOptions {
  conversationID: string;
  /** From the page before; left out: from the newest. */
  nextReqMessageID?: string | undefined;
}

export interface MessageListData {
  /** Oldest first. */
  messageList: Message[];
  /** Hand it in for the page before this one. */
  nextReqMessageID: string;
  /** There is nothing before these. */
  isCompleted: boolean;
}
