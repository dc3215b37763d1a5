/** Calls of the server API, as a backend makes them, for tests that need many users. */

import type { Server } from "./server.js";

/** The maximum number of accounts in one call. */
const ACCOUNTS_AT_ONCE = 100;
/** The maximum number of friends in one call. */
const FRIENDS_AT_ONCE = 1_000;
/** The maximum number of recipients in one call. */
const RECIPIENTS_AT_ONCE = 50;

export class ServerApi {
  private constructor(
    private readonly server: Server,
    private readonly userSig: string,
  ) {}

  static async of(server: Server): Promise<ServerApi> {
    return new ServerApi(server, await server.command("sig", "administrator"));
  }

  async makeAccounts(users: readonly string[]): Promise<void> {
    for (const some of inPieces(users, ACCOUNTS_AT_ONCE)) {
      await this.#call("im_open_login_svc/multiaccount_import", { Accounts: some });
    }
  }

  async befriend(owner: string, friends: readonly string[]): Promise<void> {
    for (const some of inPieces(friends, FRIENDS_AT_ONCE)) {
      const AddFriendItem = some.map((friend) => ({ To_Account: friend, AddSource: "AddSource_Type_Test" }));
      await this.#call("sns/friend_add", { From_Account: owner, AddFriendItem });
    }
  }

  async say(from: string, to: string, text: string): Promise<void> {
    const MsgBody = [{ MsgType: "TIMTextElem", MsgContent: { Text: text } }];
    const MsgRandom = Math.floor(Math.random() * 2 ** 31);
    await this.#call("openim/sendmsg", { From_Account: from, To_Account: to, MsgRandom, MsgBody });
  }

  /** Sends the same text to many users. Makes several calls at a time. */
  async sayToAll(from: string, to: readonly string[], text: string): Promise<void> {
    for (const some of inPieces(to, RECIPIENTS_AT_ONCE)) {
      await Promise.all(some.map((one) => this.say(from, one, text)));
    }
  }

  async setPicture(userID: string, picture: string): Promise<void> {
    const ProfileItem = [{ Tag: "Tag_Profile_IM_Image", Value: picture }];
    await this.#call("profile/portrait_set", { From_Account: userID, ProfileItem });
  }

  async #call(command: string, body: object): Promise<void> {
    const query = new URLSearchParams({
      sdkappid: String(this.server.app),
      identifier: "administrator",
      usersig: this.userSig,
      random: "1",
      contenttype: "json",
    });
    const response = await fetch(`${this.server.pages}/v4/${command}?${query.toString()}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    const told = (await response.json()) as { ErrorCode: number; ErrorInfo: string; Fail_Account?: string[] };
    if (told.ErrorCode !== 0 || (told.Fail_Account ?? []).length > 0) {
      throw new Error(`${command}: ${JSON.stringify(told).slice(0, 500)}`);
    }
  }
}

function* inPieces<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < all.length; at += size) {
    yield all.slice(at, at + size);
  }
}
