/** The calls about conversations and messages. */

import { TYPES } from "./constants.js";
import type { Core } from "./core.js";
import type { ConversationJson, MessageJson } from "../gen/wire.js";
import type { AnswerTo } from "../machine/ask.js";
import type * as api from "./options.js";
import * as check from "./parameters.js";
import {
  type CustomPayload,
  message as messageFrom,
  type MessageContent,
  type Conversation,
  conversationID,
  conversationOf,
  type Message,
  messageOf,
  sentID,
  type Shapes,
} from "./shapes.js";

/** The number of messages in one page of a history. */
const PAGE = 15;

// Conversations.

export async function list(
  { lists }: Core,
  shapes: Shapes<ConversationJson, Conversation>,
  wanted?: string[] | api.ConversationFilter,
): Promise<api.ConversationListData> {
  const all = (await lists.conversations()).map(shapes.of);
  return { conversationList: all.filter(isWanted(wanted)), isSyncCompleted: true };
}

function isWanted(wanted: string[] | api.ConversationFilter | undefined): (one: Conversation) => boolean {
  if (wanted === undefined) {
    return () => true;
  }
  if (Array.isArray(wanted)) {
    const ids = new Set(check.textList(wanted, "the list of conversations"));
    return ({ conversationID }) => ids.has(conversationID);
  }
  const { type, hasUnreadCount } = check.options(wanted);
  return (one) =>
    (type === undefined || one.type === type) &&
    (hasUnreadCount === undefined || one.unreadCount > 0 === hasUnreadCount);
}

/** Returns the conversation with a user. If there is none, returns a new, empty one. */
export async function one(
  { driver, lists }: Core,
  shapes: Shapes<ConversationJson, Conversation>,
  id: string,
): Promise<Conversation> {
  const peer = check.conversationPeer(id);
  await lists.conversations();
  const row = lists.conversation(peer);
  if (row !== undefined) {
    return shapes.of(row);
  }
  const { profiles } = await driver.call("getUsersInfo", { userIds: [peer] });
  return conversationOf({ peer, ...(profiles?.[0] === undefined ? {} : { profile: profiles[0] }) });
}

export async function remove({ driver, lists, session }: Core, id: string): Promise<void> {
  const peer = check.conversationPeer(id);
  const learn = ({ listsVersion }: AnswerTo<"deleteConversation">) => {
    lists.learn({ deletedConversations: [peer] }, listsVersion);
  };
  await driver.callPatiently("deleteConversation", { peer }, learn, session);
}

export async function pin({ driver, lists }: Core, options: api.PinConversationOptions): Promise<void> {
  const peer = check.conversationPeer(options.conversationID);
  const pinned = check.flag(options.isPinned, "isPinned");
  await driver.call("pinConversation", { peer, pinned }, ({ conversation, listsVersion }) => {
    lists.learn(conversation === undefined ? {} : { conversations: [conversation] }, listsVersion);
  });
}

/** Marks as read the messages that this client has received. Messages that arrive later stay unread. */
export async function markRead({ driver, lists, session }: Core, id: string): Promise<void> {
  const peer = check.conversationPeer(id);
  const row = lists.conversation(peer);
  if (row !== undefined && (row.unread ?? 0) === 0) {
    return;
  }
  const sequence = row?.lastMessage?.sequence ?? "0";
  const learn = ({ conversation, listsVersion }: AnswerTo<"markRead">) => {
    lists.learn(conversation === undefined ? {} : { conversations: [conversation] }, listsVersion);
  };
  await driver.callPatiently("markRead", { peer, sequence }, learn, session);
}

export async function markAllRead(core: Core, scope: unknown): Promise<void> {
  check.oneOf(scope, [TYPES.READ_ALL_C2C_MSG, TYPES.READ_ALL_MSG], "scope");
  const unread = (await core.lists.conversations()).filter((row) => (row.unread ?? 0) > 0);
  await Promise.all(unread.map((row) => markRead(core, conversationID(row.peer ?? ""))));
}

// Messages.

export function createMessage<P>(
  { self, lists, newMessageId }: Core,
  options: api.MessageOptions<P>,
  type: Message["type"],
): Message {
  const { to, conversationType, payload, ...others } = check.options(options);
  if (conversationType !== TYPES.CONV_C2C) {
    throw check.wrong('conversationType must be "C2C"; there are no groups');
  }
  if ("cloudCustomData" in others && others.cloudCustomData !== undefined && others.cloudCustomData !== "") {
    throw check.wrong("cloudCustomData is not supported");
  }
  const ID = sentID(self, newMessageId());
  const made = messageFrom({ ID, from: self, to: check.userID(to, "to") }, contentOf(type, payload));
  const own = lists.profile(self);
  return { ...made, nick: own?.nick ?? "", avatar: own?.avatarUrl ?? "" };
}

