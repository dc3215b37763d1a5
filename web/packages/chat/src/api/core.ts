/** The objects that the calls of the SDK use while a user is logged in. */

import type { Unsent } from "./conversations.js";
import type { Driver } from "../machine/driver.js";
import { textOf } from "../machine/errors.js";
import type { FailureJson, ItemFailureJson } from "../gen/wire.js";
import type { ListsSync } from "../lists/sync.js";
import type { FailedUser } from "./options.js";

export interface Core {
  readonly driver: Driver;
  readonly lists: ListsSync;
  /** The session in which the call was made. A call that waits must not continue in another session. */
  readonly session: Driver["session"];
  /** The user who is logged in. */
  readonly self: string;
  /** Returns the id of a new message of this client. */
  readonly newMessageId: () => string;
  readonly unsent: Unsent;
}

/** Returns the users for whom a call has failed, from the failures in the answer. */
export function failedUsers(told: readonly (FailureJson | ItemFailureJson)[] | undefined): FailedUser[] {
  return (told ?? []).map((failure) => {
    const code = failure.code ?? 0;
    const said = "message" in failure ? failure.message : undefined;
    return { userID: failure.userId ?? "", code, message: said ?? textOf(code) };
  });
}
