//! Commands for stored conversations: past messages, numbers of unread messages, marking as read.

use super::answer::Reply;
use super::call::Call;
use super::command::Command;
use super::elements::{CUSTOM, MsgCustom, TEXT};
use super::family::Family;
use super::fields::{AccountName, NoFields};
use super::lists::List;
use super::messages::MessageName;
use super::skimmed::Skimmed;
use compact_str::CompactString;
use lamplight_model::{Code, CustomElement, Message, MessageBody, Refusal, User, UserId};
use lamplight_service::{By, MAX_HISTORY_PAGE, ServiceError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The maximum number of conversations in one call.
const MAX_PEERS: usize = 100;

/// The command `openim/admin_getroammsg`.
pub struct AdminGetRoamMsg;

/// The conversation, and the period to read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AdminGetRoamMsgRequest {
    /// The user who owns this view of the conversation. Messages that this user has deleted are not in the answer.
    #[serde(rename = "Operator_Account", alias = "From_Account")]
    #[schema(value_type = AccountName)]
    operator_account: CompactString,
    /// The other user of the conversation.
    #[serde(rename = "Peer_Account", alias = "To_Account")]
    #[schema(value_type = AccountName)]
    peer_account: CompactString,
    /// The maximum number of messages in the answer; values above 100 count as 100.
    #[schema(minimum = 1)]
    max_cnt: u32,
    /// The first second of the period, in seconds since 1970.
    min_time: u64,
    /// The last second of the period, in seconds since 1970.
    max_time: u64,
    /// The `LastMsgKey` of the previous page; empty or absent for the newest page.
    last_msg_key: Option<String>,
}

/// A page of past messages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AdminGetRoamMsgFields {
    /// 1: the period has no earlier messages. 0: the period may have earlier messages. The call that reads them has
    /// this `LastMsgKey`, and has this `LastMsgTime` as its `MaxTime`.
    complete: u8,
    /// The number of messages on this page.
    msg_cnt: usize,
    /// The time when the first message of the page was stored, in seconds since 1970; 0 if the page is empty.
    last_msg_time: u64,
    /// The key of the first message of the page. The next call uses it to read the messages before this page. Empty if
    /// the page is empty.
    last_msg_key: String,
    /// The messages of the page, the oldest first.
    msg_list: Vec<PastMessage>,
}

/// A past message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PastMessage {
    /// The sender.
    #[serde(rename = "From_Account")]
    #[schema(value_type = String)]
    from_account: UserId,
    /// The recipient.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: UserId,
    /// The `MsgSeq` that the backend sent with the message; for a message of a client, its number in the conversation.
    msg_seq: u32,
    /// The `MsgRandom` that the backend sent with the message; 0 for a message of a client.
    msg_random: u32,
    /// The time at which the message was stored, in seconds since 1970.
    msg_time_stamp: u64,
    /// Always 0, because messages cannot be recalled.
    msg_flag_bits: u8,
    /// The `MsgKey` of the message, as in the answer to the call that sent it.
    msg_key: String,
    /// The content, which is always one element.
    msg_body: Vec<PastElement>,
    /// Always empty.
    #[schema(value_type = String)]
    cloud_custom_data: &'static str,
}

/// The content of a past message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PastElement {
    /// `TIMTextElem` or `TIMCustomElem`
    #[schema(value_type = String)]
    msg_type: &'static str,
    /// The content; its fields depend on `MsgType`.
    msg_content: PastContent,
}

/// The content of an element; its fields depend on `MsgType`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum PastContent {
    /// The content of a `TIMTextElem`.
    Text(PastText),
    /// The content of a `TIMCustomElem`.
    Custom(MsgCustom),
}

/// The text of a past message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PastText {
    /// The text.
    text: String,
}

/// Returns the `MsgSeq` and the `MsgRandom` of a stored message. A message of a client has the low 31 bits of its
/// number in the conversation as `MsgSeq`, and 0 as `MsgRandom`.
fn name_of(message: &Message) -> MessageName {
    MessageName::of(&message.client_id).unwrap_or(MessageName {
        sequence: u32::try_from(message.sequence & 0x7fff_ffff).expect("31 bits"),
        random: 0,
    })
}

