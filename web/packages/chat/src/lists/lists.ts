/**
 * The user's friends, conversations and blocked users, as pure functions. They combine the pages that were read, the
 * answers to the client's own calls, and the changes that the server sends.
 *
 * Every row has a lists version (`lists_version`). Of two values of a row, the one with the higher version is kept, in
 * whichever order they arrive. While a list is read again, its earlier rows stay visible. While a list is read for the
 * first time, its pages become visible one by one.
 */

import type {
  BlockedUserJson,
  ConversationJson,
  FriendJson,
  MessageJson,
  ProfileJson,
  VisibilityJson,
} from "../gen/wire.js";

/** A row with its lists version. */
interface Row<T> {
  readonly value: T;
  readonly version: number;
}

/** One list. */
export interface Table<T> {
  /** The rows of the last complete reading, with later changes. Null until the list was read completely once. */
  readonly shown: ReadonlyMap<string, T> | null;
  /**
   * The known rows. While the list is being read, these are the rows that were read or sent since the reading began.
   */
  readonly rows: ReadonlyMap<string, Row<T>>;
  /**
   * For each row that was removed during the present reading of the list: the lists version of the removal. An older
   * page must not add the row again.
   */
  readonly gone: ReadonlyMap<string, number>;
  readonly reading: boolean;
}

/** The type of the rows of each list. */
export interface Rows {
  friends: FriendJson;
  conversations: ConversationJson;
  blocked: BlockedUserJson;
}

export type ListName = keyof Rows;

/** The lists of the user, and the user's own profile and visibility, as far as they are known. */
export type Lists = { readonly [K in ListName]: Table<Rows[K]> } & {
  readonly profile: ProfileJson | undefined;
  readonly visibility: Row<VisibilityJson> | undefined;
};

/** The lists before anything was read. */
export const UNKNOWN: Lists = {
  friends: unknown(),
  conversations: unknown(),
  blocked: unknown(),
  profile: undefined,
  visibility: undefined,
};

/**
 * The lists of a user who has never changed them. The block list counts as unknown. It is therefore read again after a
 * broken link only if the application uses it.
 */
export const EMPTY: Lists = { ...UNKNOWN, friends: empty(), conversations: empty() };

function unknown<T>(): Table<T> {
  return { shown: null, rows: new Map(), gone: new Map(), reading: false };
}

/** Returns a list that was read and has no rows. */
function empty<T>(): Table<T> {
  return { ...unknown(), shown: new Map() };
}

/** Returns a list that is about to be read from its beginning. */
export function beginReading<T>(table: Table<T>): Table<T> {
  return { shown: table.shown, rows: new Map(), gone: new Map(), reading: true };
}

/**
 * Adds rows of one lists version. A row stays as it is if it is known, or was removed, in a newer version. Returns
 * `table` itself if no row is added.
 */
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

/** Adds the rows of a page, like `put`. The rows become visible when the list has been read completely. */
export function putPage<T>(table: Table<T>, rows: readonly (readonly [string, T])[], version: number): Table<T> {
  return { ...put(table, rows, version), shown: table.shown };
}

/** Removes rows. `version` is the lists version of the removal. */
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

/** Returns the visible rows. While the list is read for the first time, these are the rows that have arrived. */
export function visible<T>({ shown, rows }: Table<T>): T[] {
  return shown === null ? Array.from(rows.values(), ({ value }) => value) : [...shown.values()];
}

/**
 * Ends a reading after the last page, and makes its rows visible. Rows and lists that have not changed stay the same
 * objects.
 */
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

/**
 * Sorts conversations like the server: pinned conversations first, then by their last activity (the latest first), then
 * by their peers.
 */
export function inOrder(conversations: Iterable<ConversationJson>): ConversationJson[] {
  return [...conversations].sort(
    (one, other) =>
      Number(other.pinned ?? false) - Number(one.pinned ?? false) ||
      Number(other.activeAt ?? 0) - Number(one.activeAt ?? 0) ||
      ((one.peer ?? "") < (other.peer ?? "") ? -1 : 1),
  );
}

/** The number of unread messages over all conversations. */
export function totalUnread(conversations: Iterable<ConversationJson>): number {
  let total = 0;
  for (const { unread } of conversations) {
    total += unread ?? 0;
  }
  return total;
}

/**
 * Returns the conversations after a message of this client was stored. The conversation of the message is moved to its
 * place, or added.
 */
export function withSent(
  { conversations, friends }: Lists,
  message: MessageJson,
  version: number,
): Lists["conversations"] {
  const peer = message.to ?? "";
  // At the beginning of another reading, only the rows that are shown have the conversation.
  const row = conversations.rows.get(peer)?.value ??
    conversations.shown?.get(peer) ?? { peer, ...ofFriend(friends.shown?.get(peer)) };
  return Number(row.lastMessage?.sequence ?? 0) >= Number(message.sequence ?? 0)
    ? conversations
    : put(conversations, [[peer, { ...row, lastMessage: message, ...activeAt(message) }]], version);
}

function activeAt({ time }: MessageJson): Pick<ConversationJson, "activeAt"> {
  return time === undefined ? {} : { activeAt: time };
}

/** Returns the conversations with the new remarks and profiles of friends. */
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

/** Returns the lists with the new profiles of mutual friends. A change of a profile has no lists version. */
export function withProfiles(lists: Lists, profiles: readonly ProfileJson[]): Lists {
  return profiles.reduce((before, profile) => {
    const user = profile.userId ?? "";
    return {
      ...before,
      friends: revise(before.friends, user, (row) => ({ ...row, profile })),
      conversations: revise(before.conversations, user, (row) => ({ ...row, profile })),
    };
  }, lists);
}

/** Changes a row, but not its version. Does nothing if the row does not exist. */
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

/** Returns a key that identifies a message among all messages of a user. */
export function placeOf({ from = "", to = "", sequence = "0" }: MessageJson): string {
  return `${from}-${to}-${sequence}`;
}
