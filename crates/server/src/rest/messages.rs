//! Commands that send messages for a backend.

use super::answer::{Reply, item_code};
use super::call::Call;
use super::command::Command;
use super::elements::{Elements, MsgElement};
use super::family::Family;
use super::fields::AccountName;
use super::lists::{Gather, List, gather};
use super::skimmed::Skimmed;
use compact_str::CompactString;
use futures_util::future::join_all;
use lamplight_model::{ClientMessageId, Code, MessageBody, Refusal, User, UserId, quoted};
use lamplight_service::{By, ServiceError};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// The maximum number of recipients of one call.
const MAX_RECIPIENTS: usize = 500;
/// The maximum number of messages that one call stores concurrently. Each message has a copy of the body.
const TOGETHER: usize = 100;
/// The maximum size, in bytes, of the copies of the body that one call makes at the same time.
const BYTES_TOGETHER: usize = 128 * 1_024;
/// The minimum of `MsgLifeTime` in seconds, which is the cloud's maximum. A shorter lifetime is refused, because only
/// the app's settings determine how long messages are stored.
const MESSAGE_LIFE: u64 = 604_800;
/// The callbacks that `ForbidCallbackControl` may name. Lamplight has no such callbacks, so their names have no effect.
const CALLBACKS: [&str; 2] = ["ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"];

/// The options of a call that sends a message.
struct SendOptions {
    sync_other_machine: Option<Skimmed>,
    send_msg_control: Option<List<CompactString, 1>>,
    forbid_callback_control: Option<Callbacks>,
    msg_life_time: Option<u64>,
    offline_push_info: Option<Skimmed>,
}

/// The first name in `ForbidCallbackControl` that is not in [`CALLBACKS`]; `None` if all names are.
#[derive(Default)]
struct Callbacks(Option<CompactString>);

impl Gather for Callbacks {
    type Entry = CompactString;

    fn gather(&mut self, name: CompactString) {
        if self.0.is_none() && !CALLBACKS.contains(&name.as_str()) {
            self.0 = Some(name);
        }
    }
}

impl<'de> Deserialize<'de> for Callbacks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        gather(deserializer)
    }
}

/// Reads an `OfflinePushInfo` with any fields, and stores only the `PushFlag`.
fn push_info<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Skimmed>, D::Error> {
    Skimmed::keeping(&["PushFlag"], deserializer).map(Some)
}

impl SendOptions {
    /// Refuses options that Lamplight does not support.
    fn check(&self) -> Result<(), Refusal> {
        let refused = |detail: String| Err(Refusal::because(Code::MESSAGE_MALFORMED, detail));
        match &self.sync_other_machine {
            None => {}
            Some(Skimmed::Number(1)) => {}
            Some(value) => return refused(format!("SyncOtherMachine must be 1, not {value}")),
        }
        if let Some(control) = self.send_msg_control.iter().find_map(List::first) {
            return refused(format!("SendMsgControl: {} is not supported", quoted(control)));
        }
        if let Some(Callbacks(Some(other))) = &self.forbid_callback_control {
            return refused(format!("ForbidCallbackControl: {} is not supported", quoted(other)));
        }
        if let Some(life) = self.msg_life_time.filter(|life| *life < MESSAGE_LIFE) {
            return refused(format!("MsgLifeTime must be at least {MESSAGE_LIFE}, not {life}"));
        }
        match self.offline_push_info.as_ref().and_then(|info| info.field("PushFlag")) {
            None | Some(Skimmed::Number(0)) => Ok(()),
            Some(flag) => refused(format!("OfflinePushInfo.PushFlag must be 0, not {flag}")),
        }
    }
}

/// The command `openim/sendmsg`.
pub struct SendMsg;

