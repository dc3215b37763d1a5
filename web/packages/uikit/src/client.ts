/**
 * The part of a chat SDK that the kit uses. The client of `@lamplight/chat` has it, and so does any object of this shape:
 * the kit knows no other way to the server.
 */

/** The answer that every call of the SDK resolves with. */
export interface Answer<T> {
  data: T;
}

/** 0 unknown, 1 online, 2 offline, 3 not logged in. */
export type StatusType = 0 | 1 | 2 | 3;

/** The status of a user. */
export interface UserStatus {
  userID: string;
  statusType: StatusType;
  /** Empty: none. */
  customStatus: string;
  /** A decimal number that grows with every change of this user. An SDK that has none tells changes in their order. */
  version?: string;
}

/** Why a call did nothing for one of its users. */
export interface UserFailure {
  userID: string;
  code: number;
  message: string;
}

/** The profile of a user. */
export interface Profile {
  userID: string;
  nick: string;
  avatar: string;
}

/** An entry of the friend list. */
export interface Friend {
  userID: string;
  remark: string;
  profile: Profile;
}

/** The last message of a conversation, as a list shows it. */
export interface LastMessage {
  /** Seconds. */
  lastTime: number;
  fromAccount: string;
  messageForShow: string;
  type?: string;
  isRevoked?: boolean;
}

/** An entry of the conversation list. */
export interface Conversation {
  conversationID: string;
  /** `C2C` for one of two people. */
  type: string;
  unreadCount: number;
  lastMessage: LastMessage | null;
  userProfile: Profile | null;
  remark: string;
  isPinned: boolean;
  draftText?: string;
}

/** A message. */
export interface Message {
  ID: string;
  conversationID: string;
  /** The text, or the description of custom content. */
  payload: { text?: string; description?: string };
  flow: string;
  /** Seconds. */
  time: number;
  /** `unSend`, `success` or `fail`. */
  status: string;
  from: string;
  isRevoked?: boolean;
}

/** A page of a conversation, oldest message first. */
export interface MessagePage {
  messageList: Message[];
  nextReqMessageID: string;
  isCompleted: boolean;
}

/** The abilities that the app gives its clients, as far as the kit goes by them. */
export interface Abilities {
  /** Off: nobody is asked for, subscribed to or shown. */
  statusesOfOthers: boolean;
  /** Why not. */
  refusalCode: number;
  /** How many users a call may name. */
  queryBatch: number;
  subscribeBatch: number;
  unsubscribeBatch: number;
}

/** The calls that the kit makes. */
export interface ChatClient {
  on(name: string, handler: (event: never) => unknown): void;
  off(name: string, handler: (event: never) => unknown): void;
  isReady(): boolean;
  getLoginUser(): string;
  /** The time by the server's clock. Without it, times are told by the browser's own. */
  getServerTime?(): unknown;
  getFriendList(): Promise<Answer<Friend[]>>;
  getConversationList(): Promise<Answer<{ conversationList: Conversation[] }>>;
  pinConversation(options: { conversationID: string; isPinned: boolean }): Promise<unknown>;
  deleteConversation(conversationID: string): Promise<unknown>;
  setMessageRead(options: { conversationID: string }): Promise<unknown>;
  getMessageList(options: { conversationID: string; nextReqMessageID?: string }): Promise<Answer<MessagePage>>;
  createTextMessage(options: { to: string; conversationType: "C2C"; payload: { text: string } }): Message;
  sendMessage(message: never): Promise<Answer<{ message: Message }>>;
  getUserStatus(options: {
    userIDList: string[];
  }): Promise<Answer<{ successUserList: UserStatus[]; failureUserList: UserFailure[] }>>;
  subscribeUserStatus(options: {
    userIDList: string[];
  }): Promise<
    Answer<{ failureUserList: UserFailure[]; evictedUserIDList?: string[]; successUserList?: UserStatus[] }>
  >;
  unsubscribeUserStatus(options: {
    userIDList: string[] | undefined;
  }): Promise<Answer<{ failureUserList: UserFailure[] }>>;
  /** An SDK without it is taken to allow 200 subscriptions, none of them in use. */
  getSubscriptions?(): Promise<Answer<{ userIDList: string[]; limit: number }>>;
  /** With an SDK without it the kit finds out by being refused, and asks again from time to time. */
  getAbilities?(): Abilities | null;
  /** Connects now instead of waiting. With an SDK without it nobody is offered to. */
  reconnect?(): void;
}

/** Listens to an event of the SDK, and hands back how to stop. */
export function listen<T>(client: ChatClient, name: string, handler: (data: T) => void): () => void {
  const heard = (event: { data: T }) => {
    handler(event.data);
  };
  client.on(name, heard);
  return () => {
    client.off(name, heard);
  };
}

/** The code that a call was refused with; 0 when it failed in another way. */
export function codeOf(error: unknown): number {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "number"
    ? error.code
    : 0;
}

/** The user a conversation is with; nothing for one of more people. */
export function peerOf(conversationID: string): string | undefined {
  return conversationID.startsWith("C2C") && conversationID.length > 3 ? conversationID.slice(3) : undefined;
}