impl From<MessageBody> for PastElement {
    fn from(body: MessageBody) -> Self {
        match body {
            MessageBody::Text(text) => {
                Self { msg_type: TEXT, msg_content: PastContent::Text(PastText { text }) }
            }
            MessageBody::Custom(CustomElement { data, description, extension }) => {
                let content = MsgCustom { data, desc: description, ext: extension };
                Self { msg_type: CUSTOM, msg_content: PastContent::Custom(content) }
            }
        }
    }
}

impl From<Message> for PastMessage {
    fn from(message: Message) -> Self {
        let (name, at) = (name_of(&message), message.at.as_secs());
        Self {
            from_account: message.from,
            to_account: message.to,
            msg_seq: name.sequence,
            msg_random: name.random,
            msg_time_stamp: at,
            msg_flag_bits: 0,
            msg_key: name.key(at),
            msg_body: vec![message.body.into()],
            cloud_custom_data: "",
        }
    }
}

impl Command for AdminGetRoamMsg {
    const PATH: &'static str = "openim/admin_getroammsg";
    const FAMILY: Family = Family::Messages;
    const SUMMARY: &'static str = "Reads the messages of a conversation in a period, the newest page first.";
    const ABOUT: &'static str =
        "`From_Account` and `To_Account` may be given in place of `Operator_Account` and `Peer_Account`.";
    const CODES: &'static [Code] = &[Code::MESSAGE_NO_SUCH_ACCOUNT, Code::MESSAGE_SENDER_MALFORMED];
    const READS: bool = true;

    type Request = AdminGetRoamMsgRequest;
    type Fields = AdminGetRoamMsgFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.operator_account)?;
        let peer = UserId::new(&request.peer_account).map_err(Refusal::from)?;
        let invalid = |detail: &str| Refusal::because(Code::INVALID_PARAMETER, detail);
        let Some(most) = request.max_cnt.checked_sub(1).map(|beyond| beyond.min(MAX_HISTORY_PAGE - 1) + 1)
        else {
            return Err(invalid("MaxCnt is 0").into());
        };
        if request.min_time > request.max_time {
            return Err(invalid("MinTime is after MaxTime").into());
        }
        call.service.lists_state_of(&owner).await?;
        let before = match request.last_msg_key.as_deref() {
            None | Some("") => end_of_time(call, &owner, &peer, request.max_time).await?,
            Some(key) => Some(
                read_place(key)
                    .ok_or_else(|| invalid("LastMsgKey is not a LastMsgKey of an earlier answer"))?,
            ),
        };
        let page = call.service.history(&owner, &peer, before, most, By::App, call.now).await?;
        let found = page.messages.len();
        let within = |message: &Message| message.at.as_secs() >= request.min_time;
        let mut messages: Vec<Message> = page.messages.into_iter().take_while(within).collect();
        let complete = page.finished || messages.len() < found;
        messages.reverse();
        let (last_msg_time, last_msg_key) = messages.first().map_or_else(Default::default, |message| {
            let at = message.at.as_secs();
            (at, format!("{}_{}", name_of(message).key(at), message.sequence))
        });
        let msg_list: Vec<PastMessage> = messages.into_iter().map(PastMessage::from).collect();
        let msg_cnt = msg_list.len();
        Ok(AdminGetRoamMsgFields {
            complete: complete.into(),
            msg_cnt,
            last_msg_time,
            last_msg_key,
            msg_list,
        }
        .into())
    }

    fn page(call: &Call<'_>, request: &Self::Request) -> usize {
        // Each message is in memory twice: as it was read, and in the answer.
        let message = 2 * (usize::from(call.app.settings.limits.message_bytes) + 512);
        request.max_cnt.min(MAX_HISTORY_PAGE) as usize * message
    }

    fn invalid(body: &[u8]) -> Code {
        wrong_account(body, &["Peer_Account", "To_Account"], &["Operator_Account", "From_Account"])
    }
}

/// Reads the sequence at the end of a `LastMsgKey`; `None` if the text is not such a key.
fn read_place(key: &str) -> Option<u64> {
    // The number of parts is bounded, because a key may be as long as a body.
    let mut parts = key.splitn(5, '_');
    let sequence = parts.nth(3)?;
    if parts.next().is_some() { None } else { sequence.parse().ok() }
}