/// A message to one user.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SendMsgRequest {
    /// The sender; the calling admin if it is absent.
    #[serde(rename = "From_Account")]
    #[schema(value_type = Option<AccountName>)]
    from_account: Option<CompactString>,
    /// The recipient.
    #[serde(rename = "To_Account")]
    #[schema(value_type = AccountName)]
    to_account: CompactString,
    /// A number that identifies a retry, together with `MsgSeq`. A call is a retry if a call in the last ten minutes
    /// had the same two numbers, the same users and the same content. A retry sends no second message.
    msg_random: u32,
    /// A number that identifies a retry, together with `MsgRandom`. The default is 0.
    msg_seq: Option<u32>,
    /// Ignored, because the time of a message is the time when it is stored.
    #[allow(dead_code)]
    msg_time_stamp: Option<u64>,
    /// One or more text elements, whose texts are joined, or one custom element.
    #[schema(value_type = Vec<MsgElement>, min_items = 1)]
    msg_body: Elements,
    /// Must be absent or 1. The sender always gets the message as well, on every device and in the history.
    #[schema(value_type = Option<u32>, example = 1)]
    sync_other_machine: Option<Skimmed>,
    /// Must be absent or empty. Every message counts as unread until it is read, and becomes the last message of its
    /// conversation.
    #[schema(value_type = Option<Vec<String>>)]
    send_msg_control: Option<List<CompactString, 1>>,
    /// May have `ForbidBeforeSendMsgCallback` and `ForbidAfterSendMsgCallback`. They have no effect, because Lamplight
    /// has no such callbacks.
    #[schema(value_type = Option<Vec<String>>)]
    forbid_callback_control: Option<Callbacks>,
    /// The lifetime in seconds, at least 604,800 (seven days) if it is present. It has no effect: the settings of the
    /// app determine how long messages are stored.
    msg_life_time: Option<u64>,
    /// Ignored, except for `PushFlag`, which must be absent or 0. A call cannot decide whether its message is pushed.
    #[serde(default, deserialize_with = "push_info")]
    #[schema(value_type = Option<Object>)]
    offline_push_info: Option<Skimmed>,
}

/// The message as it was stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SendMsgFields {
    /// The time at which the message was stored, in seconds since 1970.
    msg_time: u64,
    /// Identifies the message in its conversation: `MsgSeq_MsgRandom_MsgTime`.
    msg_key: String,
}

impl Command for SendMsg {
    const PATH: &'static str = "openim/sendmsg";
    const FAMILY: Family = Family::Messages;
    const SUMMARY: &'static str = "Sends a one-to-one message on behalf of a user.";
    const ABOUT: &'static str = "The answer comes when the message is committed. A retry (the same users, `MsgSeq`, \
                                 `MsgRandom` and content within ten minutes) is answered as the first call was, and stores \
                                 nothing.";
    const CODES: &'static [Code] = &[
        Code::MESSAGE_NO_SUCH_ACCOUNT,
        Code::BLOCKED,
        Code::MESSAGE_TOO_LONG,
        Code::MESSAGE_RANDOM_MALFORMED,
        Code::MESSAGE_TIME_MALFORMED,
        Code::MESSAGE_BODY_MALFORMED,
        Code::MESSAGE_SENDER_MALFORMED,
    ];

    type Request = SendMsgRequest;
    type Fields = SendMsgFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let from = sender(call, request.from_account.as_deref())?;
        let to = UserId::new(&request.to_account).map_err(Refusal::from)?;
        SendOptions {
            sync_other_machine: request.sync_other_machine,
            send_msg_control: request.send_msg_control,
            forbid_callback_control: request.forbid_callback_control,
            msg_life_time: request.msg_life_time,
            offline_push_info: request.offline_push_info,
        }
        .check()?;
        let body = request.msg_body.read()?;
        let name = MessageName { sequence: request.msg_seq.unwrap_or_default(), random: request.msg_random };
        let sent = call.service.send_message(&from, &to, body, name.client_id(), By::App, call.now).await?;
        let msg_time = sent.value.message.at.as_secs();
        Ok(SendMsgFields { msg_time, msg_key: name.key(msg_time) }.into())
    }

    fn invalid(body: &[u8]) -> Code {
        wrong_field(body, Skimmed::is_text)
    }
}

/// The two numbers that the backend sends with a message: `MsgSeq` and `MsgRandom`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessageName {
    pub sequence: u32,
    pub random: u32,
}

impl MessageName {
    /// Returns the client message id under which the message is stored.
    fn client_id(self) -> ClientMessageId {
        let Self { sequence, random } = self;
        ClientMessageId::new(&format!("{}{sequence}_{random}", ClientMessageId::SERVER_API))
            .expect("short printable ASCII")
    }

    /// Reads the two numbers from the id of a stored message; `None` if no backend has sent the message.
    pub fn of(client_id: &ClientMessageId) -> Option<Self> {
        let (sequence, random) =
            client_id.as_str().strip_prefix(ClientMessageId::SERVER_API)?.split_once('_')?;
        Some(Self { sequence: sequence.parse().ok()?, random: random.parse().ok()? })
    }

