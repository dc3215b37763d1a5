/** A program that uses the members of enumerations as keys and parameters. */

import SDK from "chat-sdk";

type Kind = SDK.TYPES.CONV_C2C | SDK.TYPES.CONV_GROUP;

const titles: Record<Kind, string> = { [SDK.TYPES.CONV_C2C]: "person", [SDK.TYPES.CONV_GROUP]: "group" };

export const titleOf = (kind: Kind): string => titles[kind];

export const net = new Map<SDK.TYPES, string>([
  [SDK.TYPES.NET_STATE_CONNECTED, "connected"],
  [SDK.TYPES.NET_STATE_CONNECTING, "connecting"],
  [SDK.TYPES.NET_STATE_DISCONNECTED, "disconnected"],
]);

export function gender(type: SDK.TYPES): string {
  return type === SDK.TYPES.GENDER_FEMALE ? "f" : type === SDK.TYPES.GENDER_MALE ? "m" : "";
}

export const eventNames: string[] = [SDK.EVENT.MESSAGE_RECEIVED, SDK.EVENT.FRIEND_APPLICATION_LIST_UPDATED];
