// The codes of docs/codes.md that a client may be answered with. Made by `npm run generate`.

/** The codes that an answer may carry, each with its number and its text in english and chinese. */
export const CODES = {
  OK: { number: 0, english: "ok", chinese: "成功" },
  NOT_LOGGED_IN: { number: 6014, english: "not logged in", chinese: "未登录" },
  INVALID_PARAMETER: { number: 6017, english: "invalid parameter", chinese: "参数无效" },
  LOGIN_SIG_EXPIRED: {
    number: 6206,
    english: "the UserSig or JWT expired or is no longer accepted; log in again with a new one",
    chinese: "UserSig 或 JWT 已过期或已失效，请使用新的凭证重新登录",
  },
  KICKED_BY_OTHER_LOGIN: {
    number: 6208,
    english: "kicked by another login of the same account",
    chinese: "同一帐号在其他终端登录，已被踢下线",
  },
  BAD_USER_ID: {
    number: 7003,
    english: "bad userID: 1 to 32 bytes of printable ASCII",
    chinese: "userID 无效：须为 1 至 32 字节的可打印 ASCII 字符",
  },
  CALLED_TOO_OFTEN: {
    number: 7008,
    english: "called too often; wait and try again",
    chinese: "调用过于频繁，请稍后重试",
  },
  EDITION_NOT_SUPPORTED: {
    number: 7013,
    english: "the app's edition does not support this call; upgrade to flagship",
    chinese: "套餐包不支持该接口的使用，请升级到旗舰版套餐",
  },
  NOT_CONNECTED: { number: 9508, english: "no connection to the server", chinese: "未连接到服务器" },
  NO_ANSWER: {
    number: 9520,
    english: "no answer in time; whether the server has done it is not known",
    chinese: "服务器未及时应答，操作是否已执行未知",
  },
  MESSAGE_NO_SUCH_ACCOUNT: {
    number: 20003,
    english: "the sender or the recipient has no account",
    chinese: "消息发送方或接收方帐号不存在",
  },
  BLOCKED: { number: 20007, english: "blocked by the recipient", chinese: "已被接收方加入黑名单" },
  FRIEND_REQUEST_INVALID: {
    number: 30001,
    english: "invalid parameter in a call about friends",
    chinese: "关系链请求参数错误",
  },
  FRIEND_NO_SUCH_ACCOUNT: { number: 30003, english: "no such account", chinese: "帐号不存在" },
  FRIEND_LIST_FULL: { number: 30010, english: "the friend list is full", chinese: "自己的好友数已达上限" },
  FRIEND_PEER_LIST_FULL: {
    number: 30014,
    english: "the friend list of the other one is full",
    chinese: "对方的好友数已达上限",
  },
  FRIEND_DENIED: { number: 30516, english: "the other one lets nobody add them", chinese: "对方拒绝任何人添加好友" },
  BLOCK_LIST_FULL: { number: 31306, english: "the block list is full", chinese: "黑名单人数已达上限" },
  ALREADY_BLOCKED: { number: 31307, english: "the user is on the block list already", chinese: "对方已在黑名单中" },
  NOT_BLOCKED: { number: 31503, english: "the user is not on the block list", chinese: "对方不在黑名单中" },
  NOT_A_FRIEND: { number: 31704, english: "not a friend", chinese: "不是好友" },
  PROFILE_INVALID: {
    number: 40001,
    english: "invalid parameter in a call about profiles",
    chinese: "资料请求参数错误",
  },
  PROFILE_NO_SUCH_ACCOUNT: { number: 40003, english: "no such account", chinese: "帐号不存在" },
  PROFILE_TOO_LONG: {
    number: 40601,
    english: "a value of the profile is too long",
    chinese: "资料字段的值超出长度限制",
  },
  APP_RATE: { number: 60011, english: "the app calls too often", chinese: "SDKAppID 请求频率超限" },
  TOO_FREQUENT: { number: 60018, english: "requests come too often", chinese: "请求过于频繁" },
  REQUESTS_TOO_FREQUENT: { number: 60019, english: "requests come too often", chinese: "请求过于频繁" },
  SIG_EXPIRED: { number: 70001, english: "the UserSig has expired", chinese: "UserSig 已过期" },
  SIG_EMPTY: { number: 70002, english: "the UserSig is empty", chinese: "UserSig 为空" },
  SIG_UNREADABLE: { number: 70003, english: "the UserSig cannot be read", chinese: "UserSig 无法解析" },
  SIG_WRONG: { number: 70009, english: "the signature of the UserSig is wrong", chinese: "UserSig 签名校验失败" },
  SIG_OTHER_USER: {
    number: 70013,
    english: "the userID differs from the one that was signed",
    chinese: "userID 与 UserSig 中的不一致",
  },
  SIG_OTHER_APP: {
    number: 70014,
    english: "the SDKAppID differs from the one that was signed",
    chinese: "SDKAppID 与 UserSig 中的不一致",
  },
  NO_SUCH_APP: { number: 70020, english: "no such app", chinese: "SDKAppID 不存在" },
  TOO_MANY_FAILURES: {
    number: 70050,
    english: "too many failed attempts; wait a minute",
    chinese: "验证失败次数过多，请一分钟后重试",
  },
  SIG_REVOKED: {
    number: 70052,
    english: "the UserSig has been revoked; make a new one",
    chinese: "UserSig 已失效，请重新生成",
  },
  NO_SUCH_ACCOUNT: { number: 70107, english: "no such account", chinese: "帐号不存在" },
  BATCH_TOO_LARGE: { number: 70206, english: "too many users in one call", chinese: "单次请求的用户数超过限制" },
  INTERNAL: { number: 70500, english: "internal error; try again", chinese: "内部错误，请重试" },
  STATUS_SWITCHED_OFF: {
    number: 72001,
    english: "the user-status switch of the app is off",
    chinese: "用户状态功能未开启，请在控制台打开开关",
  },
  MESSAGE_TOO_LONG: { number: 80002, english: "the message is too long", chinese: "消息内容超出长度限制" },
} as const;

/** The name of a code. */
export type CodeName = keyof typeof CODES;