    /// Creates the `MsgKey` of the message. `at` is the time when the message was stored, in seconds since 1970.
    pub fn key(self, at: u64) -> String {
        let Self { sequence, random } = self;
        format!("{sequence}_{random}_{at}")
    }
}

/// The command `openim/batchsendmsg`.
pub struct BatchSendMsg;

/// A message to several users.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BatchSendMsgRequest {
    /// The sender; the calling admin if it is absent.
    #[serde(rename = "From_Account")]
    #[schema(value_type = Option<AccountName>)]
    from_account: Option<CompactString>,
    /// The recipients, at most 500. A recipient who is named twice gets the message once.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>, min_items = 1, max_items = 500)]
    to_account: List<CompactString, MAX_RECIPIENTS>,
    /// A number that identifies a retry, as in `openim/sendmsg`.
    msg_random: u32,
    /// A number that identifies a retry, as in `openim/sendmsg`.
    msg_seq: Option<u32>,
    /// One or more text elements, whose texts are joined, or one custom element.
    #[schema(value_type = Vec<MsgElement>, min_items = 1)]
    msg_body: Elements,
    /// Must be absent or 1. The sender always gets the message as well, on every device and in the history.
    #[schema(value_type = Option<u32>, example = 1)]
    sync_other_machine: Option<Skimmed>,
    /// Must be absent or empty. Every message counts as unread until it is read, and becomes the last message of its
    /// conversation.
    #[schema(value_type = Option<Vec<String>>)]
    send_msg_control: Option<List<CompactString, 1>>,
    /// May have `ForbidBeforeSendMsgCallback` and `ForbidAfterSendMsgCallback`. They have no effect, because Lamplight
    /// has no such callbacks.
    #[schema(value_type = Option<Vec<String>>)]
    forbid_callback_control: Option<Callbacks>,
    /// The lifetime in seconds, at least 604,800 (seven days) if it is present. It has no effect: the settings of the
    /// app determine how long messages are stored.
    msg_life_time: Option<u64>,
    /// Ignored, except for `PushFlag`, which must be absent or 0. A call cannot decide whether its message is pushed.
    #[serde(default, deserialize_with = "push_info")]
    #[schema(value_type = Option<Object>)]
    offline_push_info: Option<Skimmed>,
}

/// The outcome of a message to several users.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BatchSendMsgFields {
    /// Identifies the message in each of the conversations: `MsgSeq_MsgRandom_MsgTime`. Empty if no recipient got the
    /// message.
    msg_key: String,
    /// The recipients who did not get the message; absent if all of them did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_list: Vec<SendError>,
}

/// A recipient who did not get the message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SendError {
    /// The recipient.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: CompactString,
    /// 70107 if the recipient has no account; 7003 if the userID is not valid; 20007 if the recipient has blocked the
    /// sender.
    error_code: u32,
}

