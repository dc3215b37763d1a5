/**
 * The web SDK of Lamplight.
 *
 *     import Lamplight from "@lamplight/chat";
 *
 *     const chat = Lamplight.create({ SDKAppID: 1400000001, server: "ws://localhost:7400" });
 *     chat.on(Lamplight.EVENT.USER_STATUS_UPDATED, ({ data }) => console.log(data));
 *     await chat.login({ userID: "alice", userSig });
 *     await chat.subscribeUserStatus({ userIDList: ["bob"] });
 */

import { Chat } from "./api/chat.js";
import { EVENT as EVENTS, TYPES as VALUES } from "./api/constants.js";
import { CODES } from "./gen/codes.js";
import type { CreateOptions } from "./api/options.js";

/** Creates a client, which connects at `login`. Throws a `ChatError` with 6017 if an option is invalid. */
function create(options: CreateOptions): Chat {
  return new Chat(options);
}

const Lamplight = { create, EVENT: EVENTS, TYPES: VALUES, CODES };

// The types have the same names, because applications of the cloud's SDK use them.
// eslint-disable-next-line @typescript-eslint/no-namespace -- a namespace of types alone is no code
namespace Lamplight {
  export type EVENT = (typeof EVENTS)[keyof typeof EVENTS];
  export type TYPES = (typeof VALUES)[keyof typeof VALUES];
}

export default Lamplight;
export { Chat, CODES, create, EVENTS as EVENT, VALUES as TYPES };
export type { CodeName } from "./gen/codes.js";
export type { WebSocketConstructor, WebSocketLike } from "./machine/driver.js";
export type { ChatEvent, EventData, EventName } from "./api/emitter.js";
export { ChatError } from "./machine/errors.js";
export type * from "./api/options.js";
export type { Conversation, Friend, LastMessage, Message, Profile } from "./api/shapes.js";
export { isNewer, type Platform, type Reason, type StatusType, type UserStatus } from "./machine/status.js";
