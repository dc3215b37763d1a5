// Made by `cargo xtask codegen` from `crates/model/src/code.rs`; change it
// there.

/// The codes of the contract, with their texts.
abstract final class LamplightCode {
  /// `0`: ok.
  static const ok = 0;

  /// `6014`: not logged in.
  static const notLoggedIn = 6014;

  /// `6017`: invalid parameter.
  static const invalidParameter = 6017;

  /// `6206`: the UserSig or JWT expired or is no longer accepted; log in again with a new one.
  static const loginSigExpired = 6206;

  /// `6208`: kicked by another login of the same account.
  static const kickedByOtherLogin = 6208;

  /// `7003`: bad userID: 1 to 32 bytes of printable ASCII.
  static const badUserId = 7003;

  /// `7008`: called too often; wait and try again.
  static const calledTooOften = 7008;

  /// `7013`: the app's edition does not support this call; upgrade to flagship.
  static const editionNotSupported = 7013;

  /// `9508`: no connection to the server.
  static const notConnected = 9508;

  /// `9520`: no answer in time; whether the server has done it is not known.
  static const noAnswer = 9520;

  /// `20003`: the sender or the recipient has no account.
  static const messageNoSuchAccount = 20003;

  /// `20007`: blocked by the recipient.
  static const blocked = 20007;

  /// `30001`: invalid parameter in a call about friends.
  static const friendRequestInvalid = 30001;

  /// `30003`: no such account.
  static const friendNoSuchAccount = 30003;

  /// `30010`: the friend list is full.
  static const friendListFull = 30010;

  /// `30014`: the friend list of the other one is full.
  static const friendPeerListFull = 30014;

  /// `30516`: the other one lets nobody add them.
  static const friendDenied = 30516;

  /// `31306`: the block list is full.
  static const blockListFull = 31306;

  /// `31307`: the user is on the block list already.
  static const alreadyBlocked = 31307;

  /// `31503`: the user is not on the block list.
  static const notBlocked = 31503;

  /// `31704`: not a friend.
  static const notAFriend = 31704;

  /// `40001`: invalid parameter in a call about profiles.
  static const profileInvalid = 40001;

  /// `40003`: no such account.
  static const profileNoSuchAccount = 40003;

  /// `40601`: a value of the profile is too long.
  static const profileTooLong = 40601;

  /// `50001`: no such account.
  static const recentNoSuchAccount = 50001;

  /// `50002`: invalid parameter in a call about conversations.
  static const recentInvalid = 50002;

  /// `60002`: the HTTP request could not be read.
  static const httpUnreadable = 60002;

  /// `60003`: the JSON of the request could not be read.
  static const jsonUnreadable = 60003;

  /// `60004`: userID or UserSig in the URL or the body is wrong.
  static const wrongCredentials = 60004;

  /// `60005`: userID or UserSig in the URL or the body is wrong.
  static const badCredentials = 60005;

  /// `60006`: the SDKAppID is invalid.
  static const appIdInvalid = 60006;

  /// `60007`: this API is called too often.
  static const apiRate = 60007;

  /// `60008`: the service is busy; try again.
  static const serviceBusy = 60008;

  /// `60009`: no such service or command.
  static const noSuchService = 60009;

  /// `60010`: the caller must be an app admin.
  static const adminRequired = 60010;

  /// `60011`: the app calls too often.
  static const appRate = 60011;

  /// `60012`: the SDKAppID is missing.
  static const appIdMissing = 60012;

  /// `60015`: the userID is not a string.
  static const userIdNotText = 60015;

  /// `60016`: the app is disabled.
  static const appDisabled = 60016;

  /// `60017`: the request is disabled.
  static const requestDisabled = 60017;

  /// `60018`: requests come too often.
  static const tooFrequent = 60018;

  /// `60019`: requests come too often.
  static const requestsTooFrequent = 60019;

  /// `60020`: the app has no edition in force.
  static const noPackage = 60020;

  /// `60021`: calls from this address are not allowed.
  static const addressNotAllowed = 60021;

  /// `70001`: the UserSig has expired.
  static const sigExpired = 70001;

  /// `70002`: the UserSig is empty.
  static const sigEmpty = 70002;

  /// `70003`: the UserSig cannot be read.
  static const sigUnreadable = 70003;

  /// `70009`: the signature of the UserSig is wrong.
  static const sigWrong = 70009;

  /// `70013`: the userID differs from the one that was signed.
  static const sigOtherUser = 70013;

