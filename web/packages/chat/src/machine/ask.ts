/** The requests to the server, and their answers. The requests are the bodies of `ClientMessage`. */

import type { ClientMessageJson, ServerMessageJson } from "../gen/wire.js";
import { utf8Length } from "./utf8.js";

/** The kinds of requests. An answer has the same name as its request. */
export type AskKind = Exclude<keyof ClientMessageJson, "id"> & keyof ServerMessageJson;

/** The parameters of a request of kind `K`. */
export type Parameters<K extends AskKind> = NonNullable<ClientMessageJson[K]>;

/** The answer to a request of kind `K`. */
export type AnswerTo<K extends AskKind> = NonNullable<ServerMessageJson[K]>;

/** A request. */
export type Ask = { [K in AskKind]: { readonly kind: K; readonly parameters: Parameters<K> } }[AskKind];

/** The size limits of a message before and after the login, in bytes. They are the defaults of the server. */
export const FRAME_LIMITS = { beforeLogin: 64 * 1024, afterLogin: 512 * 1024 };

/** The number of bytes of a message that are reserved for its id and the name of its kind. */
export const FRAME_SLACK = 64;

/** Creates the message of a request. The server does not answer a message with the id 0. */
export function message(id: number, ask: Ask): ClientMessageJson {
  return { id: String(id), [ask.kind]: ask.parameters };
}

/** Returns the size of a value in a message, in bytes. */
export function byteLength(value: unknown): number {
  return utf8Length(JSON.stringify(value));
}
