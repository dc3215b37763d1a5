/**
 * The friends and the conversations of the own user: a pure fold over pages that were read, answers to own calls, and
 * what the server tells on its own.
 *
 * Every piece says how often the lists had changed when it was written (`lists_version`); of two pieces about the same
 * row the newer one stays, in whatever order they come. While a list is read, what was shown before stays shown.
 */

import type { ConversationJson, FriendJson, MessageJson, ProfileJson } from "./gen/wire.js";

/** A row, and how new it is. */
interface Row<T> {
  readonly value: T;
  readonly version: number;
}

/** One list. */
export interface Table<T> {
  /** What is shown; null until it was read once. */
  readonly shown: ReadonlyMap<string, T> | null;
  /** What is known: while the list is read, that and what was told meanwhile. */
  readonly rows: ReadonlyMap<string, Row<T>>;
  /** Rows that went while the list was read, and when: an older page does not bring them back. */
  readonly gone: ReadonlyMap<string, number>;
  readonly reading: boolean;
}

/** All that is known of the own lists. */
export interface Lists {
  readonly friends: Table<FriendJson>;
  readonly conversations: Table<ConversationJson>;
  readonly profile: ProfileJson | undefined;
}

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
  const newer = rows.filter(([key]) => {
    const held = table.rows.get(key)?.version ?? table.gone.get(key) ?? 0;
    return held <= version;
  });
  if (newer.length === 0) {
    return table;
  }
  const gone = new Map(table.gone);
  newer.forEach(([key]) => gone.delete(key));
  const added = newer.map(([key, value]): [string, Row<T>] => [key, { value, version }]);
  return {
    ...table,
    rows: new Map([...table.rows, ...added]),
    gone,
    shown: table.shown === null ? null : new Map([...table.shown, ...newer]),
  };
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

/** The last page was read: what is known is shown. Rows that are as before stay the same objects. */
export function endReading<T>(table: Table<T>): { table: Table<T>; changed: boolean } {
  let changed = table.shown?.size !== table.rows.size;
  const shown = new Map<string, T>();
  for (const [key, { value }] of table.rows) {
    const before = table.shown?.get(key);
    const isSame = before !== undefined && JSON.stringify(before) === JSON.stringify(value);
    changed ||= !isSame;
    shown.set(key, isSame ? before : value);
  }
  return { table: { ...table, shown, gone: new Map(), reading: false }, changed };
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

/** What an own message that was sent makes of its conversation. */
export function withSent(
  row: ConversationJson | undefined,
  message: MessageJson,
  friend: FriendJson | undefined,
): ConversationJson {
  const known = row ?? { peer: message.to ?? "", ...ofFriend(friend) };
  if (Number(known.lastMessage?.sequence ?? 0) >= Number(message.sequence ?? 0)) {
    return known;
  }
  return { ...known, lastMessage: message, ...(message.time === undefined ? {} : { activeAt: message.time }) };
}

/** The conversations, with what the friend list now says of their peers. */
export function withFriends(lists: Lists, friends: readonly FriendJson[], version: number): Lists {
  const rows = friends.flatMap((friend): [string, ConversationJson][] => {
    const row = lists.conversations.rows.get(friend.userId ?? "")?.value;
    const remark = friend.remark ?? "";
    const isNews =
      row !== undefined &&
      ((row.remark ?? "") !== remark ||
        row.profile?.nick !== friend.profile?.nick ||
        row.profile?.avatarUrl !== friend.profile?.avatarUrl);
    return isNews ? [[friend.userId ?? "", { ...row, ...ofFriend(friend) }]] : [];
  });
  return rows.length === 0 ? lists : { ...lists, conversations: put(lists.conversations, rows, version) };
}

function ofFriend(friend: FriendJson | undefined): Pick<ConversationJson, "remark" | "profile"> {
  return {
    remark: friend?.remark ?? "",
    ...(friend?.profile === undefined ? {} : { profile: friend.profile }),
  };
}
