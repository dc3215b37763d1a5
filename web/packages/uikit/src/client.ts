/**
 * The part of a chat SDK that the kit uses. The client of `@lamplight/chat` has these methods, and any other object
 * with these methods works as well. The kit contacts the server only through them.
 */

/** The result of every call of the SDK that succeeds. */
export interface Answer<T> {
  data: T;
}

/** The status type: 0 unknown, 1 online, 2 offline, 3 not logged in. */
export type StatusType = 0 | 1 | 2 | 3;

/** The status of a user. */
export interface UserStatus {
  userID: string;
  statusType: StatusType;
  /** The custom status; empty if there is none. */
  customStatus: string;
  /**
   * The time when the server clears the custom status, in milliseconds since 1970 (UTC). Undefined if it has no end.
   */
  customExpires?: number;
  /** The reason for the last change. The kit knows `custom_expired`: the custom status has ended. */
  reason?: string;
  /**
   * A decimal number that increases with every change of this user's status. Undefined if the SDK sends all changes
   * in order.
   */
  version?: string;
}

/** A user for whom a call has failed, and the reason. */
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

/** The last message of a conversation, for conversation lists. */
export interface LastMessage {
  /** The time of the message, in seconds since 1970 (UTC). */
  lastTime: number;
  fromAccount: string;
  messageForShow: string;
  type?: string;
  isRevoked?: boolean;
}

/** An entry of the conversation list. */
export interface Conversation {
  conversationID: string;
  /** `C2C` if the conversation is one-to-one. */
  type: string;
  unreadCount: number;
  lastMessage: LastMessage | null;
  userProfile: Profile | null;
  remark: string;
  isPinned: boolean;
  draftText?: string;
}

/**
 * The users who may see the status of the user: every user of the app, the mutual friends, or nobody but the user.
 */
export type Visibility = "everyone" | "friends" | "nobody";

/** A message. */
export interface Message {
  ID: string;
  conversationID: string;
  /** The text, or the description of custom content. */
  payload: { text?: string; description?: string };
  flow: string;
  /** The time of the message, in seconds since 1970 (UTC). */
  time: number;
  /** The progress: `unSend` (not sent yet), `success` or `fail`. */
  status: string;
  from: string;
  isRevoked?: boolean;
}

/** A page of the history of a conversation, the oldest message first. */
export interface MessagePage {
  messageList: Message[];
  nextReqMessageID: string;
  isCompleted: boolean;
}

/** The abilities of a client that the kit uses. The settings of the app determine them. */
export interface Abilities {
  /**
   * Whether the client may query the statuses of other users and subscribe to them. If not, the kit shows no
   * statuses.
   */
  statusesOfOthers: boolean;
  /** The code with which the server refuses queries and subscriptions; 0 if it does not refuse them. */
  refusalCode: number;
  /** The maximum number of users in one query. */
  queryBatch: number;
  /** The maximum number of users in one call to subscribe. */
  subscribeBatch: number;
  /** The maximum number of users in one call to unsubscribe. */
  unsubscribeBatch: number;
  /** The maximum length of a custom status in bytes of UTF-8; 0 or absent if the client does not know it. */
  customStatusBytes?: number;
}

/** The calls that the kit makes. */
export interface ChatClient {
  on(name: string, handler: (event: never) => unknown): void;
  off(name: string, handler: (event: never) => unknown): void;
  isReady(): boolean;
  getLoginUser(): string;
  /**
   * Returns the server's time, in milliseconds or seconds since 1970 (UTC). If this method is missing, the kit uses
   * the clock of the browser.
   */
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
  /**
   * Sets the custom status, which ends after `expiresIn` seconds; it has no end if `expiresIn` is undefined. If this
   * method is missing, the user cannot set a custom status in the kit.
   */
  setSelfStatus?(options: { customStatus: string; expiresIn?: number }): Promise<Answer<UserStatus>>;
  /**
   * Returns the block list. Without this method and those that change the list, the kit does not offer to block
   * users.
   */
  getBlacklist?(): Promise<Answer<string[]>>;
  addToBlacklist?(options: { userIDList: string[] }): Promise<unknown>;
  removeFromBlacklist?(options: { userIDList: string[] }): Promise<unknown>;
  /** Returns profiles. If this method is missing, the block list shows the userIDs of users who are in no list. */
  getUserProfile?(options: { userIDList: string[] }): Promise<Answer<Profile[]>>;
  /**
   * Returns the visibility of the user. Without this method and `setVisibility`, the choice of a visibility is
   * disabled.
   */
  getVisibility?(): Promise<Answer<Visibility>>;
  setVisibility?(visibility: Visibility): Promise<unknown>;
  /** Returns the subscription list. If this method is missing, the kit assumes that 200 users fit on it. */
  getSubscriptions?(): Promise<Answer<{ userIDList: string[]; limit: number }>>;
  /**
   * Returns the abilities. If this method is missing, the kit derives the abilities from refusals, and tries again
   * from time to time.
   */
  getAbilities?(): Abilities | null;
  /** Connects at once. If this method is missing, the kit does not offer to reconnect. */
  reconnect?(): void;
}

/** Adds a listener of an SDK event, and returns a function that removes it. */
export function listen<T>(client: ChatClient, name: string, handler: (data: T) => void): () => void {
  const heard = (event: { data: T }) => {
    handler(event.data);
  };
  client.on(name, heard);
  return () => {
    client.off(name, heard);
  };
}

/** Returns the code of a refusal; 0 for any other failure. */
export function codeOf(error: unknown): number {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "number"
    ? error.code
    : 0;
}

/** Returns the peer of a conversation; undefined if the conversation is not one-to-one. */
export function peerOf(conversationID: string): string | undefined {
  return conversationID.startsWith("C2C") && conversationID.length > 3 ? conversationID.slice(3) : undefined;
}
