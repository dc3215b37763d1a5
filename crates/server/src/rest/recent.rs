//! Commands for the conversation list of a user.

use super::answer::Reply;
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::{AccountName, Flag, NoFields};
use compact_str::CompactString;
use lamplight_model::{Code, Conversation, ConversationCursor, Refusal, Timestamp, User, UserId};
use lamplight_service::{By, ServiceError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The number of conversations on one page.
const PAGE: usize = 100;
/// The largest `StartIndex` and `TopStartIndex`. It bounds the work of a call, because the call reads the skipped
/// conversations as well.
const MAX_START: u32 = 10_000;
/// The bit of `AssistFlags` that requests conversations without a message as well.
const WITH_EMPTY: u32 = 2;
/// The `Type` of a conversation between two users; a group would have another value.
const OF_TWO: u32 = 1;

/// The command `recentcontact/get_list`.
pub struct RecentContactGetList;

/// The owner of the conversations, and the position to continue from.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RecentContactGetListRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The position from which to read: 0 for the first page, otherwise the value in the answer with the previous page.
    /// The same applies to `StartIndex`, `TopTimeStamp` and `TopStartIndex`.
    time_stamp: u64,
    /// A part of the position, like `TimeStamp`.
    #[schema(maximum = 10000)]
    start_index: u32,
    /// A part of the position, like `TimeStamp`.
    top_time_stamp: u64,
    /// A part of the position, like `TimeStamp`.
    #[schema(maximum = 10000)]
    top_start_index: u32,
    /// If the bit with value 2 is set, the answer includes conversations without a message. The other bits are ignored:
    /// pinned conversations always come first, and count towards the page like all others.
    assist_flags: u32,
}

/// A page of a conversation list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RecentContactGetListFields {
    /// 1: this is the last page; 0: more pages follow.
    complete_flag: u8,
    /// The position of the next page, together with `StartIndex`, `TopTimeStamp` and `TopStartIndex`. The call for the
    /// next page must contain these four values.
    time_stamp: u64,
    /// A part of the position, like `TimeStamp`.
    start_index: u32,
    /// A part of the position, like `TimeStamp`.
    top_time_stamp: u64,
    /// A part of the position, like `TimeStamp`.
    top_start_index: u32,
    /// At most 100 conversations: the pinned ones first, then the others by their last activity, the latest first. A
    /// page may be shorter or empty before the last page, because conversations without a message are left out of it.
    session_item: Vec<Session>,
}

/// A conversation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Session {
    /// Always 1: a conversation between two users.
    #[serde(rename = "Type")]
    kind: u32,
    /// The other user.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: UserId,
    /// The time of the last activity in the conversation, in seconds since 1970.
    msg_time: u64,
    /// 1 if the conversation is pinned, otherwise 0.
    top_flag: u8,
}

/// A position in the list. `second` is the time of the last conversation on the previous pages, in seconds since 1970.
/// `answered` is the number of conversations with that time on the previous pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Reached {
    second: u64,
    answered: u32,
}

impl Reached {
    /// Returns the cursor before all conversations whose last activity was in `self.second`; `None` if `self` is the
    /// beginning of the list.
    fn cursor(self, pinned: bool) -> Option<ConversationCursor> {
        if self == Self::default() {
            return None;
        }
        // The list is sorted by descending time, so the cursor is after the last possible conversation of the first
        // millisecond that follows the second.
        let peer = UserId::new(&"~".repeat(32)).expect("32 bytes of printable ASCII");
        let active =
            Timestamp(self.second.saturating_add(1).saturating_mul(1_000).min(i64::MAX.unsigned_abs()));
        Some(ConversationCursor { pinned, active, peer })
    }

    /// Moves the position past one more conversation of the page.
    fn pass(&mut self, row: &Conversation) {
        let second = row.active.as_secs();
        let answered = if second == self.second { self.answered + 1 } else { 1 };
        *self = Self { second, answered };
    }
}

impl Command for RecentContactGetList {
    const PATH: &'static str = "recentcontact/get_list";
    const FAMILY: Family = Family::Recent;
    const SUMMARY: &'static str = "Reads the conversation list of a user, one page per call.";
    const ABOUT: &'static str =
        "A conversation that becomes active between two pages moves to the front, and may be answered twice.";
    const CODES: &'static [Code] = &[Code::RECENT_NO_SUCH_ACCOUNT];
    const READS: bool = true;

