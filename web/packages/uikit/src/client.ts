/**
 * The part of a chat SDK that the kit uses. The client of `@lamplight/chat` has it, and so may any object of this
 * shape: the kit has no other way to the server.
 */

/** The result of every call of the SDK. */
export interface Answer<T> {
  data: T;
}

/** The status type: 0 unknown, 1 online, 2 offline, 3 not logged in. */
export type StatusType = 0 | 1 | 2 | 3;

/** The status of a user. */
export interface UserStatus {
  userID: string;
  statusType: StatusType;
  /** Empty if there is none. */
  customStatus: string;
  /** A decimal number that rises with every change of this user. An SDK without it sends changes in order. */
  version?: string;
}

/** The reason why a call failed for one of its users. */
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
  /** UTC seconds. */
  lastTime: number;
  fromAccount: string;
  messageForShow: string;
  type?: string;
  isRevoked?: boolean;
}

/** An entry of the conversation list. */
export interface Conversation {
  conversationID: string;
  /** `C2C` for a one-to-one conversation. */
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
  /** UTC seconds. */
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

/** The abilities that the app gives to its clients, as far as the kit uses them. */
export interface Abilities {
  /** Whether the client may query, subscribe to and show other users. */
  statusesOfOthers: boolean;
  /** The code with which queries and subscriptions are refused; 0 if they are not. */
  refusalCode: number;
  /** The number of users that a call may name. */
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
  /** The server's time. Without it, the browser's clock is used. */
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
  /** Without it, the kit assumes 200 free subscriptions. */
  getSubscriptions?(): Promise<Answer<{ userIDList: string[]; limit: number }>>;
  /** Without it, the kit learns the abilities from refusals, and tries again from time to time. */
  getAbilities?(): Abilities | null;
  /** Connects at once. Without it, the kit does not offer to reconnect. */
  reconnect?(): void;
}

/** Listens to an event of the SDK, and returns a function that stops listening. */
export function listen<T>(client: ChatClient, name: string, handler: (data: T) => void): () => void {
  const heard = (event: { data: T }) => {
    handler(event.data);
  };
  client.on(name, heard);
  return () => {
    client.off(name, heard);
  };
}

/** The code of a refusal; 0 for another failure. */
export function codeOf(error: unknown): number {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "number"
    ? error.code
    : 0;
}

/** The peer of a conversation; undefined if it is not a one-to-one conversation. */
export function peerOf(conversationID: string): string | undefined {
  return conversationID.startsWith("C2C") && conversationID.length > 3 ? conversationID.slice(3) : undefined;
}
