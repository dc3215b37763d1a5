/**
 * The check of the subscription list. Former friends stay in the cache until the list shows whether the account is
 * subscribed to them.
 *
 * A client knows the list from its first login, and every change of it while the link lasts. While the link is broken,
 * another device may change the list, and a resume does not name it again. The list is then read when a friendship
 * ends. The check knows no messages and no clock. Each function returns the next state.
 */

/** The former friends who may still be on the subscription list. They are in the cache. */
export interface ListCheck {
  /** Whether the known subscription list equals the server's list. */
  readonly isKnown: boolean;
  readonly former: ReadonlySet<string>;
  readonly isSent: boolean;
  readonly notBefore: number;
}

/**
 * Returns the state after a login. Its snapshot says which users are watched, so no check is under way. Only the first
 * login's answer contains the subscription list.
 */
export function loggedIn(isFirst: boolean): ListCheck {
  return { isKnown: isFirst, former: new Set(), isSent: false, notBefore: 0 };
}

/** Adds former friends. */
export function add(check: ListCheck, former: readonly string[]): ListCheck {
  return { ...check, former: new Set([...check.former, ...former]) };
}

/** Removes users who are watched for another reason. */
export function forget(check: ListCheck, watched: readonly string[]): ListCheck {
  return { ...check, former: new Set([...check.former].filter((user) => !watched.includes(user))) };
}

/** The time when the list is to be read; Infinity if reading it is unnecessary or under way. */
export function due({ isSent, former, notBefore }: ListCheck): number {
  return isSent || former.size === 0 ? Infinity : notBefore;
}

/** Records that the list was read, which ends the check. */
export function read(check: ListCheck): ListCheck {
  return { ...check, isKnown: true, former: new Set(), isSent: false };
}
