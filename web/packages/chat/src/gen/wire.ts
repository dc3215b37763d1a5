// The JSON mapping of crates/wire/proto/lamplight/v1, as types. Made by `npm run generate`.

export type UserStatusJson = {
  userId?: string;
  statusType?: StatusTypeJson;
  customStatus?: string;
  version?: string;
  since?: string;
  reason?: ReasonJson;
  lastSeen?: string;
  onlineDevices?: PlatformJson[];
  customExpires?: string;
};

export type StatusTypeJson =
  "STATUS_TYPE_UNKNOWN" | "STATUS_TYPE_ONLINE" | "STATUS_TYPE_OFFLINE" | "STATUS_TYPE_UNLOGINED";

export type PlatformJson =
  | "PLATFORM_UNSPECIFIED"
  | "PLATFORM_IPHONE"
  | "PLATFORM_ANDROID"
  | "PLATFORM_IPAD"
  | "PLATFORM_WINDOWS"
  | "PLATFORM_MAC"
  | "PLATFORM_LINUX"
  | "PLATFORM_WEB";

export type ReasonJson =
  | "REASON_NONE"
  | "REASON_LOGIN"
  | "REASON_LOGOUT"
  | "REASON_LINK_CLOSED"
  | "REASON_TIMEOUT"
  | "REASON_KICKED"
  | "REASON_SIG_EXPIRED"
  | "REASON_LAPSED"
  | "REASON_DELETED"
  | "REASON_CUSTOM"
  | "REASON_NODE_LOST"
  | "REASON_CUSTOM_EXPIRED";

export type ProfileJson = {
  userId?: string;
  nick?: string;
  avatarUrl?: string;
  allowType?: AllowTypeJson;
};

export type SetSelfInfoRequestJson = {
  nick?: string;
  avatarUrl?: string;
  allowType?: AllowTypeJson;
};

export type SetSelfInfoResponseJson = {
  profile?: ProfileJson;
  listsVersion?: string;
};

export type GetUsersInfoRequestJson = {
  userIds?: string[];
};

export type GetUsersInfoResponseJson = {
  profiles?: ProfileJson[];
  failures?: ItemFailureJson[];
};

export type ItemFailureJson = {
  userId?: string;
  code?: number;
  message?: string;
};

export type FriendJson = {
  userId?: string;
  remark?: string;
  profile?: ProfileJson;
  mutual?: boolean;
  addedAt?: string;
  addSource?: string;
  addWording?: string;
};

export type GetFriendListRequestJson = {
  after?: string;
  limit?: number;
};

export type GetFriendListResponseJson = {
  friends?: FriendJson[];
  finished?: boolean;
  listsVersion?: string;
};

export type AddFriendRequestJson = {
  userId?: string;
  remark?: string;
  addSource?: string;
  addWording?: string;
  single?: boolean;
};

export type AddFriendResponseJson = {
  friend?: FriendJson;
  listsVersion?: string;
};

export type DeleteFriendsRequestJson = {
  userIds?: string[];
  single?: boolean;
};

export type DeleteFriendsResponseJson = {
  failures?: ItemFailureJson[];
  listsVersion?: string;
};

export type SetFriendRemarkRequestJson = {
  userId?: string;
  remark?: string;
};

export type SetFriendRemarkResponseJson = {
  friend?: FriendJson;
  listsVersion?: string;
};

export type BlockedUserJson = {
  userId?: string;
  blockedAt?: string;
};

export type SetVisibilityRequestJson = {
  visibility?: VisibilityJson;
};

export type SetVisibilityResponseJson = {
  listsVersion?: string;
};

export type GetBlockListRequestJson = {};

export type GetBlockListResponseJson = {
  visibility?: VisibilityJson;
  blocked?: BlockedUserJson[];
  listsVersion?: string;
};

export type BlockUsersRequestJson = {
  userIds?: string[];
};

export type BlockUsersResponseJson = {
  blocked?: BlockedUserJson[];
  failures?: ItemFailureJson[];
  listsVersion?: string;
};

export type UnblockUsersRequestJson = {
  userIds?: string[];
};

export type UnblockUsersResponseJson = {
  failures?: ItemFailureJson[];
  listsVersion?: string;
};

export type MessageJson = {
  from?: string;
  to?: string;
  sequence?: string;
  time?: string;
  text?: string;
  clientMessageId?: string;
  custom?: CustomElementJson;
};

export type CustomElementJson = {
  data?: string;
  description?: string;
  extension?: string;
};

