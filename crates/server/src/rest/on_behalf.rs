//! Commands that a backend calls on behalf of a user: custom status, visibility and subscriptions. The cloud's API does
//! not have these commands.

use super::answer::Reply;
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::{AccountName, NoFields, StatusVisibility, one_user};
use super::lists::{List, MOST_BY_SETTING};
use compact_str::CompactString;
use lamplight_model::{Code, Refusal, User, UserId};
use lamplight_service::{By, ServiceError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The codes with which calls about the status of other users are refused.
const GATES: &[Code] = &[
    Code::EDITION_NOT_SUPPORTED,
    Code::STATUS_SWITCHED_OFF,
    Code::INVALID_PARAMETER,
    Code::BATCH_TOO_LARGE,
    Code::NO_SUCH_ACCOUNT,
];

/// The command `openim/set_custom_status`.
pub struct SetCustomStatus;

/// The custom status to set for a user.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SetCustomStatusRequest {
    /// The account.
    #[serde(rename = "UserID")]
    #[schema(value_type = Option<AccountName>)]
    user_id: Option<CompactString>,
    /// Another name of `UserID`; one of the three must be present.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Option<AccountName>)]
    to_account: Option<CompactString>,
    /// Another name of `UserID`.
    #[serde(rename = "From_Account")]
    #[schema(value_type = Option<AccountName>)]
    from_account: Option<CompactString>,
    /// The text, at most 100 bytes (`limits.custom_status_bytes` of the app). An empty text removes the custom status.
    custom_status: String,
    /// The number of seconds after which the server removes the custom status, at most 2,592,000 (30 days). 0 or absent
    /// if the custom status stays until a call removes it. Not allowed with an empty text.
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 2_592_000)]
    expires_in: Option<u32>,
}

impl Command for SetCustomStatus {
    const PATH: &'static str = "openim/set_custom_status";
    const FAMILY: Family = Family::OnBehalf;
    const SUMMARY: &'static str = "Sets or clears the custom status of a user who is Online.";
    const ABOUT: &'static str = "A user who is not Online is refused with 6014. Like one that the user has set, the \
                                 custom status is cleared when the user stops being Online.";
    const CODES: &'static [Code] = &[Code::NOT_LOGGED_IN, Code::INVALID_PARAMETER, Code::NO_SUCH_ACCOUNT];
    const OURS: bool = true;

    type Request = SetCustomStatusRequest;
    type Fields = NoFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let SetCustomStatusRequest { user_id, to_account, from_account, .. } = &request;
        let user = call.user(one_user([user_id, to_account, from_account])?);
        let expires_in = request.expires_in.unwrap_or(0);
        call.service.set_status_for(&user, &request.custom_status, expires_in, call.now).await?;
        Ok(NoFields {}.into())
    }
}

/// The command `openim/set_visibility`.
pub struct SetVisibility;

/// The visibility to set for a user.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SetVisibilityRequest {
    /// The account.
    #[serde(rename = "UserID")]
    #[schema(value_type = Option<AccountName>)]
    user_id: Option<CompactString>,
    /// Another name of `UserID`; one of the three must be present.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Option<AccountName>)]
    to_account: Option<CompactString>,
    /// Another name of `UserID`.
    #[serde(rename = "From_Account")]
    #[schema(value_type = Option<AccountName>)]
    from_account: Option<CompactString>,
    /// The users who may see the status of the user.
    visibility: StatusVisibility,
}

impl Command for SetVisibility {
    const PATH: &'static str = "openim/set_visibility";
    const FAMILY: Family = Family::OnBehalf;
    const SUMMARY: &'static str = "Sets who may see the status of a user.";
    const ABOUT: &'static str = "Users who may not see the status are shown what they would be shown if all \
                                 connections of the user had closed. Users on the block list of the user may not see it, \
                                 whatever the visibility is. The server API, the status feed and the webhooks have the \
                                 true status.";
    const CODES: &'static [Code] = &[Code::INVALID_PARAMETER, Code::NO_SUCH_ACCOUNT];
    const OURS: bool = true;

    type Request = SetVisibilityRequest;
    type Fields = NoFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let SetVisibilityRequest { user_id, to_account, from_account, .. } = &request;
        let user = call.user(one_user([user_id, to_account, from_account])?);
        call.service.set_visibility(&user, request.visibility.into(), By::App, call.now).await?;
        Ok(NoFields {}.into())
    }
}

/// A user for whom the call failed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// The account.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: UserId,
    /// The code of the failure.
    error_code: u32,
}

impl Failure {
    fn list(failures: Vec<(UserId, Code)>) -> Vec<Self> {
        failures
            .into_iter()
            .map(|(to_account, code)| Self { to_account, error_code: code.number() })
            .collect()
    }
}

/// The command `openim/subscribe_status`.
pub struct SubscribeStatus;

