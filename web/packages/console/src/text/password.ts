/** The rules for a new password, which are checked before the password is sent. */

/** The minimum and the maximum length of a password in bytes, as in the server. */
export const PASSWORD_BYTES = [10, 200] as const;

export type PasswordProblem = { kind: "bounds"; bytes: number } | { kind: "differ" };

/** Returns the problem of a new password that was typed twice; undefined if there is none. */
export function passwordProblem(next: string, again: string): PasswordProblem | undefined {
  const bytes = new TextEncoder().encode(next).length;
  const [least, most] = PASSWORD_BYTES;
  if (bytes < least || bytes > most) return { kind: "bounds", bytes };
  return next === again ? undefined : { kind: "differ" };
}