/// Returns the sequence of the first message that was stored after `last`, a time in seconds since 1970. Returns `None`
/// if there is no such message.
///
/// The times of messages ascend with their sequences, so a binary search needs at most 64 reads.
async fn end_of_time(
    call: &Call<'_>,
    owner: &User,
    peer: &UserId,
    last: u64,
) -> Result<Option<u64>, ServiceError> {
    let newest_before = async |before: Option<u64>| {
        let page = call.service.history(owner, peer, before, 1, By::App, call.now).await?;
        Ok::<_, ServiceError>(page.messages.into_iter().next())
    };
    let mut end = match newest_before(None).await? {
        Some(newest) if newest.at.as_secs() > last => newest.sequence,
        Some(_) | None => return Ok(None),
    };
    // Invariant: all messages with a sequence of at least `end` are later than `last`. No message with a sequence of at
    // most `kept` is later than `last`.
    let mut kept = 0;
    while kept + 1 < end {
        let middle = kept + (end - kept) / 2;
        match newest_before(Some(middle + 1)).await? {
            Some(message) if message.at.as_secs() > last => end = message.sequence,
            Some(_) | None => kept = middle,
        }
    }
    Ok(Some(end))
}

/// The command `openim/admin_set_msg_read`.
pub struct AdminSetMsgRead;

/// The reader, the sender, and the time up to which the messages count as read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AdminSetMsgReadRequest {
    /// The user who has read the messages.
    #[serde(rename = "Report_Account")]
    #[schema(value_type = AccountName)]
    report_account: CompactString,
    /// The sender of the messages that were read.
    #[serde(rename = "Peer_Account")]
    #[schema(value_type = AccountName)]
    peer_account: CompactString,
    /// The last second whose messages count as read, since 1970. If it is absent, all messages count as read.
    msg_readed_time: Option<u64>,
}

impl Command for AdminSetMsgRead {
    const PATH: &'static str = "openim/admin_set_msg_read";
    const FAMILY: Family = Family::Messages;
    const SUMMARY: &'static str = "Marks a conversation of a user as read.";
    const ABOUT: &'static str = "The devices of the user are notified. A conversation that does not exist has nothing to \
                                 read: the call succeeds.";
    const CODES: &'static [Code] = &[Code::MESSAGE_NO_SUCH_ACCOUNT, Code::MESSAGE_SENDER_MALFORMED];

    type Request = AdminSetMsgReadRequest;
    type Fields = NoFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.report_account)?;
        let peer = UserId::new(&request.peer_account).map_err(Refusal::from)?;
        call.service.lists_state_of(&owner).await?;
        let end = match request.msg_readed_time {
            Some(last) => end_of_time(call, &owner, &peer, last).await?,
            None => None,
        };
        let last_read = end.map(|end| end.saturating_sub(1));
        match call.service.mark_read(&owner, &peer, last_read, By::App, call.now).await {
            Ok(_) | Err(ServiceError::Refused(Refusal { code: Code::INVALID_PARAMETER, .. })) => {}
            Err(error) => return Err(error),
        }
        Ok(NoFields {}.into())
    }

    fn invalid(body: &[u8]) -> Code {
        wrong_account(body, &["Peer_Account"], &["Report_Account"])
    }
}

/// The command `openim/get_c2c_unread_msg_num`.
pub struct GetC2cUnreadMsgNum;

/// The reader, and the senders whose unread messages are counted.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetC2cUnreadMsgNumRequest {
    /// The user whose unread messages are counted.
    #[serde(rename = "To_Account")]
    #[schema(value_type = AccountName)]
    to_account: CompactString,
    /// The senders; at most 100. If the list is absent or empty, the answer has only the sum over all senders.
    #[serde(rename = "Peer_Account")]
    #[schema(value_type = Option<Vec<AccountName>>, max_items = 100)]
    peer_account: Option<List<CompactString, MAX_PEERS>>,
}

/// The numbers of unread messages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetC2cUnreadMsgNumFields {
    /// The number of unread messages in all conversations.
    #[serde(rename = "AllC2CUnreadMsgNum")]
    all: u32,
    /// The number of unread messages from each sender in the request who has an account, in the order of the request;
    /// absent if there are none.
    #[serde(rename = "C2CUnreadMsgNumList", skip_serializing_if = "Vec::is_empty")]
    of_peers: Vec<UnreadOfPeer>,
    /// The entries of the request that are not accounts; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_list: Vec<PeerError>,
}

