/**
 * Profiles, friends, messages and conversations in the form of the cloud's SDK. Fields of features that Lamplight
 * does not have are present with a neutral value, because programs read them.
 */

import { TYPES } from "./constants.js";
import type { ConversationJson, FriendJson, MessageJson, ProfileJson } from "../gen/wire.js";
import { placeOf } from "../lists/lists.js";

/** The profile of a user. All fields after `allowType` have fixed values. */
export interface Profile {
  userID: string;
  /** The name that the user has chosen; empty if there is none. */
  nick: string;
  /** The address of the user's picture; empty if there is none. */
  avatar: string;
  allowType: "AllowType_Type_AllowAny" | "AllowType_Type_DenyAny";
  gender: "Gender_Type_Unknown";
  birthday: number;
  location: string;
  selfSignature: string;
  language: number;
  messageSettings: number;
  adminForbidType: "AdminForbid_Type_None";
  level: number;
  role: number;
  lastUpdatedNumber: number;
  profileCustomField: never[];
}

/** An entry of the friend list. */
export interface Friend {
  userID: string;
  /** The user's own name for the friend; empty if there is none. */
  remark: string;
  groupList: never[];
  source: string;
  wording: string;
  profile: Profile;
  friendCustomField: never[];
  /** Whether the user is on the friend's list as well. Not in the cloud's API. */
  isMutual: boolean;
  /** The time when the friend was added, in milliseconds since 1970 (UTC). Not in the cloud's API. */
  addTime: number;
}

/** Content that only the application interprets. Conversation lists show `description`. */
export interface CustomPayload {
  data: string;
  description: string;
  extension: string;
}

/** The content of a message, which depends on its type. */
export type MessageContent =
  { type: "TIMTextElem"; payload: { text: string } } | { type: "TIMCustomElem"; payload: CustomPayload };

/** A one-to-one message. */
export type Message = MessageContent & MessageFrame;

/** A message without its content. */
export interface MessageFrame {
  /** The id of the message, which is the same for sender and receiver. */
  ID: string;
  conversationID: string;
  conversationType: "C2C";
  from: string;
  to: string;
  flow: "in" | "out";
  /** The time when the server stored the message, in seconds since 1970 (UTC); 0 before that. */
  time: number;
  /** The number of the message in the conversation, from 1; 0 before the message was sent. */
  sequence: number;
  /**
   * `unSend` before the message was sent, `success` after the server has stored it, `fail` after a failed attempt.
   */
  status: "unSend" | "success" | "fail";
  /** The nick of the sender, if the SDK knows the sender's profile; otherwise empty. */
  nick: string;
  /** The address of the sender's picture, like `nick`. */
  avatar: string;
  priority: "Normal";
  isRevoked: boolean;
  isPeerRead: boolean;
  nameCard: string;
  atUserList: never[];
  cloudCustomData: string;
  isDeleted: boolean;
  isModified: boolean;
  needReadReceipt: boolean;
  readReceiptInfo: Record<string, never>;
  isBroadcastMessage: boolean;
  isSupportExtension: boolean;
  revoker: string;
  revokerInfo: { userID: string; nick: string; avatar: string };
  revokeReason: string;
  hasRiskContent: boolean;
}

/** The last message of a conversation, for conversation lists. */
export interface LastMessage {
  /**
   * The time of the message, in seconds since 1970 (UTC). If the message was deleted because of its age, the time of
   * the last activity in the conversation.
   */
  lastTime: number;
  /** The number of the message in the conversation; 0 if there is no message. */
  lastSequence: number;
  fromAccount: string;
  /** The text, or the description of custom content; empty if there is no message. */
  messageForShow: string;
  /** Empty if there is no message. */
  type: "TIMTextElem" | "TIMCustomElem" | "";
  payload: { text: string } | CustomPayload | null;
  nick: string;
  nameCard: string;
  isRevoked: boolean;
  isPeerRead: boolean;
  onlineOnlyFlag: boolean;
}

/** An entry of the conversation list. The fields after `isPinned` have fixed values. */
export interface Conversation {
  /** `C2C` and the userID of the peer. */
  conversationID: string;
  type: "C2C";
  /** The number of messages from the peer that the user has not read. */
  unreadCount: number;
  lastMessage: LastMessage;
  /** The profile of the peer. */
  userProfile: Profile;
  /** The user's remark on the peer, if the peer is a friend; otherwise empty. */
  remark: string;
  isPinned: boolean;
  groupProfile: null;
  groupAtInfoList: never[];
  messageRemindType: "AcceptAndNotify";
  markList: never[];
  customData: string;
  conversationGroupList: never[];
  draftText: string;
}

export function profileOf(told: ProfileJson | undefined, userID: string): Profile {
  return {
    userID: told?.userId ?? userID,
    nick: told?.nick ?? "",
    avatar: told?.avatarUrl ?? "",
    allowType: told?.allowType === "ALLOW_TYPE_DENY_ANY" ? TYPES.ALLOW_TYPE_DENY_ANY : TYPES.ALLOW_TYPE_ALLOW_ANY,
    gender: TYPES.GENDER_UNKNOWN,
    birthday: 0,
    location: "",
    selfSignature: "",
    language: 0,
    messageSettings: 0,
    adminForbidType: TYPES.FORBID_TYPE_NONE,
    level: 0,
    role: 0,
    lastUpdatedNumber: 0,
    profileCustomField: [],
  };
}

