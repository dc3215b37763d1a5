/**
 * The users of calls that were refused because one of their users is not a userID. The answer does not name this user,
 * so the calls are divided: the size of a call halves with each refusal, until a call names the invalid user alone.
 */
export class Suspects {
  /** The maximum number of users in the next call with a suspect. */
  readonly #sizes = new Map<string, number>();

  /**
   * Returns the users of the next call, at most `most` of them. A call contains only users with the same limit for its
   * size, so a suspect is never in a call with users who are not suspected.
   */
  together(users: readonly string[], most: number): string[] {
    const size = this.#sizeOf(users[0] ?? "");
    return users.filter((user) => this.#sizeOf(user) === size).slice(0, Math.min(most, size));
  }

  /**
   * Handles a refusal of a call with these users. Returns the invalid user, or an empty list if the call must be
   * divided.
   */
  refused(users: readonly string[]): readonly string[] {
    users.forEach((user) => this.#sizes.set(user, Math.ceil(users.length / 2)));
    return users.length === 1 ? users : [];
  }

  /** Handles a successful call with these users. All of them are valid userIDs. */
  accepted(users: readonly string[]): void {
    users.forEach((user) => this.#sizes.delete(user));
  }

  clear(): void {
    this.#sizes.clear();
  }

  #sizeOf(user: string): number {
    return this.#sizes.get(user) ?? Infinity;
  }
}
