/**
 * The friends and the conversations of the own user: a pure fold over pages that were read, answers to own calls, and
 * what the server tells on its own.
 *
 * Every piece says how often the lists had changed when it was written (`lists_version`); of two pieces about the same
 * row the newer one stays, in whatever order they come. While a list is read again, what was shown before stays shown;
 * while it is read for the first time, its pages are shown as they come.
 */

import type { ConversationJson, FriendJson, MessageJson, ProfileJson } from "../gen/wire.js";

/** A row, and how new it is. */
interface Row<T> {
  readonly value: T;
  readonly version: number;
}

/** One list. */
export interface Table<T> {
  /** The rows that are shown; null until the list was read once. */
  readonly shown: ReadonlyMap<string, T> | null;
  /** The rows that are known: while the list is read, the rows read so far and those that were told meanwhile. */
  readonly rows: ReadonlyMap<string, Row<T>>;
  /** Rows that went while the list was read, and when: an older page does not bring them back. */
  readonly gone: ReadonlyMap<string, number>;
  readonly reading: boolean;
}

/** The rows of each list. */
export interface Rows {
  friends: FriendJson;
  conversations: ConversationJson;
}

export type ListName = keyof Rows;

/** All that is known of the own lists. */
export type Lists = { readonly [K in ListName]: Table<Rows[K]> } & { readonly profile: ProfileJson | undefined };

/** Nothing is known. */
export const UNKNOWN: Lists = { friends: unknown(), conversations: unknown(), profile: undefined };

function unknown<T>(): Table<T> {
  return { shown: null, rows: new Map(), gone: new Map(), reading: false };
}

/** A list that is known to be empty. */
export function empty<T>(): Table<T> {
  return { ...unknown(), shown: new Map() };
}

/** The list is going to be read from its beginning. */
export function beginReading<T>(table: Table<T>): Table<T> {
  return { shown: table.shown, rows: new Map(), gone: new Map(), reading: true };
}

/** Rows as they were at a version. Without a change the same table comes back. */
export function put<T>(table: Table<T>, rows: readonly (readonly [string, T])[], version: number): Table<T> {
  const newer = rows.filter(([key]) => (table.rows.get(key)?.version ?? table.gone.get(key) ?? 0) <= version);
  return place(
    table,
    newer.map(([key, value]) => [key, { value, version }]),
  );
}

function place<T>(table: Table<T>, rows: readonly [string, Row<T>][]): Table<T> {
  if (rows.length === 0) {
    return table;
  }
  const next = new Map(table.rows);
  const shown = table.shown === null ? null : new Map(table.shown);
  const gone = new Map(table.gone);
  for (const [key, row] of rows) {
    next.set(key, row);
    shown?.set(key, row.value);
    gone.delete(key);
  }
  return { ...table, rows: next, gone, shown };
}

/** As `put`, for a page of a list that is being read: what is shown changes only when all of it was read. */
export function putPage<T>(table: Table<T>, rows: readonly (readonly [string, T])[], version: number): Table<T> {
  return { ...put(table, rows, version), shown: table.shown };
}

/** Rows that were gone at a version. */
export function drop<T>(table: Table<T>, keys: readonly string[], version: number): Table<T> {
  const meant = keys.filter((key) => (table.rows.get(key)?.version ?? 0) <= version);
  const rows = new Map(table.rows);
  const shown = table.shown === null ? null : new Map(table.shown);
  const gone = new Map(table.gone);
  for (const key of meant) {
    rows.delete(key);
    shown?.delete(key);
    if (table.reading) {
      gone.set(key, version);
    }
  }
  return meant.length === 0 ? table : { ...table, rows, shown, gone };
}

/** The rows that can be shown: while a list is read for the first time, those of the pages that have come. */
export function visible<T>({ shown, rows }: Table<T>): T[] {
  return shown === null ? Array.from(rows.values(), ({ value }) => value) : [...shown.values()];
}