export function friendOf(told: FriendJson): Friend {
  const userID = told.userId ?? "";
  return {
    userID,
    remark: told.remark ?? "",
    groupList: [],
    source: told.addSource ?? "",
    wording: told.addWording ?? "",
    profile: profileOf(told.profile, userID),
    friendCustomField: [],
    isMutual: told.mutual ?? false,
    addTime: Number(told.addedAt ?? 0),
  };
}

/** Converts a message of the server. `self` is the user of this client, and `sender` is the sender's profile. */
export function messageOf(told: MessageJson, self: string, sender: ProfileJson | undefined): Message {
  const from = told.from ?? "";
  const to = told.to ?? "";
  const out = from === self;
  return {
    ...message({ ID: messageID(told), from, to }, contentOf(told)),
    conversationID: conversationID(out ? to : from),
    flow: out ? "out" : "in",
    time: seconds(told.time),
    sequence: Number(told.sequence ?? 0),
    status: "success",
    nick: sender?.nick ?? "",
    avatar: sender?.avatarUrl ?? "",
  };
}

/** Returns the content of a message of the server. */
function contentOf({ text = "", custom }: MessageJson): MessageContent {
  return custom === undefined
    ? { type: TYPES.MSG_TEXT, payload: { text } }
    : { type: TYPES.MSG_CUSTOM, payload: { ...NO_CUSTOM, ...custom } };
}

/** The defaults of custom content: the server omits empty fields, and these values fill them in. */
const NO_CUSTOM: CustomPayload = { data: "", description: "", extension: "" };

/** Creates a message that has not been sent yet. */
export function message(
  { ID, from, to }: { ID: string; from: string; to: string },
  content: MessageContent,
): Message {
  return {
    ID,
    ...content,
    conversationID: conversationID(to),
    conversationType: TYPES.CONV_C2C,
    from,
    to,
    flow: "out",
    time: 0,
    sequence: 0,
    status: "unSend",
    nick: "",
    avatar: "",
    priority: TYPES.MSG_PRIORITY_NORMAL,
    isRevoked: false,
    isPeerRead: false,
    nameCard: "",
    atUserList: [],
    cloudCustomData: "",
    isDeleted: false,
    isModified: false,
    needReadReceipt: false,
    readReceiptInfo: {},
    isBroadcastMessage: false,
    isSupportExtension: false,
    revoker: "",
    revokerInfo: { userID: "", nick: "", avatar: "" },
    revokeReason: "",
    hasRiskContent: false,
  };
}

export function conversationOf(told: ConversationJson): Conversation {
  const peer = told.peer ?? "";
  const last = told.lastMessage;
  return {
    conversationID: conversationID(peer),
    type: TYPES.CONV_C2C,
    unreadCount: told.unread ?? 0,
    lastMessage: {
      lastTime: seconds(last?.time ?? told.activeAt),
      lastSequence: Number(last?.sequence ?? 0),
      fromAccount: last?.from ?? "",
      messageForShow: (last?.custom ? last.custom.description : last?.text) ?? "",
      ...(last === undefined ? { type: "", payload: null } : contentOf(last)),
      nick: last?.from === peer ? (told.profile?.nick ?? "") : "",
      nameCard: "",
      isRevoked: false,
      isPeerRead: false,
      onlineOnlyFlag: false,
    },
    userProfile: profileOf(told.profile, peer),
    remark: told.remark ?? "",
    isPinned: told.pinned ?? false,
    groupProfile: null,
    groupAtInfoList: [],
    messageRemindType: TYPES.MSG_REMIND_ACPT_AND_NOTE,
    markList: [],
    customData: "",
    conversationGroupList: [],
    draftText: "",
  };
}

/** Returns the id of the conversation with a user. */
export function conversationID(peer: string): string {
  return `${TYPES.CONV_C2C}${peer}`;
}

/** Returns the peer of a conversation; undefined if the conversation is not one-to-one. */
export function peerOf(id: string): string | undefined {
  return id.startsWith(TYPES.CONV_C2C) && id.length > TYPES.CONV_C2C.length
    ? id.slice(TYPES.CONV_C2C.length)
    : undefined;
}

/** The form in which this SDK makes a `client_message_id`: a random id of the client, and a number. */
const MADE_HERE = /^[0-9a-f]{24}-\d+$/;

/**
 * Returns the id of a message that this SDK sends. It does not contain the sequence, which the server assigns later.
 */
export function sentID(from: string, clientMessageId: string): string {
  return `${from}-${clientMessageId}`;
}

/**
 * Returns the id of a message. The id contains the `client_message_id` only if this SDK has created it. Ids from
 * other clients may not be unique.
 */
function messageID(told: MessageJson): string {
  const { from = "", clientMessageId = "" } = told;
  return MADE_HERE.test(clientMessageId) ? sentID(from, clientMessageId) : placeOf(told);
}

function seconds(milliseconds: string | undefined): number {
  return Math.floor(Number(milliseconds ?? 0) / 1000);
}

/** Converts rows to the form for applications. For an unchanged row, the result is always the same object. */
export class Shapes<Row extends object, Shape> {
  readonly #made = new WeakMap<Row, Shape>();

  constructor(private readonly make: (row: Row) => Shape) {}

  readonly of = (row: Row): Shape => {
    const shape = this.#made.get(row) ?? this.make(row);
    this.#made.set(row, shape);
    return shape;
  };
}