impl Command for BatchSendMsg {
    const PATH: &'static str = "openim/batchsendmsg";
    const FAMILY: Family = Family::Messages;
    const SUMMARY: &'static str = "Sends a one-to-one message to up to 500 users.";
    const ABOUT: &'static str = "`ErrorCode` is 0 when at least one user got the message; otherwise it is the code of the first \
                                 entry of `ErrorList`. A second call within ten minutes is a retry, as of \
                                 `openim/sendmsg`: users who have the message do not get it again.";
    const CODES: &'static [Code] = &[
        Code::NO_SUCH_ACCOUNT,
        Code::MESSAGE_NO_SUCH_ACCOUNT,
        Code::BLOCKED,
        Code::MESSAGE_TOO_LONG,
        Code::MESSAGE_RANDOM_MALFORMED,
        Code::MESSAGE_BODY_MALFORMED,
        Code::MESSAGE_SENDER_MALFORMED,
        Code::QUERY_BATCH_TOO_LARGE,
    ];

    type Request = BatchSendMsgRequest;
    type Fields = BatchSendMsgFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let from = sender(call, request.from_account.as_deref())?;
        let to_account = request.to_account.some("To_Account")?;
        SendOptions {
            sync_other_machine: request.sync_other_machine,
            send_msg_control: request.send_msg_control,
            forbid_callback_control: request.forbid_callback_control,
            msg_life_time: request.msg_life_time,
            offline_push_info: request.offline_push_info,
        }
        .check()?;
        let body = request.msg_body.read()?;
        body.check(call.app.settings.limits.message_bytes.into())?;
        // The whole call fails if the sender has no account.
        call.service.lists_state_of(&from).await?;
        let name = MessageName { sequence: request.msg_seq.unwrap_or_default(), random: request.msg_random };
        let mut fields = BatchSendMsgFields { msg_key: String::new(), error_list: Vec::new() };
        let mut first_failure = Code::OK;
        for some in to_account.chunks(together(body.bytes())) {
            // The messages are sent concurrently, so that they share commits of the database.
            let sending = some.iter().map(|to| send(call, &from, to, &body, name));
            for (to_account, sent) in some.iter().zip(join_all(sending).await) {
                let done = sent.map(|at| {
                    if fields.msg_key.is_empty() {
                        fields.msg_key = name.key(at);
                    }
                });
                // A recipient's failure has the same code as in `openim/query_online_status`.
                let code = item_code(Family::States, done)?;
                if code != Code::OK {
                    if first_failure == Code::OK {
                        first_failure = code;
                    }
                    fields
                        .error_list
                        .push(SendError { to_account: to_account.clone(), error_code: code.number() });
                }
            }
        }
        let code = if fields.msg_key.is_empty() { first_failure } else { Code::OK };
        Ok(Reply { code, detail: String::new(), fields })
    }

    fn copies(request: &Self::Request) -> usize {
        let bytes = request.msg_body.bytes();
        request.to_account.len().min(together(bytes)) * bytes
    }

    fn invalid(body: &[u8]) -> Code {
        wrong_field(body, |to| *to == Skimmed::Texts)
    }
}

/// Returns the number of messages that one call stores concurrently if the body has this size in bytes.
fn together(bytes: usize) -> usize {
    (BYTES_TOGETHER / bytes.max(1)).clamp(1, TOGETHER)
}

/// Sends the message to one recipient. Returns the second since 1970 in which the message was stored.
async fn send(
    call: &Call<'_>,
    from: &User,
    to: &str,
    body: &MessageBody,
    name: MessageName,
) -> Result<u64, ServiceError> {
    let to = UserId::new(to).map_err(Refusal::from)?;
    let sent =
        call.service.send_message(from, &to, body.clone(), name.client_id(), By::App, call.now).await?;
    Ok(sent.value.message.at.as_secs())
}

/// Returns the sender of a message: the user in the request, or else the calling admin.
fn sender(call: &Call<'_>, from_account: Option<&str>) -> Result<User, Refusal> {
    match from_account {
        Some(text) => {
            let id = UserId::new(text);
            let id =
                id.map_err(|invalid| Refusal::because(Code::MESSAGE_SENDER_MALFORMED, invalid.to_string()))?;
            Ok(call.user(id))
        }
        None => Ok(call.admin.clone()),
    }
}

/// Returns the code for a body that is JSON, but not a valid request. The code depends on the first invalid field.
fn wrong_field(body: &[u8], is_recipient: impl FnOnce(&Skimmed) -> bool) -> Code {
    const NAMES: &[&str] = &["To_Account", "From_Account", "MsgRandom", "MsgTimeStamp", "MsgBody"];
    let Some(body) = Skimmed::object(body, NAMES) else { return Code::QUERY_UNREADABLE };
    let is_number = |value: &Skimmed| matches!(value, Skimmed::Null | Skimmed::Number(_));
    let is_u32 = |value: &Skimmed| value.number().is_some_and(|number| u32::try_from(number).is_ok());
    let is_list = |value: &Skimmed| matches!(value, Skimmed::Texts | Skimmed::List);
    if !body.field("To_Account").is_some_and(is_recipient) {
        Code::QUERY_ACCOUNT_MALFORMED
    } else if !body.field("From_Account").is_none_or(|from| matches!(from, Skimmed::Null | Skimmed::Text(_)))
    {
        Code::MESSAGE_SENDER_MALFORMED
    } else if !body.field("MsgRandom").is_some_and(is_u32) {
        Code::MESSAGE_RANDOM_MALFORMED
    } else if !body.field("MsgTimeStamp").is_none_or(is_number) {
        Code::MESSAGE_TIME_MALFORMED
    } else if !body.field("MsgBody").is_some_and(is_list) {
        Code::MESSAGE_BODY_MALFORMED
    } else {
        Code::MESSAGE_MALFORMED
    }
}
