//! The status feed. A backend uses it to keep a copy of all statuses. The cloud's API has no such command.

use super::answer::Reply;
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::StatusVisibility;
use compact_str::CompactString;
use lamplight_model::{Code, Refusal, UserId};
use lamplight_service::{FeedChange, MAX_FEED_PAGE, ServiceError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The number of users on a page if the call has no `limit`.
const USUAL_PAGE: usize = 500;

/// The maximum memory for one user of a page, in bytes, including the user's part of the answer.
const BYTES_PER_USER: usize = 1_024;

/// The command `openim/status_feed`.
pub struct StatusFeed;

/// The position in the feed from which to read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct StatusFeedRequest {
    /// The `Cursor` of the previous page. If it is empty or absent, reading starts with a snapshot: the statuses of all
    /// users who are logged in.
    cursor: Option<String>,
    /// The maximum number of users on the page, 1 to 1,000; 500 if it is absent.
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// A page of the feed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct StatusFeedFields {
    /// `true` on the first page of a snapshot. The reader must then delete its copy of all statuses before it applies
    /// the changes.
    reset: bool,
    /// The users whose status has changed since the cursor, with their current status, in the order of their last
    /// change.
    changes: Vec<Change>,
    /// The `Cursor` for the next call.
    cursor: String,
    /// `true` if there are no further changes at the moment; `false` if more pages follow.
    finished: bool,
}

/// A user whose status has changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    /// The user.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: UserId,
    /// 1: ONLINE, 2: OFFLINE, 3: UNLOGINED.
    status_type: u8,
    /// The custom status; empty when there is none.
    #[schema(value_type = String)]
    custom_status: CompactString,
    /// The time when the server removes the custom status, in milliseconds since 1970. Absent if there is no custom
    /// status, or if the custom status stays until a call removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_expires: Option<u64>,
    /// The version of the status, which increases with every change of this user. It is a 64-bit number, and written as
    /// text because many JSON parsers keep only 53 bits.
    #[schema(example = "7378697629483820032", pattern = "^[0-9]{1,20}$")]
    version: String,
    /// The time of the last change of the status type, in milliseconds since 1970.
    since: u64,
    /// The reason for the last status change: `none`, `login`, `logout`, `link_closed`, `timeout`, `kicked`,
    /// `sig_expired`, `lapsed`, `deleted`, `custom`, `custom_expired` or `node_lost`.
    #[schema(value_type = String, example = "login")]
    reason: &'static str,
    /// The time when the user was last connected, in milliseconds since 1970; absent while the user is ONLINE, and if
    /// the user was never connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<u64>,
    /// The platforms on which the user is connected now.
    #[schema(value_type = Vec<String>)]
    online_devices: Vec<&'static str>,
    /// The users who may see the status; absent if everyone may. The feed also reports a change of the visibility or of
    /// the block list. If the status stays the same, `Version` stays the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<StatusVisibility>,
    /// `true` if the account was deleted.
    deleted: bool,
}

impl From<FeedChange> for Change {
    fn from(FeedChange { status, deleted, visibility }: FeedChange) -> Self {
        Self {
            custom_status: status.custom_status.as_str().into(),
            custom_expires: status.custom_expires.map(|at| at.0),
            to_account: status.user_id,
            status_type: status.status_type as u8,
            version: status.version.0.to_string(),
            since: status.since.0,
            reason: status.reason.name(),
            last_seen: status.last_seen.map(|at| at.0),
            online_devices: status.online_devices.iter().map(lamplight_model::Platform::name).collect(),
            visibility: StatusVisibility::shown(visibility),
            deleted,
        }
    }
}

impl Command for StatusFeed {
    const PATH: &'static str = "openim/status_feed";
    const FAMILY: Family = Family::OnBehalf;
    const SUMMARY: &'static str = "Reads the statuses of all users: a snapshot, then the changes.";
    const ABOUT: &'static str = "Begin without a cursor and read until `Finished`; from then on read again with the last \
                                 `Cursor`, as often as you need the mirror to be current. A cursor survives restarts of the \
                                 server. A cursor that is too old is not an error: the page has `Reset` and begins a new snapshot.";
    const CODES: &'static [Code] = &[Code::INVALID_PARAMETER];
    const READS: bool = true;
    const OURS: bool = true;
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[
        ("cursor", "The `Cursor` of the previous page; empty or absent: from the beginning."),
        ("limit", "The maximum number of users in the answer, 1 to 1,000; 500 if it is absent."),
    ];

    type Request = StatusFeedRequest;
    type Fields = StatusFeedFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let limit = request.limit.map_or(USUAL_PAGE, |limit| limit as usize);
        if !(1..=MAX_FEED_PAGE).contains(&limit) {
            let detail = format!("the limit must be from 1 to {MAX_FEED_PAGE}, not {limit}");
            return Err(Refusal::because(Code::INVALID_PARAMETER, detail).into());
        }
        let cursor = request.cursor.unwrap_or_default();
        let feed = call.service.status_feed(call.app.id, &cursor, limit, call.now).await?;
        let fields = StatusFeedFields {
            reset: feed.reset,
            changes: feed.changes.into_iter().map(Change::from).collect(),
            cursor: feed.cursor,
            finished: feed.finished,
        };
        Ok(fields.into())
    }

    fn page(_: &Call<'_>, request: &Self::Request) -> usize {
        request.limit.map_or(USUAL_PAGE, |limit| limit as usize).min(MAX_FEED_PAGE) * BYTES_PER_USER
    }

    fn from_query(call: &Call<'_>) -> Option<Result<Self::Request, Refusal>> {
        let limit = call.parameter("limit").map(|text| {
            text.parse().map_err(|_| Refusal::because(Code::INVALID_PARAMETER, "the limit is not a number"))
        });
        let cursor = call.parameter("cursor").map(|text| text.into_owned());
        Some(limit.transpose().map(|limit| StatusFeedRequest { cursor, limit }))
    }
}