  /// `70014`: the SDKAppID differs from the one that was signed.
  static const sigOtherApp = 70014;

  /// `70020`: no such app.
  static const noSuchApp = 70020;

  /// `70050`: too many failed attempts; wait a minute.
  static const tooManyFailures = 70050;

  /// `70052`: the UserSig has been revoked; make a new one.
  static const sigRevoked = 70052;

  /// `70107`: no such account.
  static const noSuchAccount = 70107;

  /// `70206`: too many users in one call.
  static const batchTooLarge = 70206;

  /// `70402`: invalid parameter in a call about accounts.
  static const accountRequestInvalid = 70402;

  /// `70500`: internal error; try again.
  static const internal = 70500;

  /// `72001`: the user-status switch of the app is off.
  static const statusSwitchedOff = 72001;

  /// `80002`: the message is too long.
  static const messageTooLong = 80002;

  /// `90001`: the JSON of the request could not be read, or names no user.
  static const queryUnreadable = 90001;

  /// `90003`: To_Account is malformed.
  static const queryAccountMalformed = 90003;

  /// `90005`: MsgRandom is missing, or is no 32-bit number.
  static const messageRandomMalformed = 90005;

  /// `90006`: MsgTimeStamp is no number.
  static const messageTimeMalformed = 90006;

  /// `90007`: MsgBody is missing, empty, or no list.
  static const messageBodyMalformed = 90007;

  /// `90008`: From_Account is malformed.
  static const messageSenderMalformed = 90008;

  /// `90009`: the caller must be an app admin.
  static const queryAdminRequired = 90009;

  /// `90010`: the call about messages has a field that cannot be taken.
  static const messageMalformed = 90010;

  /// `90011`: more than 500 accounts in To_Account.
  static const queryBatchTooLarge = 90011;

  /// The meaning of a code, in English.
  static String english(int code) => _texts[code]?.$1 ?? 'unknown code';

  /// The meaning of a code, in Chinese.
  static String chinese(int code) => _texts[code]?.$2 ?? '未知错误码';

