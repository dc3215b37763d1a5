/**
 * A program that uses what only this SDK has: events with typed data, and statuses with reasons and times. It is
 * compiled, but never run.
 */

import Lamplight, { type Chat, type Result, type UserStatus } from "chat-sdk";

const chat: Chat = Lamplight.create({ SDKAppID: 1, server: "ws://localhost:7400" });

chat.on(Lamplight.EVENT.USER_STATUS_UPDATED, ({ name, data }) => {
  const event: "onUserStatusUpdated" = name;
  const newest: UserStatus | undefined = data[0];
  return [event, newest?.version, newest?.since, newest?.reason, newest?.lastSeen, newest?.onlineDevices];
});
chat.on("kickedOut", ({ data }) => data.type === Lamplight.TYPES.KICKED_OUT_MULT_ACCOUNT);
chat.on(Lamplight.EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, ({ data }) => data.toFixed());
// @ts-expect-error a number of messages is no list
chat.on(Lamplight.EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, ({ data }) => data.length);
// @ts-expect-error the parameters have names
void chat.subscribeUserStatus(["bob"]);
// @ts-expect-error a status type is a number from 0 to 3
export const status: UserStatus["statusType"] = 4;
export const subscriptions: Promise<Result<{ userIDList: string[]; limit: number }>> = chat.getSubscriptions();
export const type: Lamplight.TYPES = Lamplight.TYPES.CONV_C2C;
export const event: Lamplight.EVENT = Lamplight.EVENT.SDK_READY;
