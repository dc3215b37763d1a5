/** A program with a wrapper that calls methods by their names, and with a fake client for tests. */

import SDK, { type ChatSDK, type Message } from "chat-sdk";

type Called = keyof ChatSDK;

export function wrap(chat: ChatSDK, call: Called): Function {
  return (chat[call] as Function).bind(chat);
}

export const pick: Pick<ChatSDK, "on" | "off" | "getUserStatus"> = {
  on: (eventName: string, handler: Function) => {
    handler(eventName);
  },
  off: () => undefined,
  getUserStatus: async ({ userIDList }) => ({ code: 0, data: { successUserList: userIDList, failureUserList: [] } }),
};

export async function markAll(chat: ChatSDK): Promise<void> {
  await chat.setAllMessageRead({ scope: SDK.TYPES.READ_ALL_MSG });
  await chat.setConversationDraft({ conversationID: "C2Cbob", draftText: "…" });
  await chat.updateMyProfile({ nick: "A", gender: SDK.TYPES.GENDER_UNKNOWN, selfSignature: "", birthday: 0 });
}

export const textOf = (message: Message): string => message.payload?.text ?? "";