/** The last page was read: what is known is shown. Without a change, rows and list stay the same objects. */
export function endReading<T>(table: Table<T>): Table<T> {
  let changed = table.shown?.size !== table.rows.size;
  const shown = new Map<string, T>();
  for (const [key, { value }] of table.rows) {
    const before = table.shown?.get(key);
    const isSame = before !== undefined && JSON.stringify(before) === JSON.stringify(value);
    changed ||= !isSame;
    shown.set(key, isSame ? before : value);
  }
  return { ...table, shown: changed ? shown : table.shown, gone: new Map(), reading: false };
}

/** Pinned first, then the latest active first; equal ones by rising peer. The order of the server. */
export function inOrder(conversations: Iterable<ConversationJson>): ConversationJson[] {
  return [...conversations].sort(
    (one, other) =>
      Number(other.pinned ?? false) - Number(one.pinned ?? false) ||
      Number(other.activeAt ?? 0) - Number(one.activeAt ?? 0) ||
      ((one.peer ?? "") < (other.peer ?? "") ? -1 : 1),
  );
}

/** Messages that were not read, over all conversations. */
export function totalUnread(conversations: Iterable<ConversationJson>): number {
  let total = 0;
  for (const { unread } of conversations) {
    total += unread ?? 0;
  }
  return total;
}

/** The conversations after an own message was committed: its conversation has moved, or has come to be. */
export function withSent(
  { conversations, friends }: Lists,
  message: MessageJson,
  version: number,
): Lists["conversations"] {
  const peer = message.to ?? "";
  const row = conversations.rows.get(peer)?.value ?? { peer, ...ofFriend(friends.shown?.get(peer)) };
  return Number(row.lastMessage?.sequence ?? 0) >= Number(message.sequence ?? 0)
    ? conversations
    : put(conversations, [[peer, { ...row, lastMessage: message, ...activeAt(message) }]], version);
}

function activeAt({ time }: MessageJson): Pick<ConversationJson, "activeAt"> {
  return time === undefined ? {} : { activeAt: time };
}

/** The conversations after friends have changed: with what the friend list now says of their peers. */
export function withFriends(
  conversations: Lists["conversations"],
  friends: readonly FriendJson[],
  version: number,
): Lists["conversations"] {
  return friends.reduce((table, friend) => {
    const peer = friend.userId ?? "";
    const row = table.rows.get(peer)?.value;
    const isNews =
      row !== undefined &&
      ((row.remark ?? "") !== (friend.remark ?? "") ||
        (friend.profile !== undefined && JSON.stringify(row.profile) !== JSON.stringify(friend.profile)));
    return isNews ? put(table, [[peer, { ...row, ...ofFriend(friend) }]], version) : table;
  }, conversations);
}

/** The lists after mutual friends have changed what they show: nothing counts these changes. */
export function withProfiles(lists: Lists, profiles: readonly ProfileJson[]): Lists {
  return profiles.reduce(({ friends, conversations, profile: own }, profile) => {
    const user = profile.userId ?? "";
    return {
      friends: revise(friends, user, (row) => ({ ...row, profile })),
      conversations: revise(conversations, user, (row) => ({ ...row, profile })),
      profile: own,
    };
  }, lists);
}

/** Changes a row, if there is one, and leaves its version as it is. */
export function revise<T>(table: Table<T>, key: string, apply: (value: T) => T): Table<T> {
  const row = table.rows.get(key);
  return row === undefined ? table : place(table, [[key, { ...row, value: apply(row.value) }]]);
}

function ofFriend(friend: FriendJson | undefined): Pick<ConversationJson, "remark" | "profile"> {
  return {
    remark: friend?.remark ?? "",
    ...(friend?.profile === undefined ? {} : { profile: friend.profile }),
  };
}

/** Names a message of the server among all of a user. */
export function placeOf({ from = "", to = "", sequence = "0" }: MessageJson): string {
  return `${from}-${to}-${sequence}`;
}