/// The owner of the subscription list, and the users to subscribe to.
#[derive(Deserialize, ToSchema)]
pub struct SubscribeStatusRequest {
    /// The user who subscribes.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The users to subscribe to, at most 100 (`limits.subscribe_batch` of the app), without the user who subscribes
    /// (6017). A user who is named twice counts once.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>, min_items = 1)]
    to_account: List<CompactString, MOST_BY_SETTING>,
}

/// The outcome of the call.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SubscribeStatusFields {
    /// The users whose subscription is new or was renewed by this call.
    #[schema(value_type = Vec<String>)]
    subscribed: Vec<UserId>,
    /// The users who were removed from a full subscription list to make room, the earliest subscribed first.
    #[schema(value_type = Vec<String>)]
    evicted: Vec<UserId>,
    /// The users without an account.
    error_list: Vec<Failure>,
}

impl Command for SubscribeStatus {
    const PATH: &'static str = "openim/subscribe_status";
    const FAMILY: Family = Family::OnBehalf;
    const SUMMARY: &'static str = "Subscribes a user to the status of others.";
    const ABOUT: &'static str = "The user's clients have the same list. It is dropped when the user has not been \
                                 connected for the subscription retention of the app (600 s by default). If the user \
                                 is not connected now, this time begins with the call.";
    const CODES: &'static [Code] = GATES;
    const OURS: bool = true;

    type Request = SubscribeStatusRequest;
    type Fields = SubscribeStatusFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let user = from(call, &request.from_account)?;
        let to_account = request.to_account.any("To_Account")?;
        let done = call.service.subscribe_for(&user, &to_account, call.now).await?;
        let all_failed = done.subscribed.is_empty() && !done.failures.is_empty();
        let code = if all_failed { Code::NO_SUCH_ACCOUNT } else { Code::OK };
        let fields = SubscribeStatusFields {
            subscribed: done.subscribed,
            evicted: done.evicted,
            error_list: Failure::list(done.failures),
        };
        Ok(Reply { code, detail: String::new(), fields })
    }
}

/// The command `openim/unsubscribe_status`.
pub struct UnsubscribeStatus;

/// The owner of the subscription list, and the users to unsubscribe from.
#[derive(Deserialize, ToSchema)]
pub struct UnsubscribeStatusRequest {
    /// The user who unsubscribes.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The users to unsubscribe from, at most 100 (`limits.unsubscribe_batch` of the app). An empty list means all
    /// users.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>)]
    to_account: List<CompactString, MOST_BY_SETTING>,
}

/// The outcome of the call.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UnsubscribeStatusFields {
    /// The users who were removed from the subscription list.
    #[schema(value_type = Vec<String>)]
    unsubscribed: Vec<UserId>,
    /// The users who have no account and were not on the subscription list.
    error_list: Vec<Failure>,
}

impl Command for UnsubscribeStatus {
    const PATH: &'static str = "openim/unsubscribe_status";
    const FAMILY: Family = Family::OnBehalf;
    const SUMMARY: &'static str = "Unsubscribes a user from the status of others.";
    const ABOUT: &'static str = "A user who was not on the list is not an error.";
    const CODES: &'static [Code] = GATES;
    const OURS: bool = true;

    type Request = UnsubscribeStatusRequest;
    type Fields = UnsubscribeStatusFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let user = from(call, &request.from_account)?;
        let to_account = request.to_account.any("To_Account")?;
        let done = call.service.unsubscribe_for(&user, &to_account, call.now).await?;
        let (unsubscribed, error_list) = (done.change.unsubscribed, Failure::list(done.failures));
        Ok(UnsubscribeStatusFields { unsubscribed, error_list }.into())
    }
}

/// The command `openim/get_subscriptions`.
pub struct GetSubscriptions;

/// The owner of the subscription list to read.
#[derive(Deserialize, ToSchema)]
pub struct GetSubscriptionsRequest {
    /// The owner of the subscription list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
}

/// The subscription list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetSubscriptionsFields {
    /// The users on the subscription list, the earliest subscribed first.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<String>)]
    to_account: Vec<UserId>,
    /// The maximum number of users on the subscription list. When it is full, a new user replaces the earliest
    /// subscribed one.
    limit: u16,
}

impl Command for GetSubscriptions {
    const PATH: &'static str = "openim/get_subscriptions";
    const FAMILY: Family = Family::OnBehalf;
    const SUMMARY: &'static str = "Lists the users that a user is subscribed to.";
    const ABOUT: &'static str = "";
    const CODES: &'static [Code] = GATES;
    const READS: bool = true;
    const OURS: bool = true;

    type Request = GetSubscriptionsRequest;
    type Fields = GetSubscriptionsFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let user = from(call, &request.from_account)?;
        let (to_account, limit) = call.service.subscriptions_of(&user, call.now).await?;
        Ok(GetSubscriptionsFields { to_account, limit }.into())
    }
}

fn from(call: &Call<'_>, text: &str) -> Result<User, Refusal> {
    Ok(call.user(UserId::new(text)?))
}
