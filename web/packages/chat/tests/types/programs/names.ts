/** A program that uses every public name: the class, its events, and the enumerations as values and types. */

import SDK, {
  type ChatSDK,
  type Conversation,
  type Friend,
  type FriendApplication,
  type FriendGroup,
  type Group,
  type GroupMember,
  type Message,
  type Profile,
  type Signaling,
  type SimplifiedMessage,
  type Topic,
  type UserInfo,
} from "chat-sdk";

interface Status {
  userID: string;
  statusType: SDK.TYPES.USER_STATUS_ONLINE | SDK.TYPES.USER_STATUS_OFFLINE | SDK.TYPES.USER_STATUS_UNLOGINED;
  customStatus: string;
}

export class Store {
  chat: ChatSDK;
  conversations: Conversation[] = [];
  friends: Friend[] = [];
  messages = new Map<string, Message[]>();
  profile: Profile | null = null;
  statuses = new Map<string, Status>();
  event: SDK.EVENT = SDK.EVENT.SDK_READY;
  signal: SDK.TSignaling = SDK.TSignaling.NEW_INVITATION_RECEIVED;

  constructor(appID: number, proxyServer?: string) {
    this.chat = SDK.create({ SDKAppID: appID, proxyServer, scene: "test" });
  }

  start(): void {
    this.chat.setLogLevel(0);
    this.chat.registerPlugin({ "tim-upload-plugin": {} });
    this.chat.on(SDK.EVENT.USER_STATUS_UPDATED, this.onStatus, this);
    this.chat.off(SDK.EVENT.USER_STATUS_UPDATED, this.onStatus, this);
  }

  onStatus(event: { data: Status[] }): void {
    event.data.forEach((status) => this.statuses.set(status.userID, status));
  }

  async status(userIDList: string[]): Promise<Status[]> {
    await this.chat.setSelfStatus({ customStatus: "x" });
    await this.chat.subscribeUserStatus({ userIDList });
    await this.chat.unsubscribeUserStatus({ userIDList: undefined });
    const { data } = await this.chat.getUserStatus({ userIDList });
    return data.successUserList;
  }
}

export type Others = [
  FriendApplication,
  FriendGroup,
  Group,
  GroupMember,
  Signaling,
  SimplifiedMessage,
  Topic,
  UserInfo,
];