export type SendMessageRequestJson = {
  to?: string;
  text?: string;
  clientMessageId?: string;
  custom?: CustomElementJson;
};

export type SendMessageResponseJson = {
  message?: MessageJson;
  repeatedSend?: boolean;
  listsVersion?: string;
};

export type GetHistoryRequestJson = {
  peer?: string;
  before?: string;
  limit?: number;
};

export type GetHistoryResponseJson = {
  messages?: MessageJson[];
  finished?: boolean;
};

export type ConversationJson = {
  peer?: string;
  lastMessage?: MessageJson;
  unread?: number;
  readSequence?: string;
  pinned?: boolean;
  profile?: ProfileJson;
  remark?: string;
  activeAt?: string;
};

export type GetConversationListRequestJson = {
  cursor?: string;
  limit?: number;
};

export type GetConversationListResponseJson = {
  conversations?: ConversationJson[];
  next?: string;
  totalUnread?: number;
  listsVersion?: string;
};

export type MarkReadRequestJson = {
  peer?: string;
  sequence?: string;
};

export type MarkReadResponseJson = {
  conversation?: ConversationJson;
  listsVersion?: string;
};

export type PinConversationRequestJson = {
  peer?: string;
  pinned?: boolean;
};

export type PinConversationResponseJson = {
  conversation?: ConversationJson;
  listsVersion?: string;
};

export type DeleteConversationRequestJson = {
  peer?: string;
};

export type DeleteConversationResponseJson = {
  listsVersion?: string;
};

export type ListsChangedJson = {
  listsVersion?: string;
  messages?: MessageJson[];
  conversations?: ConversationJson[];
  deletedConversations?: string[];
  friends?: FriendJson[];
  deletedFriends?: string[];
  profile?: ProfileJson;
  reload?: boolean;
  totalUnread?: number;
  profiles?: ProfileJson[];
  blocked?: BlockedUserJson[];
  unblocked?: string[];
  visibility?: VisibilityJson;
};

export type AllowTypeJson = "ALLOW_TYPE_UNSPECIFIED" | "ALLOW_TYPE_ALLOW_ANY" | "ALLOW_TYPE_DENY_ANY";

export type VisibilityJson =
  "VISIBILITY_UNSPECIFIED" | "VISIBILITY_EVERYONE" | "VISIBILITY_FRIENDS" | "VISIBILITY_NOBODY";

export type ClientMessageJson = {
  id?: string;
  login?: LoginRequestJson;
  logout?: LogoutRequestJson;
  setSelfStatus?: SetSelfStatusRequestJson;
  getUserStatus?: GetUserStatusRequestJson;
  subscribeUserStatus?: SubscribeUserStatusRequestJson;
  unsubscribeUserStatus?: UnsubscribeUserStatusRequestJson;
  getSubscriptions?: GetSubscriptionsRequestJson;
  heartbeat?: HeartbeatJson;
  setSelfInfo?: SetSelfInfoRequestJson;
  getUsersInfo?: GetUsersInfoRequestJson;
  getFriendList?: GetFriendListRequestJson;
  addFriend?: AddFriendRequestJson;
  deleteFriends?: DeleteFriendsRequestJson;
  setFriendRemark?: SetFriendRemarkRequestJson;
  sendMessage?: SendMessageRequestJson;
  getHistory?: GetHistoryRequestJson;
  getConversationList?: GetConversationListRequestJson;
  markRead?: MarkReadRequestJson;
  pinConversation?: PinConversationRequestJson;
  deleteConversation?: DeleteConversationRequestJson;
  setVisibility?: SetVisibilityRequestJson;
  getBlockList?: GetBlockListRequestJson;
  blockUsers?: BlockUsersRequestJson;
  unblockUsers?: UnblockUsersRequestJson;
};