    type Request = RecentContactGetListRequest;
    type Fields = RecentContactGetListFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = call.user(UserId::new(&request.from_account).map_err(Refusal::from)?);
        if request.start_index.max(request.top_start_index) > MAX_START {
            let detail = format!("StartIndex and TopStartIndex may be at most {MAX_START}");
            return Err(Refusal::because(Code::INVALID_PARAMETER, detail).into());
        }
        call.service.lists_state_of(&owner).await?;
        let mut others = Reached { second: request.time_stamp, answered: request.start_index };
        let mut pinned = Reached { second: request.top_time_stamp, answered: request.top_start_index };
        let begun = others != Reached::default();
        let from = if begun { others } else { pinned };
        let is_of_second = |row: &Conversation| row.pinned != begun && row.active.as_secs() == from.second;
        let (mut page, mut passed, mut after) = (Vec::new(), 0, from.cursor(!begun));
        // The call reads one conversation more than a page has, to find out whether there is a next page. Conversations
        // of earlier pages that have the same second as the position are read again and skipped. They are also read
        // page by page, because each conversation comes with its last message.
        while page.len() <= PAGE {
            let rows = call.service.conversations_after(&owner, after, PAGE + 1).await?;
            let is_last = rows.len() <= PAGE;
            after = rows.last().map(Conversation::cursor);
            for row in rows {
                if page.is_empty() && passed < from.answered && is_of_second(&row) {
                    passed += 1;
                } else {
                    page.push(row);
                }
            }
            if is_last {
                break;
            }
        }
        let complete = page.len() <= PAGE;
        page.truncate(PAGE);
        for row in &page {
            if row.pinned { pinned.pass(row) } else { others.pass(row) }
        }
        let with_empty = request.assist_flags & WITH_EMPTY != 0;
        let shown = page.into_iter().filter(|row| with_empty || row.last.is_some());
        let session_item = shown.map(|row| Session {
            kind: OF_TWO,
            msg_time: row.active.as_secs(),
            top_flag: row.pinned.into(),
            to_account: row.peer,
        });
        Ok(RecentContactGetListFields {
            complete_flag: complete.into(),
            session_item: session_item.collect(),
            time_stamp: others.second,
            start_index: others.answered,
            top_time_stamp: pinned.second,
            top_start_index: pinned.answered,
        }
        .into())
    }

    fn page(call: &Call<'_>, _: &Self::Request) -> usize {
        // Two pages are in memory at a time. Each row has the last message of the conversation and a profile.
        2 * (PAGE + 1) * (usize::from(call.app.settings.limits.message_bytes) + 1_536)
    }
}

/// The command `recentcontact/delete`.
pub struct RecentContactDelete;

/// The conversation to delete.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RecentContactDeleteRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// Must be 1: a conversation between two users. Groups are not supported.
    #[serde(rename = "Type", alias = "type")]
    kind: u32,
    /// The other user.
    #[serde(rename = "To_Account")]
    #[schema(value_type = AccountName)]
    to_account: CompactString,
    /// Ignored, because deleting a conversation always deletes its messages for the owner.
    #[allow(dead_code)]
    clear_ramble: Option<Flag>,
}

impl Command for RecentContactDelete {
    const PATH: &'static str = "recentcontact/delete";
    const FAMILY: Family = Family::Recent;
    const SUMMARY: &'static str = "Deletes a conversation from the list of a user, with its messages.";
    const ABOUT: &'static str = "The other user keeps theirs. `type` may be given in place of `Type`. A conversation that \
                                 does not exist is not an error.";
    const CODES: &'static [Code] = &[Code::RECENT_NO_SUCH_ACCOUNT];

    type Request = RecentContactDeleteRequest;
    type Fields = NoFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner: User = call.user(UserId::new(&request.from_account).map_err(Refusal::from)?);
        let peer = UserId::new(&request.to_account).map_err(Refusal::from)?;
        if request.kind != OF_TWO {
            let detail = format!("Type must be {OF_TWO}, not {}: groups are not supported", request.kind);
            return Err(Refusal::because(Code::INVALID_PARAMETER, detail).into());
        }
        call.service.lists_state_of(&owner).await?;
        match call.service.delete_conversation(&owner, &peer, By::App, call.now).await {
            Ok(_) | Err(ServiceError::Refused(Refusal { code: Code::INVALID_PARAMETER, .. })) => {}
            Err(error) => return Err(error),
        }
        Ok(NoFields {}.into())
    }
}
