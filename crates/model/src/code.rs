//! The table of codes. The codes of the server, the SDKs and the documentation come from it (SPEC section 7).

use std::fmt;

/// A code of an answer. 0 means success. [`Code::NOT_CONNECTED`] and [`Code::NO_ANSWER`] are errors of the SDKs, which
/// the server never sends. Every other code is a refusal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(u32);

macro_rules! codes {
    ($($name:ident = $number:literal, $english:literal, $chinese:literal;)*) => {
        impl Code {
            $(#[doc = concat!("`", $number, "`: ", $english, ".")]
            pub const $name: Self = Self($number);)*

            /// All codes, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name of the code in capitals.
            pub fn name(self) -> &'static str {
                match self.0 { $($number => stringify!($name),)* _ => "UNKNOWN_CODE" }
            }

            /// The meaning of the code, in English.
            pub fn english(self) -> &'static str {
                match self.0 { $($number => $english,)* _ => "unknown code" }
            }

            /// The meaning of the code, in Chinese.
            pub fn chinese(self) -> &'static str {
                match self.0 { $($number => $chinese,)* _ => "未知错误码" }
            }
        }
    };
}

codes! {
    OK = 0, "ok", "成功";
    NOT_LOGGED_IN = 6014, "not logged in", "未登录";
    INVALID_PARAMETER = 6017, "invalid parameter", "参数无效";
    LOGIN_SIG_EXPIRED = 6206, "the UserSig or JWT expired or is no longer accepted; log in again with a new one", "UserSig 或 JWT 已过期或已失效，请使用新的凭证重新登录";
    KICKED_BY_OTHER_LOGIN = 6208, "kicked by another login of the same account", "同一帐号在其他终端登录，已被踢下线";
    BAD_USER_ID = 7003, "bad userID: 1 to 32 bytes of printable ASCII", "userID 无效：须为 1 至 32 字节的可打印 ASCII 字符";
    CALLED_TOO_OFTEN = 7008, "called too often; wait and try again", "调用过于频繁，请稍后重试";
    EDITION_NOT_SUPPORTED = 7013, "the app's edition does not support this call; upgrade to flagship", "套餐包不支持该接口的使用，请升级到旗舰版套餐";
    NOT_CONNECTED = 9508, "no connection to the server", "未连接到服务器";
    NO_ANSWER = 9520, "no answer in time; whether the server has done it is not known", "服务器未及时应答，操作是否已执行未知";
    MESSAGE_NO_SUCH_ACCOUNT = 20003, "the sender or the recipient has no account", "消息发送方或接收方帐号不存在";
    BLOCKED = 20007, "blocked by the recipient", "已被接收方加入黑名单";
    FRIEND_REQUEST_INVALID = 30001, "invalid parameter in a call about friends", "关系链请求参数错误";
    FRIEND_NO_SUCH_ACCOUNT = 30003, "no such account", "帐号不存在";
    FRIEND_LIST_FULL = 30010, "the friend list is full", "自己的好友数已达上限";
    FRIEND_PEER_LIST_FULL = 30014, "the friend list of the other one is full", "对方的好友数已达上限";
    FRIEND_DENIED = 30516, "the other one lets nobody add them", "对方拒绝任何人添加好友";
    BLOCK_LIST_FULL = 31306, "the block list is full", "黑名单人数已达上限";
    ALREADY_BLOCKED = 31307, "the user is on the block list already", "对方已在黑名单中";
    NOT_BLOCKED = 31503, "the user is not on the block list", "对方不在黑名单中";
    NOT_A_FRIEND = 31704, "not a friend", "不是好友";
    PROFILE_INVALID = 40001, "invalid parameter in a call about profiles", "资料请求参数错误";
    PROFILE_NO_SUCH_ACCOUNT = 40003, "no such account", "帐号不存在";
    PROFILE_TOO_LONG = 40601, "a value of the profile is too long", "资料字段的值超出长度限制";
    RECENT_NO_SUCH_ACCOUNT = 50001, "no such account", "帐号不存在";
    RECENT_INVALID = 50002, "invalid parameter in a call about conversations", "最近联系人请求参数错误";
    HTTP_UNREADABLE = 60002, "the HTTP request could not be read", "HTTP 请求解析错误";
    JSON_UNREADABLE = 60003, "the JSON of the request could not be read", "请求 JSON 解析错误";
    WRONG_CREDENTIALS = 60004, "userID or UserSig in the URL or the body is wrong", "URL 或请求包体中的 UserID 或 UserSig 错误";
    BAD_CREDENTIALS = 60005, "userID or UserSig in the URL or the body is wrong", "URL 或请求包体中的 UserID 或 UserSig 错误";
    APP_ID_INVALID = 60006, "the SDKAppID is invalid", "SDKAppID 无效";
    API_RATE = 60007, "this API is called too often", "REST 接口调用频率超过限制";
    SERVICE_BUSY = 60008, "the service is busy; try again", "服务繁忙，请稍后重试";
    NO_SUCH_SERVICE = 60009, "no such service or command", "请求的服务或命令不存在";
    ADMIN_REQUIRED = 60010, "the caller must be an app admin", "须由 App 管理员调用";
    APP_RATE = 60011, "the app calls too often", "SDKAppID 请求频率超限";
    APP_ID_MISSING = 60012, "the SDKAppID is missing", "缺少 SDKAppID";
    USER_ID_NOT_TEXT = 60015, "the userID is not a string", "UserID 不是字符串";
    APP_DISABLED = 60016, "the app is disabled", "SDKAppID 被禁用";
    REQUEST_DISABLED = 60017, "the request is disabled", "请求被禁用";
    TOO_FREQUENT = 60018, "requests come too often", "请求过于频繁";
    REQUESTS_TOO_FREQUENT = 60019, "requests come too often", "请求过于频繁";
    NO_PACKAGE = 60020, "the app has no edition in force", "未开通套餐包或套餐包未生效";
    ADDRESS_NOT_ALLOWED = 60021, "calls from this address are not allowed", "不允许从该 IP 调用";
    SIG_EXPIRED = 70001, "the UserSig has expired", "UserSig 已过期";
    SIG_EMPTY = 70002, "the UserSig is empty", "UserSig 为空";
    SIG_UNREADABLE = 70003, "the UserSig cannot be read", "UserSig 无法解析";
    SIG_WRONG = 70009, "the signature of the UserSig is wrong", "UserSig 签名校验失败";
    SIG_OTHER_USER = 70013, "the userID differs from the one that was signed", "userID 与 UserSig 中的不一致";
    SIG_OTHER_APP = 70014, "the SDKAppID differs from the one that was signed", "SDKAppID 与 UserSig 中的不一致";
    NO_SUCH_APP = 70020, "no such app", "SDKAppID 不存在";
    TOO_MANY_FAILURES = 70050, "too many failed attempts; wait a minute", "验证失败次数过多，请一分钟后重试";
    SIG_REVOKED = 70052, "the UserSig has been revoked; make a new one", "UserSig 已失效，请重新生成";
    NO_SUCH_ACCOUNT = 70107, "no such account", "帐号不存在";
    BATCH_TOO_LARGE = 70206, "too many users in one call", "单次请求的用户数超过限制";
    ACCOUNT_REQUEST_INVALID = 70402, "invalid parameter in a call about accounts", "帐号请求参数错误";
    INTERNAL = 70500, "internal error; try again", "内部错误，请重试";
    STATUS_SWITCHED_OFF = 72001, "the user-status switch of the app is off", "用户状态功能未开启，请在控制台打开开关";
    MESSAGE_TOO_LONG = 80002, "the message is too long", "消息内容超出长度限制";
    QUERY_UNREADABLE = 90001, "the JSON of the request could not be read, or names no user", "请求 JSON 解析错误，或未指定用户";
    QUERY_ACCOUNT_MALFORMED = 90003, "To_Account is malformed", "To_Account 格式错误";
    MESSAGE_RANDOM_MALFORMED = 90005, "MsgRandom is missing, or is no 32-bit number", "缺少 MsgRandom，或 MsgRandom 不是 32 位整数";
    MESSAGE_TIME_MALFORMED = 90006, "MsgTimeStamp is no number", "MsgTimeStamp 不是整数";
    MESSAGE_BODY_MALFORMED = 90007, "MsgBody is missing, empty, or no list", "缺少 MsgBody，或 MsgBody 为空或不是数组";
    MESSAGE_SENDER_MALFORMED = 90008, "From_Account is malformed", "From_Account 格式错误";
    QUERY_ADMIN_REQUIRED = 90009, "the caller must be an app admin", "须由 App 管理员调用";
    MESSAGE_MALFORMED = 90010, "the call about messages has a field that cannot be taken", "消息请求中有不符合格式或不支持的字段";
    QUERY_BATCH_TOO_LARGE = 90011, "more than 500 accounts in To_Account", "To_Account 超过 500 个帐号";
}

impl Code {
    /// The number of the code, which is the same in all APIs.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The code with this number; `None` if the table has no such code.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.0 == number)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0, self.english())
    }
}

/// A refusal of a call, with its code. A refused call has changed nothing, except perhaps a call that was refused with
/// [`Code::INTERNAL`]: it may have been carried out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}{}{detail}", if detail.is_empty() { "" } else { " — " })]
pub struct Refusal {
    /// The code of the refusal.
    pub code: Code,
    /// Details in English; empty if there are none.
    pub detail: String,
}

impl Refusal {
    /// Creates a refusal without details.
    pub fn new(code: Code) -> Self {
        Self { code, detail: String::new() }
    }

    /// Creates a refusal with details.
    pub fn because(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_one_number_one_name_and_both_texts() {
        let numbers: HashSet<u32> = Code::ALL.iter().map(|code| code.number()).collect();
        let names: HashSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(numbers.len(), Code::ALL.len());
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), Some(*code));
            assert!(!code.english().is_empty() && !code.chinese().is_empty());
        }
        assert_eq!(Code::from_number(1), None);
    }
}
