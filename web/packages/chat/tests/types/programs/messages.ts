/** A program that sends a text and a file with options, and reads messages of other types. */

import SDK, { type ChatSDK, type Message } from "chat-sdk";

export async function send(chat: ChatSDK, to: string, text: string): Promise<Message> {
  const message: Message = chat.createTextMessage({
    to,
    conversationType: SDK.TYPES.CONV_C2C,
    priority: SDK.TYPES.MSG_PRIORITY_NORMAL,
    payload: { text },
    cloudCustomData: JSON.stringify({ from: "test" }),
    needReadReceipt: false,
  });
  const { data } = await chat.sendMessage(message, {
    onlineUserOnly: false,
    offlinePushInfo: { title: "", description: "" },
  });
  return data.message;
}

export async function sendFile(chat: ChatSDK, file: unknown, onProgress: Function): Promise<any> {
  const message = chat.createFileMessage({
    to: "bob",
    conversationType: SDK.TYPES.CONV_C2C,
    payload: { file },
    onProgress,
  });
  return chat.sendMessage(message).catch((error) => [error.code, error.data]);
}

export function describe(message: Message): string {
  switch (message.type) {
    case SDK.TYPES.MSG_TEXT:
      return message.payload.text;
    case SDK.TYPES.MSG_IMAGE:
    case SDK.TYPES.MSG_VIDEO:
      return "a picture";
    case SDK.TYPES.MSG_CUSTOM:
      return message.payload.data;
    default:
      return message.conversationType === SDK.TYPES.CONV_GROUP ? "something in a group" : "something";
  }
}

export async function handle(chat: ChatSDK, message: Message): Promise<void> {
  await chat.revokeMessage(message);
  await chat.deleteMessage([message]);
  await chat.resendMessage(message);
  await chat.addMessageReaction(message, "like");
  const found: Message | null = chat.findMessage(message.ID);
  const signal = chat.getSignalingInfo(message);
  console.log(found?.sequence, signal?.actionType === SDK.TSignaling.ACTION_TYPE_INVITE);
}