/// The number of unread messages from one sender.
#[derive(Serialize, ToSchema)]
pub struct UnreadOfPeer {
    /// The sender.
    #[serde(rename = "Peer_Account")]
    #[schema(value_type = String)]
    peer_account: UserId,
    /// The number of messages.
    #[serde(rename = "C2CUnreadMsgNum")]
    unread: u32,
}

/// An entry of the request that is not an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PeerError {
    /// The sender.
    #[serde(rename = "Peer_Account")]
    #[schema(value_type = String)]
    peer_account: CompactString,
    /// 70107 if the sender has no account; 7003 if the userID is not valid.
    error_code: u32,
}

impl Command for GetC2cUnreadMsgNum {
    const PATH: &'static str = "openim/get_c2c_unread_msg_num";
    const FAMILY: Family = Family::Messages;
    const SUMMARY: &'static str = "Counts the unread messages of a user.";
    const ABOUT: &'static str = "";
    const CODES: &'static [Code] =
        &[Code::MESSAGE_NO_SUCH_ACCOUNT, Code::NO_SUCH_ACCOUNT, Code::QUERY_BATCH_TOO_LARGE];
    const READS: bool = true;

    type Request = GetC2cUnreadMsgNumRequest;
    type Fields = GetC2cUnreadMsgNumFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let user = call.user(UserId::new(&request.to_account).map_err(Refusal::from)?);
        let peers = request.peer_account.unwrap_or_default().any("Peer_Account")?;
        let all = call.service.lists_state_of(&user).await?.total_unread;
        let named: Vec<User> =
            peers.iter().flat_map(|text| UserId::new(text)).map(|id| call.user(id)).collect();
        let mut accounts = match named.is_empty() {
            true => Vec::new(),
            false => call.service.accounts_of(named).await?,
        }
        .into_iter();
        let mut fields = GetC2cUnreadMsgNumFields { all, of_peers: Vec::new(), error_list: Vec::new() };
        for peer_account in peers {
            let code = match UserId::new(&peer_account) {
                Ok(peer) if accounts.next().flatten().is_some() => {
                    let row = call.service.conversation_of(&user, &peer).await?;
                    let unread = row.map_or(0, |row| row.unread);
                    fields.of_peers.push(UnreadOfPeer { peer_account: peer, unread });
                    continue;
                }
                Ok(_) => Code::NO_SUCH_ACCOUNT,
                Err(_) => Code::BAD_USER_ID,
            };
            fields.error_list.push(PeerError { peer_account, error_code: code.number() });
        }
        Ok(fields.into())
    }

    fn invalid(body: &[u8]) -> Code {
        wrong_account(body, &["To_Account"], &[])
    }
}

/// Parses the userID of the user who owns the view of a conversation. Refuses an invalid userID.
fn owner(call: &Call<'_>, text: &str) -> Result<User, Refusal> {
    let id = UserId::new(text);
    Ok(call
        .user(id.map_err(|invalid| Refusal::because(Code::MESSAGE_SENDER_MALFORMED, invalid.to_string()))?))
}

/// Returns the code for a body that is JSON, but not a valid request. The code depends on which of the two accounts is
/// missing.
fn wrong_account(body: &[u8], other: &'static [&'static str], owner: &'static [&'static str]) -> Code {
    let names = |fields: &'static [&'static str]| -> Option<bool> {
        let body = Skimmed::object(body, fields)?;
        Some(fields.is_empty() || fields.iter().any(|name| body.field(name).is_some_and(Skimmed::is_text)))
    };
    match (names(other), names(owner)) {
        (None, _) | (_, None) => Code::QUERY_UNREADABLE,
        (Some(false), _) => Code::QUERY_ACCOUNT_MALFORMED,
        (Some(true), Some(false)) => Code::MESSAGE_SENDER_MALFORMED,
        (Some(true), Some(true)) => Code::MESSAGE_MALFORMED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_the_key_of_an_answer_and_from_nothing_else() {
        assert_eq!(read_place("1_2_1700000000_42"), Some(42));
        for key in ["", "_", "1_2_3", "1_2_3_", "1_2_3_x", "1_2_3_4_5", "1_2_3_4_", "1_2_3_-4"] {
            assert_eq!(read_place(key), None, "{key:?}");
        }
        let long = "_".repeat(1 << 20);
        let allocated = allocation_counter::measure(|| assert_eq!(read_place(&long), None));
        assert_eq!(allocated.bytes_total, 0, "nothing is made of a key, however long it is");
    }
}