export type ServerMessageJson = {
  id?: string;
  refusal?: RefusalJson;
  login?: LoginResponseJson;
  logout?: LogoutResponseJson;
  setSelfStatus?: SetSelfStatusResponseJson;
  getUserStatus?: GetUserStatusResponseJson;
  subscribeUserStatus?: SubscribeUserStatusResponseJson;
  unsubscribeUserStatus?: UnsubscribeUserStatusResponseJson;
  getSubscriptions?: GetSubscriptionsResponseJson;
  heartbeat?: HeartbeatJson;
  statusChanged?: StatusChangedJson;
  subscriptionsChanged?: SubscriptionsChangedJson;
  connectionEnded?: ConnectionEndedJson;
  setSelfInfo?: SetSelfInfoResponseJson;
  getUsersInfo?: GetUsersInfoResponseJson;
  getFriendList?: GetFriendListResponseJson;
  addFriend?: AddFriendResponseJson;
  deleteFriends?: DeleteFriendsResponseJson;
  setFriendRemark?: SetFriendRemarkResponseJson;
  sendMessage?: SendMessageResponseJson;
  getHistory?: GetHistoryResponseJson;
  getConversationList?: GetConversationListResponseJson;
  markRead?: MarkReadResponseJson;
  pinConversation?: PinConversationResponseJson;
  deleteConversation?: DeleteConversationResponseJson;
  listsChanged?: ListsChangedJson;
  appChanged?: AppChangedJson;
  setVisibility?: SetVisibilityResponseJson;
  getBlockList?: GetBlockListResponseJson;
  blockUsers?: BlockUsersResponseJson;
  unblockUsers?: UnblockUsersResponseJson;
};

export type RefusalJson = {
  code?: number;
  message?: string;
};

export type LoginRequestJson = {
  sdkAppId?: number;
  userId?: string;
  userSig?: string;
  deviceId?: string;
  platform?: PlatformJson;
  resume?: boolean;
  known?: KnownJson[];
};

export type KnownJson = {
  userId?: string;
  version?: string;
};

export type LoginResponseJson = {
  heartbeatTimeoutMs?: number;
  serverTime?: string;
  statuses?: UserStatusJson[];
  notWatched?: string[];
  subscriptionsLost?: boolean;
  registered?: boolean;
  subscriptions?: string[];
  listsVersion?: string;
  snapshotComplete?: boolean;
  abilities?: AbilitiesJson;
  reconnectSpreadMs?: number;
};

export type AbilitiesJson = {
  statusesOfOthers?: boolean;
  refusalCode?: number;
  friendNotification?: boolean;
  subscriptionsLimit?: number;
  queryBatch?: number;
  subscribeBatch?: number;
  unsubscribeBatch?: number;
  customStatusBytes?: number;
  messageBytes?: number;
  friendsLimit?: number;
};

export type AppChangedJson = {
  abilities?: AbilitiesJson;
};

export type LogoutRequestJson = {};

export type LogoutResponseJson = {};

export type SetSelfStatusRequestJson = {
  customStatus?: string;
  expiresIn?: number;
};

export type SetSelfStatusResponseJson = {
  status?: UserStatusJson;
};

export type GetUserStatusRequestJson = {
  userIds?: string[];
};

export type FailureJson = {
  userId?: string;
  code?: number;
};

export type GetUserStatusResponseJson = {
  statuses?: UserStatusJson[];
  failures?: FailureJson[];
};

export type SubscribeUserStatusRequestJson = {
  userIds?: string[];
};

export type SubscribeUserStatusResponseJson = {
  statuses?: UserStatusJson[];
  failures?: FailureJson[];
  evicted?: string[];
  notWatched?: string[];
};

export type UnsubscribeUserStatusRequestJson = {
  userIds?: string[];
};

export type UnsubscribeUserStatusResponseJson = {
  failures?: FailureJson[];
  notWatched?: string[];
};

export type GetSubscriptionsRequestJson = {};

export type GetSubscriptionsResponseJson = {
  userIds?: string[];
  limit?: number;
};

export type HeartbeatJson = {
  reconnectSpreadMs?: number;
};

export type StatusChangedJson = {
  statuses?: UserStatusJson[];
  snapshotComplete?: boolean;
};

export type SubscriptionsChangedJson = {
  subscribed?: string[];
  unsubscribed?: string[];
  notWatched?: string[];
};

export type ConnectionEndedJson = {
  cause?: ConnectionEnded_CauseJson;
  message?: string;
  byPlatform?: PlatformJson;
  retryAfterMs?: number;
};

export type ConnectionEnded_CauseJson =
  | "CAUSE_UNSPECIFIED"
  | "CAUSE_KICKED_BY_OTHER_LOGIN"
  | "CAUSE_KICKED_BY_OPERATOR"
  | "CAUSE_USER_SIG_EXPIRED"
  | "CAUSE_ACCOUNT_DELETED"
  | "CAUSE_RECONNECT"
  | "CAUSE_SUPERSEDED"
  | "CAUSE_PROTOCOL_ERROR"
  | "CAUSE_LOGIN_TIMEOUT"
  | "CAUSE_TOO_MANY_CONNECTIONS"
  | "CAUSE_TIMEOUT"
  | "CAUSE_LOGGED_OUT";
