/**
 * The check of the subscription list. A former friend stays in the cache until the list shows whether the account is
 * subscribed to that user.
 *
 * A client gets the list with its first login, and every change of the list over the link. While the link is broken,
 * another device may change the list. The answer to a resume does not contain the list. After a resume, the list is
 * therefore read when a friendship ends.
 *
 * The check knows no messages and no clock; each function returns the next state.
 */

/** The former friends who may still be on the subscription list. They stay in the cache until the check ends. */
export interface ListCheck {
  /** Whether the subscription list that the client knows equals the server's. */
  readonly isKnown: boolean;
  readonly former: ReadonlySet<string>;
  readonly isSent: boolean;
  readonly notBefore: number;
}

/**
 * Returns the state after a login. The snapshot of the login shows the watched users, so a pending check is dropped.
 * Only the answer to the first login contains the subscription list.
 */
export function loggedIn(isFirst: boolean): ListCheck {
  return { isKnown: isFirst, former: new Set(), isSent: false, notBefore: 0 };
}

/** Adds former friends. */
export function add(check: ListCheck, former: readonly string[]): ListCheck {
  return { ...check, former: new Set([...check.former, ...former]) };
}

/** Removes from the check the users who are still watched for another reason. */
export function forget(check: ListCheck, watched: readonly string[]): ListCheck {
  return { ...check, former: new Set([...check.former].filter((user) => !watched.includes(user))) };
}

/** The time at which the list is to be read; Infinity if it need not be read, or is being read. */
export function due({ isSent, former, notBefore }: ListCheck): number {
  return isSent || former.size === 0 ? Infinity : notBefore;
}

/** Records that the list was read, and ends the check. */
export function read(check: ListCheck): ListCheck {
  return { ...check, isKnown: true, former: new Set(), isSent: false };
}
