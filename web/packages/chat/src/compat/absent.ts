/**
 * The features of the cloud's SDK that Lamplight does not have, in one table. Many programs read lists when they
 * start, so these calls return empty results. All other calls are rejected: no program may rely on a change that was
 * not made. The README has this table too.
 */

/** The version of the cloud's SDK whose API this package implements. Some programs check it. */
export const VERSION = "3.6.6";

/** The cloud's code for a feature that is not available. */
export const NOT_SUPPORTED = 3122;

/** A function that returns the empty result for the options of a call. */
type Empty = (options: never) => unknown;

const nothing = () => ({});
const emptyList = () => [];

/** Calls with empty results. */
export const EMPTY = {
  getGroupList: () => ({ groupList: [] }),
  getGroupApplicationList: () => ({ applicationList: [] }),
  getJoinedCommunityList: () => ({ groupList: [] }),
  getFriendApplicationList: () => ({ friendApplicationList: [], unreadCount: 0 }),
  setFriendApplicationRead: nothing,
  getFriendGroupList: emptyList,
  getConversationGroupList: emptyList,
  getMessageReactions: ({ messageList }: { messageList: readonly { ID: string }[] }) => ({
    resultList: messageList.map(({ ID }) => ({ messageID: ID, reactionList: [] })),
  }),
  getAllUserListOfMessageReaction: () => ({ userInfoList: [], nextSeq: 0, isCompleted: true }),
  getMessageExtensions: () => ({ extensions: [] }),
} satisfies Record<string, Empty>;

/** Calls that are rejected with `NOT_SUPPORTED`. */
export const REJECTED = [
  // Messages.
  "downloadMergerMessage",
  "revokeMessage",
  "deleteMessage",
  "translateText",
  "convertVoiceToText",
  "setMessageExtensions",
  "deleteMessageExtensions",
  "modifyMessage",
  "searchCloudMessages",
  "searchCloudGroups",
  "searchCloudUsers",
  "searchCloudGroupMembers",
  "addMessageReaction",
  "removeMessageReaction",
  "getMessageListHopping",
  "sendMessageReadReceipt",
  "getMessageReadReceiptList",
  "getGroupMessageReadMemberList",
  // Conversations.
  "clearHistoryMessage",
  "setMessageRemindType",
  "setAllReceiveMessageOpt",
  "getAllReceiveMessageOpt",
  "setConversationCustomData",
  "markConversation",
  "createConversationGroup",
  "deleteConversationGroup",
  "renameConversationGroup",
  "addConversationsToGroup",
  "deleteConversationsFromGroup",
  // People.
  "acceptFriendApplication",
  "refuseFriendApplication",
  "deleteFriendApplication",
  "createFriendGroup",
  "deleteFriendGroup",
  "addToFriendGroup",
  "removeFromFriendGroup",
  "renameFriendGroup",
  "followUser",
  "unfollowUser",
  "getMyFollowersList",
  "getMyFollowingList",
  "getMutualFollowersList",
  "getUserFollowInfo",
  "checkFollowType",
  // Groups.
  "getGroupProfile",
  "createGroup",
  "dismissGroup",
  "updateGroupProfile",
  "joinGroup",
  "quitGroup",
  "pinGroupMessage",
  "getPinnedGroupMessageList",
  "searchGroupByID",
  "getGroupOnlineMemberCount",
  "changeGroupOwner",
  "handleGroupApplication",
  "initGroupAttributes",
  "setGroupAttributes",
  "deleteGroupAttributes",
  "getGroupAttributes",
  "setGroupCounters",
  "increaseGroupCounter",
  "decreaseGroupCounter",
  "getGroupCounters",
  "getGroupMemberList",
  "getGroupMemberProfile",
  "addGroupMember",
  "deleteGroupMember",
  "setGroupMemberMuteTime",
  "setGroupMemberRole",
  "setGroupMemberNameCard",
  "setGroupMemberCustomField",
  "markGroupMemberList",
  "createTopicInCommunity",
  "deleteTopicFromCommunity",
  "updateTopicProfile",
  "getTopicList",
  // Calls.
  "invite",
  "inviteInGroup",
  "cancel",
  "accept",
  "reject",
  "modifyInvitation",
] as const;

/**
 * Functions that create messages of other types, which `sendMessage` rejects. Creating must succeed, because programs
 * expect errors only when they send a message.
 */
export const UNSENDABLE = {
  createTextAtMessage: "TIMTextElem",
  createImageMessage: "TIMImageElem",
  createAudioMessage: "TIMSoundElem",
  createVideoMessage: "TIMVideoFileElem",
  createFaceMessage: "TIMFaceElem",
  createFileMessage: "TIMFileElem",
  createLocationMessage: "TIMLocationElem",
  createMergerMessage: "TIMRelayElem",
} as const;
