//! Messages that the backend sends.

use super::answer::Reply;
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::{AccountName, Object};
use compact_str::CompactString;
use lamplight_model::{ClientMessageId, Code, Refusal, UserId};
use lamplight_service::{By, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The only kind of element there is here.
const TEXT: &str = "TIMTextElem";

/// `openim/sendmsg`
pub struct SendMsg;

/// A message.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SendMsgRequest {
    /// Who sends it. Absent: the admin that calls.
    #[serde(rename = "From_Account")]
    #[schema(value_type = Option<AccountName>)]
    from_account: Option<CompactString>,
    /// Whom it is for.
    #[serde(rename = "To_Account")]
    #[schema(value_type = AccountName)]
    to_account: CompactString,
    /// With `MsgSeq` it tells a retry: a second call with the same two, the same users and the same text within ten
    /// minutes is one. Anything else is another message.
    msg_random: u32,
    /// See `MsgRandom`. Absent: 0.
    msg_seq: Option<u32>,
    /// It has no meaning here: a message has the time at which it was committed.
    #[allow(dead_code)]
    msg_time_stamp: Option<u64>,
    /// One text, or several that are put together.
    #[schema(value_type = Vec<MsgElement>, min_items = 1)]
    msg_body: Vec<Object<MsgElement>>,
}

/// A part of a message.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MsgElement {
    /// `TIMTextElem`; Lamplight has no other.
    #[schema(example = "TIMTextElem")]
    msg_type: String,
    /// What it says.
    #[schema(value_type = MsgText)]
    msg_content: Value,
}

/// What a text says.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MsgText {
    /// The text. All of a message: at most 12,288 bytes (`limits.message_bytes` of the app).
    text: String,
}

/// The message as it was committed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SendMsgFields {
    /// When it was committed: seconds since 1970.
    msg_time: u64,
    /// Names the message in its conversation: `MsgSeq_MsgRandom_MsgTime` of what was sent.
    msg_key: String,
}

impl Command for SendMsg {
    const PATH: &'static str = "openim/sendmsg";
    const FAMILY: Family = Family::Messages;
    const SUMMARY: &'static str = "Sends a one-to-one text message on behalf of a user.";
    const ABOUT: &'static str = "It is answered when the message is committed. A retry (the same users, `MsgSeq`, \
                                 `MsgRandom` and text within ten minutes) is answered as the first call was, and stores \
                                 nothing.";
    const CODES: &'static [Code] = &[Code::MESSAGE_NO_SUCH_ACCOUNT, Code::MESSAGE_TOO_LONG];

    type Request = SendMsgRequest;
    type Fields = SendMsgFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let from = match &request.from_account {
            Some(text) => call.user(UserId::new(text).map_err(Refusal::from)?),
            None => call.admin.clone(),
        };
        let to = UserId::new(&request.to_account).map_err(Refusal::from)?;
        let text = text_of(request.msg_body)?;
        let (sequence, random) = (request.msg_seq.unwrap_or_default(), request.msg_random);
        // Apart from what clients call theirs: the backend's retries are of the backend's messages.
        let client_id =
            ClientMessageId::new(&format!("api:{sequence}_{random}")).expect("short printable ASCII");
        let sent = call.service.send_message(&from, &to, text, client_id, By::App, call.now).await?;
        let msg_time = sent.value.message.at.as_secs();
        Ok(SendMsgFields { msg_time, msg_key: format!("{sequence}_{random}_{msg_time}") }.into())
    }

    fn invalid(body: &[u8]) -> Code {
        let names = serde_json::from_slice::<Value>(body).is_ok_and(|body| body["To_Account"].is_string());
        if names { Self::FAMILY.invalid() } else { Code::QUERY_ACCOUNT_MALFORMED }
    }
}

/// The text of a message.
fn text_of(body: Vec<Object<MsgElement>>) -> Result<String, Refusal> {
    if body.is_empty() {
        return Err(Refusal::because(Code::INVALID_PARAMETER, "MsgBody is empty"));
    }
    let mut whole = String::new();
    for Object(MsgElement { msg_type, msg_content }) in body {
        if msg_type != TEXT {
            let detail = format!("MsgType must be {TEXT}, not {msg_type:?}");
            return Err(Refusal::because(Code::INVALID_PARAMETER, detail));
        }
        let content = serde_json::from_value::<Object<MsgText>>(msg_content);
        let content = content
            .map_err(|error| Refusal::because(Code::INVALID_PARAMETER, format!("MsgContent: {error}")))?;
        whole.push_str(&content.0.text);
    }
    Ok(whole)
}
