/** A program that names the types with which calls resolve. */

import SDK, { type ChatSDK, type Conversation, type Message } from "chat-sdk";

export class Session {
  private chat: ChatSDK | null = null;

  login(SDKAppID: number, userID: string, userSig: string): Promise<any> {
    this.chat = SDK.create({ SDKAppID });
    return this.chat.login({ userID, userSig }).then((response) => {
      if (response.data.repeatLogin === true) {
        return response.data.errorInfo;
      }
      return response;
    });
  }

  async logout(): Promise<void> {
    const done: Promise<void> = this.chat?.logout() ?? Promise.resolve();
    await done;
    return this.chat?.destroy();
  }

  me(): string {
    const me: String = this.chat?.getLoginUser() ?? "";
    const now: Number = this.chat?.getServerTime() ?? 0;
    return `${me.toString()} ${now.toString()}`;
  }

  async conversations(): Promise<Conversation[]> {
    const response = await this.chat?.getConversationList({ type: SDK.TYPES.CONV_C2C, markType: 1 });
    return response.data.conversationList;
  }

  async history(conversationID: string): Promise<Message[]> {
    const { data } = await this.chat!.getMessageList({ conversationID });
    const { messageList, nextReqMessageID, isCompleted } = data;
    return isCompleted ? messageList : [nextReqMessageID, ...messageList];
  }
}
