/**
 * One visit, from a login to its end. It owns the client of the SDK and the kit, and handles their events. It calls a
 * function after each change, and draws nothing.
 */

import Lamplight, { type Chat, ChatError, CODES, type Profile, type UserStatus } from "@lamplight/chat";
import { TUIKit } from "@lamplight/uikit";
import { EMPTY, fold, only, type Picture, reconnected } from "./picture.js";
import { askForTicket, type Place, type Ticket } from "./server.js";

/**
 * The key in the session storage under which the credentials are stored. A page that was reloaded continues the visit
 * with them.
 */
const KEY = "lamplight.demo.ticket";

export type Net = "connected" | "connecting" | "disconnected";

/** The reason why a visit has ended. */
export type Ending =
  | "left"
  | "multipleAccount"
  | "multipleDevice"
  | "userSigExpired"
  | "REST_API_Kick"
  /** The login did not reach the server. */
  | "unreachable";

export type Stage =
  /**
   * The visitor is not logged in. `former` has the credentials of the last login if the visitor can repeat it. Such a
   * login did not reach the server, or was ended by another login of the account.
   */
  | { readonly at: "entrance"; readonly ending: Ending | undefined; readonly former?: Ticket | undefined }
  | { readonly at: "entering"; readonly userID: string }
  | {
      readonly at: "inside";
      readonly userID: string;
      readonly SDKAppID: number;
      readonly net: Net;
      readonly profile: Profile | undefined;
      readonly unread: number;
      /** The code with which the app refuses the statuses of other users; 0 if it allows them. */
      readonly withheld: number;
    };

/** The data to show for a user. */
export interface Person {
  readonly userID: string;
  /** The name that is shown; the userID if no name is known. */
  readonly name: string;
  readonly avatar: string;
}

export class Session {
  stage: Stage = { at: "entrance", ending: undefined };
  picture: Picture = EMPTY;
  chat: Chat | undefined;
  #ticket: Ticket | undefined;
  readonly #people = new Map<string, Person>();

  constructor(
    private readonly place: Place,
    private readonly store: Storage | undefined,
    private readonly onChange: () => void,
  ) {
    for (const { userID, nick, avatar } of place.demo?.users ?? []) {
      this.#people.set(userID, { userID, name: nick, avatar });
    }
  }

  /** Continues the visit of this tab after a reload. Returns whether there was one. */
  async resume(): Promise<boolean> {
    const ticket = keptTicket(this.store);
    if (ticket !== undefined) {
      await this.enter(ticket);
    }
    return ticket !== undefined;
  }

  /** Logs in as a demo user. */
  async play(userID: string): Promise<void> {
    this.#set({ at: "entering", userID });
    try {
      await this.enter(await askForTicket(userID));
    } catch (error) {
      this.#set({ at: "entrance", ending: undefined });
      throw error;
    }
  }

  async enter(ticket: Ticket): Promise<void> {
    const { SDKAppID, userID, userSig } = ticket;
    this.#set({ at: "entering", userID });
    const chat = Lamplight.create({ SDKAppID, server: this.place.clientUrl });
    chat.setLogLevel(2);
    // The statuses are removed before the login. The friends' statuses come with the login, and later statuses are
    // compared with them.
    this.picture = EMPTY;
    this.#listen(chat);
    try {
      await chat.login({ userID, userSig });
    } catch (error) {
      await chat.destroy();
      if (isUnreachable(error)) {
        // The credentials are still valid, so a reloaded page tries them again.
        this.#set({ at: "entrance", ending: "unreachable", former: ticket });
        return;
      }
      forget(this.store);
      this.#set({ at: "entrance", ending: undefined });
      throw error;
    }
    this.chat = chat;
    this.#ticket = ticket;
    keep(this.store, ticket);
    const withheld = withheldBy(chat.getAbilities());
    this.#set({ at: "inside", userID, SDKAppID, net: "connected", profile: undefined, unread: 0, withheld });
    TUIKit.init({ chat, config: TUIKit.config });
    await Promise.allSettled([this.look(userID), this.#readProfile(), this.#readFriends(chat)]);
  }

  /** Logs the visitor out. */
  async leave(): Promise<void> {
    await this.#end("left");
  }

  /** Queries the current status of a user. Throws an error if the user does not exist. */
  async look(userID: string): Promise<void> {
    if (this.chat === undefined) {
      return;
    }
    const { successUserList, failureUserList } = (await this.chat.getUserStatus({ userIDList: [userID] })).data;
    const [failure] = failureUserList;
    if (failure !== undefined) {
      throw new ChatError(failure);
    }
    this.#learn(successUserList);
  }

  /** Adds a friend, and queries the status of the friend. */
  async befriend(userID: string): Promise<void> {
    await this.chat?.addFriend({ to: userID, source: "AddSource_Type_Web" });
    await this.look(userID);
  }

  /** Returns the data to show for a user, as far as it is known. */
  personOf(userID: string): Person {
    return this.#people.get(userID) ?? { userID, name: userID, avatar: "" };
  }

  /** Returns the current time by the server's clock. The times in statuses are by the same clock. */
  now(): number {
    return this.chat?.getServerTime() ?? Date.now();
  }

  #listen(chat: Chat): void {
    const { EVENT } = Lamplight;
    chat.on(EVENT.USER_STATUS_UPDATED, ({ data }) => {
      this.#learn(data);
    });
    chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => {
      this.picture = data.state === "connected" ? reconnected(this.picture) : this.picture;
      this.#inside({ net: data.state });
    });
    chat.on(EVENT.ABILITIES_UPDATED, ({ data }) => {
      const withheld = withheldBy(data);
      if (withheld !== 0) {
        // The app does not report other users any longer, so their known statuses are removed.
        this.picture = only(this.picture, chat.getLoginUser());
      }
      this.#inside({ withheld });
    });
    chat.on(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, ({ data }) => {
      this.#inside({ unread: data });
    });
    chat.on(EVENT.PROFILE_UPDATED, ({ data }) => {
      const own = data.find(({ userID }) => userID === chat.getLoginUser());
      if (own !== undefined) {
        this.#meet([{ profile: own }]);
        this.#inside({ profile: own });
      }
    });
    chat.on(EVENT.FRIEND_LIST_UPDATED, ({ data }) => {
      this.#meet(data);
    });
    chat.on(EVENT.CONVERSATION_LIST_UPDATED, ({ data }) => {
      this.#meet(data.map(({ userProfile: profile, remark }) => ({ profile, remark })));
    });
    chat.on(EVENT.KICKED_OUT, ({ data }) => {
      void this.#end(data.type);
    });
  }

