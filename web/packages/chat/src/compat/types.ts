/**
 * The typings of the cloud's SDK, for programs that use them. They have `any` where a program may use its own types.
 * `@lamplight/chat` itself is fully typed.
 */

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-function-type,
   @typescript-eslint/no-wrapper-object-types -- see above */

import type { EMPTY, REJECTED, UNSENDABLE } from "./absent.js";
import type Lamplight from "./index.js";

type TYPES = Lamplight.TYPES;

export interface CreateOptions {
  /** The id of the app. A program in JavaScript may pass it as a string of digits. */
  SDKAppID: number;
  /**
   * The address of the server, such as `wss://chat.example`. Default: that of `configure`, of the `<meta>` element
   * `lamplight-server` of the page, or the host of the page.
   */
  proxyServer?: String | undefined;
  fileUploadProxy?: String | undefined;
  fileDownloadProxy?: String | undefined;
  scene?: String | undefined;
}

export interface UserInfo {
  avatar: string;
  nick: string;
  userID: string;
}

export interface Message {
  ID: string;
  type: TYPES;
  payload: any;
  conversationID: string;
  conversationType: TYPES;
  to: string;
  from: string;
  flow: string;
  time: number;
  status: string;
  isRevoked: boolean;
  priority: TYPES;
  nick: string;
  avatar: string;
  isPeerRead: boolean;
  nameCard: string;
  atUserList: string[];
  cloudCustomData: string;
  isDeleted: boolean;
  isModified: boolean;
  needReadReceipt: boolean;
  readReceiptInfo: any;
  isBroadcastMessage: boolean;
  isSupportExtension: boolean;
  revoker: string;
  revokerInfo: UserInfo;
  revokeReason: string;
  sequence: number;
  hasRiskContent: boolean;
}

export interface SimplifiedMessage {
  ID: string;
  nick: string;
  avatar: string;
  from: string;
  messageBody: any[];
  time: number;
  cloudCustomData: string;
}

export interface Profile {
  userID: string;
  nick: string;
  gender: TYPES;
  birthday: number;
  location: string;
  selfSignature: string;
  allowType: TYPES;
  language: number;
  avatar: string;
  messageSettings: number;
  adminForbidType: TYPES;
  level: number;
  role: number;
  lastUpdatedNumber: number;
  profileCustomField: any[];
}

export interface Group {
  groupID: string;
  name: string;
  avatar: string;
  type: TYPES;
  introduction: string;
  notification: string;
  ownerID: string;
  createTime: string;
  infoSequence: number;
  lastInfoTime: number;
  selfInfo: any;
  lastMessage: any;
  nextMessageSeq: number;
  memberCount: number;
  maxMemberCount: number;
  muteAllMembers: boolean;
  joinOption: TYPES;
  groupCustomField: any[];
  isSupportTopic: boolean;
}

export interface Conversation {
  conversationID: string;
  type: TYPES;
  unreadCount: number;
  lastMessage: any;
  groupProfile: Group;
  userProfile: Profile;
  groupAtInfoList: any[];
  remark: string;
  isPinned: boolean;
  messageRemindType: TYPES;
  markList: number[];
  customData: string;
  conversationGroupList: string[];
  draftText: string;
}

export interface Friend {
  userID: string;
  remark: string;
  groupList: string[];
  source: string;
  wording: string;
  profile: Profile;
  friendCustomField: any[];
}

export interface FriendApplication {
  userID: string;
  avatar: string;
  nick: string;
  time: number;
  source: string;
  wording: string;
  type: TYPES;
}

export interface FriendGroup {
  name: string;
  userIDList: string[];
  count: number;
}

export interface GroupMember {
  userID: string;
  avatar: string;
  nick: string;
  role: string;
  joinTime: number;
  nameCard: string;
  muteUntil: number;
  memberCustomField: any[];
}

export interface Topic {
  topicID: string;
  topicName: string;
  avatar: string;
  introduction: string;
  notification: string;
  unreadCount: number;
  muteAllMembers: boolean;
  customData: string;
  groupAtInfoList: any[];
  lastMessage: any;
  selfInfo: any;
}

export interface Signaling {
  inviteID: string;
  groupID: string;
  inviter: string;
  inviteeList: string[];
  data: string;
  actionType: Lamplight.TSignaling;
  timeout: number;
}

export interface MessageOptions {
  to: string;
  conversationType: TYPES;
  priority?: TYPES;
  payload: any;
  cloudCustomData?: string;
  needReadReceipt?: boolean;
  receiverList?: string[];
  isSupportExtension?: boolean;
  onProgress?: Function;
  customModerationConfigurationID?: string;
}

