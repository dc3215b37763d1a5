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
  /** The reason, such as 70107 if there is no such account. */
  code: number;
  /** The English text of the code. */
  message: string;
}

export interface CreateOptions {
  /** The number of the app: 1 to 4,294,967,295. */
  SDKAppID: number;
  /**
   * The address of the server: `wss://chat.example` or `ws://localhost:7400`; `https` and `http` are also accepted.
   * Default: the host of the page. Without a page, it is required.
   */
  server?: string | undefined;
  /** The cloud's name for `server`. It is used if `server` is undefined. */
  proxyServer?: string | undefined;
  /**
   * The platform of this device. Default: `Web`. A Web device is logged out when its connection ends, after the app's
   * linger. Other devices stay logged in.
   */
  platform?: Platform | undefined;
  /**
   * The id of this device: 1 to 64 bytes of printable ASCII. Default: each tab has its own id, as long as the tab
   * exists. Without a session storage, as in React Native, each client has a new id; pass an id that the application
   * keeps.
   */
  deviceID?: string | undefined;
  /**
   * The `WebSocket` constructor, for environments that have no global one, such as Node 20. The package `ws` provides
   * one.
   */
  WebSocket?: WebSocketConstructor | undefined;
}

export interface LoginOptions {
  /** The user: 1 to 32 bytes of printable ASCII. */
  userID: string;
  /** The UserSig of the user, or a JWT if the app accepts it. */
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
  /** Whether this login has created the account; false for a repeated login. Not in the cloud's API. */
  registered: boolean;
}

export interface SelfStatusOptions {
  /**
   * The text: at most 100 bytes of UTF-8, unless the app's settings allow another length. An empty text clears the
   * custom status.
   */
  customStatus: string;
  /**
   * The time in seconds after which the server clears the text: 1 to 2,592,000 (30 days). 0 and undefined mean no
   * end. For an empty text, it must be 0 or undefined. Not in the cloud's API.
   */
  expiresIn?: number | undefined;
}

export interface UserListOptions {
  userIDList: string[];
}

export interface GetUserStatusData {
  successUserList: UserStatus[];
  /** The users without an account (70107). */
  failureUserList: FailedUser[];
}

export interface SubscribeUserStatusData {
  /** The users without an account (70107). */
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

/** The fields to change. Fields that are missing are not changed. Other fields are refused with 6017. */
export interface UpdateMyProfileOptions {
  /** At most 500 bytes of UTF-8, without control characters. */
  nick?: string | undefined;
  /** The address of the picture: empty, or an `http` or `https` URL of at most 500 bytes. */
  avatar?: string | undefined;
  /** `AllowType_Type_AllowAny`, or `AllowType_Type_DenyAny`: no user may add this one as a friend. */
  allowType?: string | undefined;
}

export interface AddFriendOptions {
  to: string;
  /** The source of the friendship, such as `AddSource_Type_Web`: at most 256 bytes of UTF-8. */
  source?: string | undefined;
  /** A text of at most 256 bytes of UTF-8. */
  wording?: string | undefined;
  /** The user's own name for the friend: at most 96 bytes of UTF-8. */
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
  /** The new remark: at most 96 bytes of UTF-8. If it is undefined or empty, the remark is removed. */
  remark?: string | undefined;
}

export interface CheckFriendOptions {
  userIDList: string[];
  /**
   * With `CheckResult_Type_Both`, a mutual friend gets another relation than a friend who has not added this user.
   * With `CheckResult_Type_Single`, both get the same.
   */
  type: string;
}

export interface CheckFriendData {
  /**
   * All users of the call. `relation` is `CheckResult_Type_BothWay` for a mutual friend (only with
   * `CheckResult_Type_Both`), `CheckResult_Type_AWithB` for any other friend, and `CheckResult_Type_NoRelation` for a
   * user who is not on the caller's friend list.
   */
  successUserIDList: { userID: string; relation: string }[];
  /** Always empty. */
  failureUserIDList: FailedUser[];
}

export interface FriendProfileData {
  friendList: Friend[];
  /** The users who are not friends (31704). */
  failureUserIDList: FailedUser[];
}

/**
 * The users who may see the user's status: every user of the app (`everyone`), the mutual friends (`friends`), or
 * only the user (`nobody`). Users on the block list may never see it.
 */
export type Visibility = "everyone" | "friends" | "nobody";

/** The result of a change of the block list; `data` has the users for whom the change succeeded. */
export interface BlacklistResult extends Result<string[]> {
  /**
   * The users for whom the change failed: 70107 if there is no such account, 31306 if the block list is full. Not in
   * the cloud's API.
   */
  failureUserList: FailedUser[];
}

/** A filter of conversations. A conversation must match all fields that are given. */
export interface ConversationFilter {
  /** The type of the conversations. All have the type `C2C`. */
  type?: string | undefined;
  /** Whether the conversations have unread messages. */
  hasUnreadCount?: boolean | undefined;
}

export interface ConversationListData {
  conversationList: Conversation[];
  /** Always true: the call waits until the SDK has read the whole list. */
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
  /** The userID of the recipient. */
  to: string;
  /** Must be `C2C`. */
  conversationType: string;
  payload: P;
}

/**
 * The options of a text message. The server refuses an empty text with 6017, and a text of more than 12,288 bytes of
 * UTF-8 with 80002, unless the app's settings allow another length.
 */
export type TextMessageOptions = MessageOptions<{ text: string }>;

/**
 * The options of a custom message. Missing parts are empty, but not all parts may be empty. All parts together have
 * the same limits as a text.
 */
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