  async #readFriends(chat: Chat): Promise<void> {
    this.#meet((await chat.getFriendList()).data);
  }

  async #readProfile(): Promise<void> {
    const answer = await this.chat?.getMyProfile();
    if (answer !== undefined) {
      this.#meet([{ profile: answer.data }]);
      this.#inside({ profile: answer.data });
    }
  }

  /** Stores the names of users to be shown: the remark, or else the nick. */
  #meet(known: readonly { profile: Profile; remark?: string }[]): void {
    for (const { profile, remark = "" } of known) {
      const { userID, nick, avatar } = profile;
      this.#people.set(userID, { userID, name: remark || nick || userID, avatar });
    }
    this.onChange();
  }

  async #end(ending: Ending): Promise<void> {
    const { chat } = this;
    const isReplaced = ending === "multipleAccount" || ending === "multipleDevice";
    const former = isReplaced ? this.#ticket : undefined;
    this.chat = undefined;
    this.#ticket = undefined;
    forget(this.store);
    // The kit ends its subscriptions, so the client must still be logged in.
    await TUIKit.destroy();
    await chat?.destroy();
    this.picture = EMPTY;
    this.#set({ at: "entrance", ending, former });
  }

  #learn(told: readonly UserStatus[]): void {
    this.picture = fold(this.picture, told, this.now());
    this.onChange();
  }

  #inside(change: Partial<Pick<Extract<Stage, { at: "inside" }>, "net" | "profile" | "unread" | "withheld">>): void {
    if (this.stage.at === "inside") {
      this.#set({ ...this.stage, ...change });
    }
  }

  #set(stage: Stage): void {
    this.stage = stage;
    this.onChange();
  }
}

/** Returns the code of a refusal; 0 for any other error. */
export function codeOf(error: unknown): number {
  return error instanceof ChatError ? error.code : 0;
}

/** Returns whether a login has failed only because the server cannot be reached. The same login may succeed later. */
function isUnreachable(error: unknown): boolean {
  const code = codeOf(error);
  return code === CODES.NOT_CONNECTED.number || code === CODES.NO_ANSWER.number;
}

/** The code with which the app refuses the statuses of other users; 0 if it allows them. */
function withheldBy(abilities: { statusesOfOthers: boolean; refusalCode: number } | null): number {
  return abilities?.statusesOfOthers === false ? abilities.refusalCode : 0;
}

function keptTicket(store: Storage | undefined): Ticket | undefined {
  try {
    const kept: unknown = JSON.parse(store?.getItem(KEY) ?? "null");
    const { SDKAppID, userID, userSig } = (kept ?? {}) as Partial<Ticket>;
    return typeof SDKAppID === "number" && typeof userID === "string" && typeof userSig === "string"
      ? { SDKAppID, userID, userSig }
      : undefined;
  } catch {
    return undefined;
  }
}

function keep(store: Storage | undefined, ticket: Ticket): void {
  try {
    store?.setItem(KEY, JSON.stringify(ticket));
  } catch {
    // The credentials are not stored, so a reloaded page begins at the entrance.
  }
}

function forget(store: Storage | undefined): void {
  try {
    store?.removeItem(KEY);
  } catch {
    // A storage that cannot be written has no credentials in it.
  }
}
