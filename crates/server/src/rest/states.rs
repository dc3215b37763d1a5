//! The command that reads the statuses of users.

use super::answer::Reply;
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::{AccountName, Flag, StatusVisibility};
use super::lists::{List, MOST_BY_SETTING};
use super::skimmed::Skimmed;
use compact_str::CompactString;
use lamplight_model::{Code, Platform, StatusType, User, UserId};
use lamplight_service::{ServiceError, StateParts, UserState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The maximum memory for one account, in bytes, including its part of the answer.
const BYTES_PER_ACCOUNT: usize = 1_024;

/// The command `openim/query_online_status`.
pub struct QueryOnlineStatus;

/// The accounts to read, and whether the answer has details.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryOnlineStatusRequest {
    /// The accounts, at most 500 (`limits.query_batch` of the app). Each entry has a result of its own, even if an
    /// account is named twice.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>, min_items = 1)]
    to_account: List<CompactString, MOST_BY_SETTING>,
    /// 1 if the answer should have the devices and the visibility.
    is_need_detail: Option<Flag>,
    /// 1 if the answer should have the custom status.
    is_return_custom_status: Option<Flag>,
}

/// The accounts that exist, and the entries that are not accounts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryOnlineStatusFields {
    /// The accounts that exist, in the order of the request.
    query_result: Vec<AccountState>,
    /// The entries that are not accounts; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_list: Vec<AccountError>,
}

/// The state of one account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountState {
    /// The account.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: CompactString,
    /// The state of the account: `Online` if a device is connected, otherwise `PushOnline` if a device is logged in,
    /// otherwise `Offline`.
    status: State,
    /// The devices that are logged in; absent if the request does not ask for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Vec<DeviceState>>,
    /// The users who may see the status; absent if everyone may, or if the request does not ask for details.
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<StatusVisibility>,
    /// The custom status; empty if there is none, and absent if the request does not ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    custom_status: Option<CompactString>,
    /// The time when the server removes the custom status, in milliseconds since 1970. Absent if the custom status
    /// stays until a call removes it, or if the request does not ask for the custom status.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_expires: Option<u64>,
}

/// The state of one device.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeviceState {
    /// The platform: `iPhone`, `Android`, `iPad`, `Mac`, `Web`, or `PC` for Windows and Linux.
    #[schema(value_type = String, example = "iPhone")]
    platform: &'static str,
    /// `Online` if the device is connected, `PushOnline` if it is only logged in.
    status: State,
}

/// An entry that is not an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountError {
    /// The entry.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: CompactString,
    /// 70107 if there is no such account; 7003 if the userID is not valid.
    error_code: u32,
}

/// The status of an account or a device, with the names of the cloud.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub enum State {
    /// Connected (ONLINE).
    Online,
    /// Logged in, but not connected (OFFLINE). A push notification can reach the user.
    PushOnline,
    /// Not logged in (UNLOGINED).
    Offline,
}

impl State {
    fn of(status_type: StatusType) -> Self {
        match status_type {
            StatusType::Online => Self::Online,
            StatusType::Offline => Self::PushOnline,
            StatusType::Unknown | StatusType::Unlogined => Self::Offline,
        }
    }
}

impl Command for QueryOnlineStatus {
    const PATH: &'static str = "openim/query_online_status";
    const OLDER_PATH: Option<&'static str> = Some("openim/querystate");
    const FAMILY: Family = Family::States;
    const SUMMARY: &'static str = "Reads the statuses of users.";
    const ABOUT: &'static str = "`ErrorCode` is 0 when at least one account was found; otherwise it is the code of \
                                 the first entry of `ErrorList`.";
    const CODES: &'static [Code] =
        &[Code::NO_SUCH_ACCOUNT, Code::QUERY_ACCOUNT_MALFORMED, Code::QUERY_BATCH_TOO_LARGE];
    const READS: bool = true;

    type Request = QueryOnlineStatusRequest;
    type Fields = QueryOnlineStatusFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let most = usize::from(call.app.settings.limits.query_batch);
        let to_account = request.to_account.within("To_Account", most)?;
        let parts = StateParts {
            devices: request.is_need_detail.unwrap_or_default().0,
            custom_status: request.is_return_custom_status.unwrap_or_default().0,
        };
        let mut users = Vec::with_capacity(to_account.len());
        for text in &to_account {
            users.extend(UserId::new(text).map(|id| User::new(call.app.id, id)));
        }
        let found = call.service.user_states(&call.app, &users, parts, call.now).await?;
        Ok(assemble(to_account, &users, found, parts))
    }

    fn page(_: &Call<'_>, request: &Self::Request) -> usize {
        request.to_account.len() * BYTES_PER_ACCOUNT
    }

    fn invalid(body: &[u8]) -> Code {
        let Some(body) = Skimmed::object(body, &["To_Account"]) else { return Code::QUERY_UNREADABLE };
        let is_list = body.field("To_Account") == Some(&Skimmed::Texts);
        if is_list { Code::QUERY_UNREADABLE } else { Code::QUERY_ACCOUNT_MALFORMED }
    }
}

/// Creates the reply from the entries of the request and the states that were read. `users` has the entries that are
/// valid userIDs, in the order of the request.
fn assemble(
    asked: Vec<CompactString>,
    users: &[User],
    found: Vec<Option<UserState>>,
    parts: StateParts,
) -> Reply<QueryOnlineStatusFields> {
    let mut fields =
        QueryOnlineStatusFields { query_result: Vec::with_capacity(asked.len()), error_list: Vec::new() };
    let mut found = users.iter().zip(found).peekable();
    for to_account in asked {
        let state = match found.peek() {
            Some((user, _)) if user.id.as_str() == to_account => found.next().map(|(_, state)| state),
            Some(_) | None => None,
        };
        let code = match state {
            Some(Some(state)) => {
                fields.query_result.push(AccountState::of(to_account, state, parts));
                continue;
            }
            Some(None) => Code::NO_SUCH_ACCOUNT,
            None => Code::BAD_USER_ID,
        };
        fields.error_list.push(AccountError { to_account, error_code: code.number() });
    }
    let code = match fields.error_list.first() {
        Some(first) if fields.query_result.is_empty() => Code::from_number(first.error_code),
        Some(_) | None => None,
    };
    Reply { code: code.unwrap_or(Code::OK), detail: String::new(), fields }
}

/// Returns the cloud's name of a platform. The cloud has one name for all desktop systems except macOS.
fn name_of(platform: Platform) -> &'static str {
    match platform {
        Platform::Windows | Platform::Linux => "PC",
        Platform::IPhone | Platform::Android | Platform::IPad | Platform::Mac | Platform::Web => {
            platform.name()
        }
    }
}

impl AccountState {
    fn of(to_account: CompactString, state: UserState, parts: StateParts) -> Self {
        let device = |(platform, present): (Platform, bool)| DeviceState {
            platform: name_of(platform),
            status: if present { State::Online } else { State::PushOnline },
        };
        Self {
            to_account,
            status: State::of(state.status_type),
            detail: parts.devices.then(|| state.devices.into_iter().map(device).collect()),
            visibility: StatusVisibility::shown(state.visibility),
            custom_status: parts.custom_status.then(|| CompactString::from(state.custom_status.as_str())),
            custom_expires: state.custom_expires.map(|at| at.0),
        }
    }
}