/** Checks and returns the content of a message. Missing parts of custom content become empty. */
function contentOf(type: Message["type"], payload: unknown): MessageContent {
  const given = check.options(payload as Partial<CustomPayload & { text: string }>);
  const part = (name: keyof CustomPayload) => check.text(given[name] ?? "", `payload.${name}`);
  return type === TYPES.MSG_CUSTOM
    ? { type, payload: { data: part("data"), description: part("description"), extension: part("extension") } }
    : { type, payload: { text: check.text(given.text, "payload.text") } };
}

/** The maximum number of failed messages that are kept. */
const MOST_UNSENT = 1_000;

/**
 * The messages of this client whose sending has failed. The server may have stored such a message, if only its answer
 * was lost.
 */
export class Unsent {
  /** The messages by their `client_message_id`, oldest first. */
  readonly #messages = new Map<string, Message>();

  constructor(private readonly onArrived: (messages: Message[]) => void) {}

  failed(clientMessageId: string, message: Message): void {
    this.sent(clientMessageId);
    this.#messages.set(clientMessageId, message);
    for (const oldest of this.#messages.keys()) {
      if (this.#messages.size > MOST_UNSENT) {
        this.#messages.delete(oldest);
      }
    }
  }

  sent(clientMessageId: string): void {
    this.#messages.delete(clientMessageId);
  }

  /** Marks failed messages as sent, after the server has reported that it stored them. */
  seen(told: readonly MessageJson[], self: string): void {
    const arrived: Message[] = [];
    for (const there of told) {
      const { from, clientMessageId = "" } = there;
      const message = from === self ? this.#messages.get(clientMessageId) : undefined;
      if (message !== undefined) {
        this.sent(clientMessageId);
        arrived.push(markSent(message, there));
      }
    }
    if (arrived.length > 0) {
      this.onArrived(arrived);
    }
  }
}

function markSent(message: Message, told: MessageJson): Message {
  const { time, sequence } = messageOf(told, "", undefined);
  return Object.assign(message, { time, sequence, status: "success" });
}

/**
 * Sends a message. A failed message may be sent again, because the server recognizes its id for ten minutes, and then
 * does not store the message twice.
 */
export async function send({ driver, lists, self, unsent }: Core, message: Message): Promise<Message> {
  const { ID, from, type, payload } = check.options(message);
  const prefix = sentID(self, "");
  if (from !== self || !check.text(ID, "ID").startsWith(prefix)) {
    throw check.wrong("the message was not created by this user; create it with createTextMessage");
  }
  let failed = false;
  const clientMessageId = check.id(ID.slice(prefix.length), "ID");
  try {
    const to = check.userID(message.to, "to");
    const content = contentOf(type, payload);
    const said = content.type === TYPES.MSG_CUSTOM ? { custom: content.payload } : content.payload;
    const { message: told } = await driver.call("sendMessage", { to, ...said, clientMessageId }, (answer) => {
      if (answer.message !== undefined) {
        // The answer to a repeated send may have a lists version whose changes have not been received yet.
        lists.sent(answer.message, answer.repeatedSend === true ? "0" : answer.listsVersion);
        // If the call has already failed, this answer came too late.
        unsent.seen(failed ? [answer.message] : [], self);
      }
    });
    unsent.sent(clientMessageId);
    return markSent(message, told ?? {});
  } catch (error) {
    failed = true;
    message.status = "fail";
    unsent.failed(clientMessageId, message);
    throw error;
  }
}

export async function history(core: Core, options: api.MessageListOptions): Promise<api.MessageListData> {
  const peer = check.conversationPeer(options.conversationID);
  const from = check.optionalText(options.nextReqMessageID, "nextReqMessageID") ?? "";
  if (!/^\d{0,19}$/.test(from)) {
    throw check.wrong("nextReqMessageID must be the one of the previous page");
  }
  const answer = await core.driver.call("getHistory", { peer, before: from === "" ? "0" : from, limit: PAGE });
  const messages = answer.messages ?? [];
  core.unsent.seen(messages, core.self);
  return {
    messageList: shapeMessages(core, messages).reverse(),
    nextReqMessageID: messages.at(-1)?.sequence ?? "",
    isCompleted: answer.finished ?? false,
  };
}

/** Converts messages to the form for applications. */
export function shapeMessages(
  { lists, self }: Pick<Core, "lists" | "self">,
  told: readonly MessageJson[],
): Message[] {
  return told.map((message) => messageOf(message, self, lists.profile(message.from ?? "")));
}

/** Checks the ids of conversations. */
export function conversationIDs(value: unknown): string[] {
  const ids = check.textList(value, "conversationIDList");
  ids.forEach((id) => check.conversationPeer(id, `${JSON.stringify(id)} in conversationIDList`));
  return ids;
}