interface UserList {
  userIDList: string[];
}

/** The calls that Lamplight supports, and the calls for signalling. The file `absent.ts` has the others. */
interface Present {
  login(options: { userID: string; userSig: string }): Promise<any>;
  logout(): Promise<void>;
  getLoginUser(): String;
  getServerTime(): Number;
  isReady(): boolean;
  destroy(): Promise<void>;
  on(eventName: string, handler: Function, context?: any): void;
  once(eventName: string, handler: Function, context?: any): void;
  off(eventName: string, handler: Function, context?: any): void;
  registerPlugin(options: Object): void;
  setLogLevel(level: number): void;

  createTextMessage(options: MessageOptions): Message;
  createCustomMessage(options: MessageOptions): Message;
  createForwardMessage(options: MessageOptions): Message;
  sendMessage(message: Message, options?: any): Promise<any>;
  resendMessage(message: Message, options?: any): Promise<any>;
  findMessage(messageID: string): Message | null;
  getMessageList(options: { conversationID: string; nextReqMessageID?: string; count?: number }): Promise<any>;
  setMessageRead(options: { conversationID: string }): Promise<any>;
  setAllMessageRead(options: { scope: TYPES }): Promise<any>;

  getConversationList(
    options?:
      | string[]
      | {
          type?: TYPES;
          groupName?: string;
          markType?: number;
          hasUnreadCount?: boolean;
          hasGroupAtInfo?: boolean;
        },
  ): Promise<any>;
  getConversationProfile(conversationID: string): Promise<any>;
  deleteConversation(options: string | { conversationIDList: string[]; clearHistoryMessage?: boolean }): Promise<any>;
  pinConversation(options: { conversationID: string; isPinned: boolean }): Promise<any>;
  setConversationDraft(options: { conversationID: string; draftText: string }): Promise<any>;
  getTotalUnreadMessageCount(): number;

  getMyProfile(): Promise<any>;
  getUserProfile(options: UserList): Promise<any>;
  updateMyProfile(options: {
    nick?: string;
    avatar?: string;
    gender?: TYPES;
    selfSignature?: string;
    allowType?: TYPES;
    birthday?: number;
    location?: string;
    language?: number;
    messageSettings?: number;
    adminForbidType?: TYPES;
    level?: number;
    role?: number;
    profileCustomField?: any[];
  }): Promise<any>;

  /**
   * `expiresIn` is the time in seconds after which the server clears the text: 1 to 2,592,000 (30 days), or 0 for no
   * end. It is not in the cloud's API.
   */
  setSelfStatus(options: { customStatus: string; expiresIn?: number | undefined }): Promise<any>;
  getUserStatus(options: UserList): Promise<any>;
  subscribeUserStatus(options: UserList): Promise<any>;
  unsubscribeUserStatus(options: { userIDList: string[] | undefined }): Promise<any>;

  getFriendList(): Promise<any>;
  addFriend(options: {
    to: string;
    source: string;
    wording?: string;
    type?: TYPES;
    remark?: string;
    groupName?: string;
  }): Promise<any>;
  deleteFriend(options: { userIDList: string[]; type?: TYPES }): Promise<any>;
  checkFriend(options: { userIDList: string[]; type: TYPES }): Promise<any>;
  getFriendProfile(options: UserList): Promise<any>;
  updateFriend(options: { userID: string; remark?: string; friendCustomField?: any[] }): Promise<any>;

  getBlacklist(): Promise<any>;
  addToBlacklist(options: UserList): Promise<any>;
  removeFromBlacklist(options: UserList): Promise<any>;
  /** Returns who may see the user's status. Not in the cloud's API. */
  getVisibility(): Promise<any>;
  /** Sets who may see the user's status: `everyone`, `friends` or `nobody`. Not in the cloud's API. */
  setVisibility(visibility: "everyone" | "friends" | "nobody"): Promise<any>;

  addSignalingListener(eventName: string, handler: Function, context?: any): void;
  removeSignalingListener(eventName: string, handler: Function, context?: any): void;
  inviteSync(options: any, successCb: Function, errorCb: Function): void;
  inviteInGroupSync(options: any, successCb: Function, errorCb: Function): void;
  getSignalingInfo(message: Message): Signaling | null;
  callExperimentalAPI(key: string, options?: any): any;
}

/** The calls in the table of `absent.ts`. */
type Absent = Record<keyof typeof EMPTY | (typeof REJECTED)[number], (...parameters: any[]) => Promise<any>> &
  Record<keyof typeof UNSENDABLE, (options: MessageOptions) => Message>;

/** A client with the cloud's typings. */
export interface Calls extends Present, Absent {}