  static const _texts = <int, (String, String)>{
    0: (
      'ok',
      '成功',
    ),
    6014: (
      'not logged in',
      '未登录',
    ),
    6017: (
      'invalid parameter',
      '参数无效',
    ),
    6206: (
      'the UserSig or JWT expired or is no longer accepted; log in again with a new one',
      'UserSig 或 JWT 已过期或已失效，请使用新的凭证重新登录',
    ),
    6208: (
      'kicked by another login of the same account',
      '同一帐号在其他终端登录，已被踢下线',
    ),
    7003: (
      'bad userID: 1 to 32 bytes of printable ASCII',
      'userID 无效：须为 1 至 32 字节的可打印 ASCII 字符',
    ),
    7008: (
      'called too often; wait and try again',
      '调用过于频繁，请稍后重试',
    ),
    7013: (
      'the app\'s edition does not support this call; upgrade to flagship',
      '套餐包不支持该接口的使用，请升级到旗舰版套餐',
    ),
    9508: (
      'no connection to the server',
      '未连接到服务器',
    ),
    9520: (
      'no answer in time; whether the server has done it is not known',
      '服务器未及时应答，操作是否已执行未知',
    ),
    20003: (
      'the sender or the recipient has no account',
      '消息发送方或接收方帐号不存在',
    ),
    20007: (
      'blocked by the recipient',
      '已被接收方加入黑名单',
    ),
    30001: (
      'invalid parameter in a call about friends',
      '关系链请求参数错误',
    ),
    30003: (
      'no such account',
      '帐号不存在',
    ),
    30010: (
      'the friend list is full',
      '自己的好友数已达上限',
    ),
    30014: (
      'the friend list of the other one is full',
      '对方的好友数已达上限',
    ),
    30516: (
      'the other one lets nobody add them',
      '对方拒绝任何人添加好友',
    ),
    31306: (
      'the block list is full',
      '黑名单人数已达上限',
    ),
    31307: (
      'the user is on the block list already',
      '对方已在黑名单中',
    ),
    31503: (
      'the user is not on the block list',
      '对方不在黑名单中',
    ),
    31704: (
      'not a friend',
      '不是好友',
    ),
    40001: (
      'invalid parameter in a call about profiles',
      '资料请求参数错误',
    ),
    40003: (
      'no such account',
      '帐号不存在',
    ),
    40601: (
      'a value of the profile is too long',
      '资料字段的值超出长度限制',
    ),
    50001: (
      'no such account',
      '帐号不存在',
    ),
    50002: (
      'invalid parameter in a call about conversations',
      '最近联系人请求参数错误',
    ),
    60002: (
      'the HTTP request could not be read',
      'HTTP 请求解析错误',
    ),
    60003: (
      'the JSON of the request could not be read',
      '请求 JSON 解析错误',
    ),
    60004: (
      'userID or UserSig in the URL or the body is wrong',
      'URL 或请求包体中的 UserID 或 UserSig 错误',
    ),
    60005: (
      'userID or UserSig in the URL or the body is wrong',
      'URL 或请求包体中的 UserID 或 UserSig 错误',
    ),
    60006: (
      'the SDKAppID is invalid',
      'SDKAppID 无效',
    ),
    60007: (
      'this API is called too often',
      'REST 接口调用频率超过限制',
    ),
    60008: (
      'the service is busy; try again',
      '服务繁忙，请稍后重试',
    ),
    60009: (
      'no such service or command',
      '请求的服务或命令不存在',
    ),
    60010: (
      'the caller must be an app admin',
      '须由 App 管理员调用',
    ),
    60011: (
      'the app calls too often',
      'SDKAppID 请求频率超限',
    ),
    60012: (
      'the SDKAppID is missing',
      '缺少 SDKAppID',
    ),
    60015: (
      'the userID is not a string',
      'UserID 不是字符串',
    ),
    60016: (
      'the app is disabled',
      'SDKAppID 被禁用',
    ),
    60017: (
      'the request is disabled',
      '请求被禁用',
    ),
    60018: (
      'requests come too often',
      '请求过于频繁',
    ),
    60019: (
      'requests come too often',
      '请求过于频繁',
    ),
    60020: (
      'the app has no edition in force',
      '未开通套餐包或套餐包未生效',
    ),
    60021: (
      'calls from this address are not allowed',
      '不允许从该 IP 调用',
    ),
    70001: (
      'the UserSig has expired',
      'UserSig 已过期',
    ),
    70002: (
      'the UserSig is empty',
      'UserSig 为空',
    ),
    70003: (
      'the UserSig cannot be read',
      'UserSig 无法解析',
    ),
    70009: (
      'the signature of the UserSig is wrong',
      'UserSig 签名校验失败',
    ),
    70013: (
      'the userID differs from the one that was signed',
      'userID 与 UserSig 中的不一致',
    ),
    70014: (
      'the SDKAppID differs from the one that was signed',
      'SDKAppID 与 UserSig 中的不一致',
    ),
    70020: (
      'no such app',
      'SDKAppID 不存在',
    ),
    70050: (
      'too many failed attempts; wait a minute',
      '验证失败次数过多，请一分钟后重试',
    ),
    70052: (
      'the UserSig has been revoked; make a new one',
      'UserSig 已失效，请重新生成',
    ),
    70107: (
      'no such account',
      '帐号不存在',
    ),
    70206: (
      'too many users in one call',
      '单次请求的用户数超过限制',
    ),
    70402: (
      'invalid parameter in a call about accounts',
      '帐号请求参数错误',
    ),
    70500: (
      'internal error; try again',
      '内部错误，请重试',
    ),
    72001: (
      'the user-status switch of the app is off',
      '用户状态功能未开启，请在控制台打开开关',
    ),
    80002: (
      'the message is too long',
      '消息内容超出长度限制',
    ),
    90001: (
      'the JSON of the request could not be read, or names no user',
      '请求 JSON 解析错误，或未指定用户',
    ),
    90003: (
      'To_Account is malformed',
      'To_Account 格式错误',
    ),
    90005: (
      'MsgRandom is missing, or is no 32-bit number',
      '缺少 MsgRandom，或 MsgRandom 不是 32 位整数',
    ),
    90006: (
      'MsgTimeStamp is no number',
      'MsgTimeStamp 不是整数',
    ),
    90007: (
      'MsgBody is missing, empty, or no list',
      '缺少 MsgBody，或 MsgBody 为空或不是数组',
    ),
    90008: (
      'From_Account is malformed',
      'From_Account 格式错误',
    ),
    90009: (
      'the caller must be an app admin',
      '须由 App 管理员调用',
    ),
    90010: (
      'the call about messages has a field that cannot be taken',
      '消息请求中有不符合格式或不支持的字段',
    ),
    90011: (
      'more than 500 accounts in To_Account',
      'To_Account 超过 500 个帐号',
    ),
  };
}
