/**
 * Names and values of the cloud's SDK that applications use. Most names of features that Lamplight does not have,
 * such as groups, are missing. A name does not mean that Lamplight has the feature.
 */

/** The names of the events. */
export const EVENT = {
  SDK_READY: "sdkStateReady",
  SDK_NOT_READY: "sdkStateNotReady",
  NET_STATE_CHANGE: "netStateChange",
  KICKED_OUT: "kickedOut",
  ERROR: "error",
  USER_STATUS_UPDATED: "onUserStatusUpdated",
  MESSAGE_RECEIVED: "onMessageReceived",
  MESSAGE_MODIFIED: "onMessageModified",
  CONVERSATION_LIST_UPDATED: "onConversationListUpdated",
  TOTAL_UNREAD_MESSAGE_COUNT_UPDATED: "onTotalUnreadMessageCountUpdated",
  FRIEND_LIST_UPDATED: "onFriendListUpdated",
  PROFILE_UPDATED: "onProfileUpdated",
  BLACKLIST_UPDATED: "blacklistUpdated",
  /** The user's visibility has changed, on this or another device, or by the server API. Not in the cloud's API. */
  VISIBILITY_UPDATED: "onVisibilityUpdated",
  /** Another device of this account, or the server API, has changed the subscription list. Not in the cloud's API. */
  SUBSCRIPTIONS_UPDATED: "onSubscriptionsUpdated",
  /** An operator has changed the abilities of the app's clients. Not in the cloud's API. */
  ABILITIES_UPDATED: "onAbilitiesUpdated",
} as const;

/** The values of parameters and events. */
export const TYPES = {
  USER_STATUS_UNKNOWN: 0,
  USER_STATUS_ONLINE: 1,
  USER_STATUS_OFFLINE: 2,
  USER_STATUS_UNLOGINED: 3,

  KICKED_OUT_MULT_ACCOUNT: "multipleAccount",
  KICKED_OUT_MULT_DEVICE: "multipleDevice",
  KICKED_OUT_USERSIG_EXPIRED: "userSigExpired",
  KICKED_OUT_REST_API: "REST_API_Kick",

  NET_STATE_CONNECTED: "connected",
  NET_STATE_CONNECTING: "connecting",
  NET_STATE_DISCONNECTED: "disconnected",

  CONV_C2C: "C2C",
  CONV_GROUP: "GROUP",
  CONV_SYSTEM: "@TIM#SYSTEM",

  MSG_TEXT: "TIMTextElem",
  MSG_CUSTOM: "TIMCustomElem",
  MSG_PRIORITY_HIGH: "High",
  MSG_PRIORITY_NORMAL: "Normal",
  MSG_PRIORITY_LOW: "Low",
  MSG_PRIORITY_LOWEST: "Lowest",
  MSG_REMIND_ACPT_AND_NOTE: "AcceptAndNotify",
  MSG_REMIND_ACPT_NOT_NOTE: "AcceptNotNotify",
  MSG_REMIND_DISCARD: "Discard",

  GENDER_UNKNOWN: "Gender_Type_Unknown",
  GENDER_FEMALE: "Gender_Type_Female",
  GENDER_MALE: "Gender_Type_Male",
  ALLOW_TYPE_ALLOW_ANY: "AllowType_Type_AllowAny",
  ALLOW_TYPE_NEED_CONFIRM: "AllowType_Type_NeedConfirm",
  ALLOW_TYPE_DENY_ANY: "AllowType_Type_DenyAny",
  FORBID_TYPE_NONE: "AdminForbid_Type_None",
  FORBID_TYPE_SEND_OUT: "AdminForbid_Type_SendOut",

  SNS_ADD_TYPE_SINGLE: "Add_Type_Single",
  SNS_ADD_TYPE_BOTH: "Add_Type_Both",
  SNS_DELETE_TYPE_SINGLE: "Delete_Type_Single",
  SNS_DELETE_TYPE_BOTH: "Delete_Type_Both",
  SNS_CHECK_TYPE_BOTH: "CheckResult_Type_Both",
  SNS_CHECK_TYPE_SINGLE: "CheckResult_Type_Single",
  SNS_TYPE_NO_RELATION: "CheckResult_Type_NoRelation",
  SNS_TYPE_A_WITH_B: "CheckResult_Type_AWithB",
  SNS_TYPE_B_WITH_A: "CheckResult_Type_BWithA",
  SNS_TYPE_BOTH_WAY: "CheckResult_Type_BothWay",

  READ_ALL_C2C_MSG: "readAllC2CMessage",
  READ_ALL_MSG: "readAllMessage",
} as const;
