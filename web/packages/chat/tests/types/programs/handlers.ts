/** A program with handlers of type `Function`, with a context, and in tables. */

import SDK, { type ChatSDK } from "chat-sdk";

export function listen(chat: ChatSDK, name: string, handler: Function, context?: object): () => void {
  chat.on(name, handler, context);
  return () => {
    chat.off(name, handler, context);
  };
}

const handlers: Record<string, Function> = {
  [SDK.EVENT.SDK_READY]: () => "ready",
  [SDK.EVENT.SDK_NOT_READY]: () => "not ready",
  [SDK.EVENT.KICKED_OUT]: (event: { data: { type: SDK.TYPES } }) =>
    event.data.type === SDK.TYPES.KICKED_OUT_USERSIG_EXPIRED,
  [SDK.EVENT.GROUP_LIST_UPDATED]: (event: any) => event.data,
  [SDK.EVENT.BLACKLIST_UPDATED]: (event: any) => event.data,
};

export function listenToAll(chat: ChatSDK): void {
  Object.keys(handlers).forEach((name) => {
    const handler = handlers[name];
    if (handler !== undefined) {
      listen(chat, name, handler);
    }
  });
  chat.addSignalingListener(SDK.TSignaling.INVITEE_ACCEPTED, () => undefined);
}
