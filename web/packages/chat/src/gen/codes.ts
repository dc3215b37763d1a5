// The codes of docs/codes.md that a client may be answered with. Made by `npm run generate`.

/** The codes that an answer may carry, each with its number and its text in english. */
export const CODES = {
  OK: { number: 0, english: "ok" },
  NOT_LOGGED_IN: { number: 6014, english: "not logged in" },
  INVALID_PARAMETER: { number: 6017, english: "invalid parameter" },
  LOGIN_SIG_EXPIRED: {
    number: 6206,
    english: "the UserSig or JWT expired or is no longer accepted; log in again with a new one",
  },
  KICKED_BY_OTHER_LOGIN: { number: 6208, english: "kicked by another login of the same account" },
  BAD_USER_ID: { number: 7003, english: "bad userID: 1 to 32 bytes of printable ASCII" },
  CALLED_TOO_OFTEN: { number: 7008, english: "called too often; wait and try again" },
  EDITION_NOT_SUPPORTED: {
    number: 7013,
    english: "the app's edition does not support this call; upgrade to flagship",
  },
  NOT_CONNECTED: { number: 9508, english: "no connection to the server" },
  NO_ANSWER: { number: 9520, english: "no answer in time; whether the server has done it is not known" },
  MESSAGE_NO_SUCH_ACCOUNT: { number: 20003, english: "the sender or the recipient has no account" },
  FRIEND_REQUEST_INVALID: { number: 30001, english: "invalid parameter in a call about friends" },
  FRIEND_NO_SUCH_ACCOUNT: { number: 30003, english: "no such account" },
  FRIEND_LIST_FULL: { number: 30010, english: "the friend list is full" },
  FRIEND_PEER_LIST_FULL: { number: 30014, english: "the friend list of the other one is full" },
  FRIEND_DENIED: { number: 30516, english: "the other one lets nobody add them" },
  NOT_A_FRIEND: { number: 31704, english: "not a friend" },
  PROFILE_INVALID: { number: 40001, english: "invalid parameter in a call about profiles" },
  PROFILE_NO_SUCH_ACCOUNT: { number: 40003, english: "no such account" },
  PROFILE_TOO_LONG: { number: 40601, english: "a value of the profile is too long" },
  APP_RATE: { number: 60011, english: "the app calls too often" },
  TOO_FREQUENT: { number: 60018, english: "requests come too often" },
  REQUESTS_TOO_FREQUENT: { number: 60019, english: "requests come too often" },
  SIG_EXPIRED: { number: 70001, english: "the UserSig has expired" },
  SIG_EMPTY: { number: 70002, english: "the UserSig is empty" },
  SIG_UNREADABLE: { number: 70003, english: "the UserSig cannot be read" },
  SIG_WRONG: { number: 70009, english: "the signature of the UserSig is wrong" },
  SIG_OTHER_USER: { number: 70013, english: "the userID differs from the one that was signed" },
  SIG_OTHER_APP: { number: 70014, english: "the SDKAppID differs from the one that was signed" },
  NO_SUCH_APP: { number: 70020, english: "no such app" },
  TOO_MANY_FAILURES: { number: 70050, english: "too many failed attempts; wait a minute" },
  SIG_REVOKED: { number: 70052, english: "the UserSig has been revoked; make a new one" },
  NO_SUCH_ACCOUNT: { number: 70107, english: "no such account" },
  BATCH_TOO_LARGE: { number: 70206, english: "too many users in one call" },
  INTERNAL: { number: 70500, english: "internal error; try again" },
  STATUS_SWITCHED_OFF: { number: 72001, english: "the user-status switch of the app is off" },
  MESSAGE_TOO_LONG: { number: 80002, english: "the message is too long" },
} as const;

/** The name of a code. */
export type CodeName = keyof typeof CODES;
