//! Commands for accounts: create, check, delete, and `kick`, which ends all logins of an account.

use super::answer::{Reply, info, item_code};
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::{AccountName, NoFields, Object, OneUser, one_user};
use super::lists::List;
use super::profiles::check_profile;
use compact_str::CompactString;
use futures_util::future::join_all;
use lamplight_model::{Code, ProfileChange, Refusal, UserId};
use lamplight_service::{By, Revoking, ServiceError, StateParts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The maximum number of accounts that one call may name.
const MAX_ACCOUNTS: usize = 100;

/// The command `im_open_login_svc/account_import`.
pub struct AccountImport;

/// An account to create or change.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountImportRequest {
    /// The account: 1 to 32 bytes of printable ASCII.
    #[serde(rename = "UserID")]
    #[schema(value_type = Option<AccountName>)]
    user_id: Option<CompactString>,
    /// The older name of `UserID`; one of the two must be present.
    #[schema(value_type = Option<AccountName>)]
    identifier: Option<CompactString>,
    /// The nick, at most 500 bytes. If it is absent, the nick is not changed.
    nick: Option<String>,
    /// The http or https URL of the picture, at most 500 bytes. If it is absent, the picture is not changed.
    face_url: Option<String>,
}

impl Command for AccountImport {
    const PATH: &'static str = "im_open_login_svc/account_import";
    const FAMILY: Family = Family::Accounts;
    const SUMMARY: &'static str = "Creates an account, or changes its nick and picture.";
    const ABOUT: &'static str = "The call may be repeated: an account that exists already stays, and only the fields \
                                 that are given change.";
    const CODES: &'static [Code] = &[Code::PROFILE_TOO_LONG];

    type Request = AccountImportRequest;
    type Fields = NoFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let user = one_user([&request.user_id, &request.identifier])?;
        import(call, user, request.nick, request.face_url).await?;
        Ok(NoFields {}.into())
    }
}

/// Creates one account, and sets its nick and picture.
async fn import(
    call: &Call<'_>,
    user: UserId,
    nick: Option<String>,
    avatar_url: Option<String>,
) -> Result<(), ServiceError> {
    let change = ProfileChange { nick, avatar_url, allow: None };
    check_profile(&change)?;
    let user = call.user(user);
    call.service.create_account(&user, call.now).await?;
    if !change.is_empty() {
        call.service.set_profile(&user, change, By::App, call.now).await?;
    }
    Ok(())
}

/// The command `im_open_login_svc/multiaccount_import`.
pub struct MultiaccountImport;

/// Accounts to create. Exactly one of the two lists must be present.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MultiaccountImportRequest {
    /// Accounts with their nicks and pictures, at most 100.
    #[schema(value_type = Option<Vec<AccountListItem>>, max_items = 100)]
    account_list: Option<List<Object<AccountListItem>, MAX_ACCOUNTS>>,
    /// Accounts without nicks and pictures, at most 100: the older form of the list.
    #[schema(value_type = Option<Vec<AccountName>>, max_items = 100)]
    accounts: Option<List<CompactString, MAX_ACCOUNTS>>,
}

/// An account to create or change.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountListItem {
    /// The account: 1 to 32 bytes of printable ASCII.
    #[serde(rename = "UserID")]
    #[schema(value_type = AccountName)]
    user_id: CompactString,
    /// The nick, at most 500 bytes. If it is absent, the nick is not changed.
    nick: Option<String>,
    /// The http or https URL of the picture, at most 500 bytes. If it is absent, the picture is not changed.
    face_url: Option<String>,
}

/// The accounts for which the call failed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MultiaccountImportFields {
    /// The accounts for which the call failed, as the request named them. `account_import` of one of them gives the
    /// reason.
    #[schema(value_type = Vec<String>)]
    fail_accounts: Vec<CompactString>,
}

impl Command for MultiaccountImport {
    const PATH: &'static str = "im_open_login_svc/multiaccount_import";
    const FAMILY: Family = Family::Accounts;
    const SUMMARY: &'static str = "Creates up to 100 accounts.";
    const ABOUT: &'static str = "`ErrorCode` is 0 when the call succeeded for at least one account; otherwise it is \
                                 the code of the first account. `ErrorInfo` says how many have failed, and why the \
                                 first of them has.";
    const CODES: &'static [Code] = &[Code::PROFILE_TOO_LONG, Code::BATCH_TOO_LARGE];

    type Request = MultiaccountImportRequest;
    type Fields = MultiaccountImportFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        const LIST: &str = "the list of accounts";
        let list = match (request.account_list, request.accounts) {
            (Some(list), None) => list.some(LIST)?.into_iter().map(|item| item.0).collect(),
            (None, Some(names)) => {
                let bare = |user_id| AccountListItem { user_id, nick: None, face_url: None };
                names.some(LIST)?.into_iter().map(bare).collect::<Vec<_>>()
            }
            (Some(_), Some(_)) | (None, None) => {
                let detail = "exactly one of AccountList and Accounts must be present";
                return Err(Refusal::because(Code::INVALID_PARAMETER, detail).into());
            }
        };
        let asked = list.len();
        // The imports run concurrently, so that they share commits of the database.
        let outcomes = join_all(list.into_iter().map(|item| async move {
            let done = match UserId::new(&item.user_id) {
                Ok(user) => import(call, user, item.nick, item.face_url).await,
                Err(invalid) => Err(Refusal::from(invalid).into()),
            };
            (item.user_id, done)
        }));
        let mut failures = Vec::new();
        let mut first = None;
        for (user_id, done) in outcomes.await {
            if let Err(error) = done {
                failures.push(user_id);
                first.get_or_insert(error);
            }
        }
        // The answers of the cloud's API have no field for the reason of each failure, so the answer has only the first
        // reason.
        let (mut code, mut detail) = (Code::OK, String::new());
        if let Some(error) = first {
            let why = Family::Accounts.translate(&error.refusal());
            detail = format!(
                "{} of {asked} accounts were not imported, the first because of {why}",
                failures.len()
            );
            if failures.len() == asked {
                code = why.code;
            }
        }
        Ok(Reply { code, detail, fields: MultiaccountImportFields { fail_accounts: failures } })
    }
}

/// The command `im_open_login_svc/account_check`.
pub struct AccountCheck;

/// Accounts to look for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountCheckRequest {
    /// The accounts to look for; at most 100.
    #[schema(value_type = Vec<NamedUser>, min_items = 1, max_items = 100)]
    check_item: List<Object<NamedUser>, MAX_ACCOUNTS>,
}

/// An account in a list.
#[derive(Deserialize, ToSchema)]
pub struct NamedUser {
    /// The account.
    #[serde(rename = "UserID")]
    #[schema(value_type = AccountName)]
    user_id: CompactString,
}

/// Whether each account exists.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountCheckFields {
    /// The results, in the order of the request.
    result_item: Vec<AccountChecked>,
}

/// Whether one account exists.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountChecked {
    /// The account.
    #[serde(rename = "UserID")]
    #[schema(value_type = String)]
    user_id: CompactString,
    /// 0, or 7003 if the account name is not a valid userID.
    result_code: u32,
    /// The text of the code; empty for 0.
    #[schema(value_type = String)]
    result_info: &'static str,
    /// Whether the account exists.
    account_status: AccountStatus,
}

/// Whether an account exists.
#[derive(Serialize, ToSchema)]
pub enum AccountStatus {
    /// The account exists.
    Imported,
    /// The account does not exist.
    NotImported,
}

impl Command for AccountCheck {
    const PATH: &'static str = "im_open_login_svc/account_check";
    const FAMILY: Family = Family::Accounts;
    const SUMMARY: &'static str = "Says which of up to 100 accounts exist.";
    const ABOUT: &'static str = "";
    const CODES: &'static [Code] = &[Code::BATCH_TOO_LARGE];
    const READS: bool = true;

    type Request = AccountCheckRequest;
    type Fields = AccountCheckFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let items = request.check_item.some("CheckItem")?;
        let ids: Vec<Option<UserId>> = items.iter().map(|item| UserId::new(&item.0.user_id).ok()).collect();
        let users: Vec<_> = ids.iter().flatten().map(|id| call.user(id.clone())).collect();
        let found = call.service.user_states(&call.app, &users, StateParts::default(), call.now).await?;
        let mut found = found.into_iter();
        let result_item = items.into_iter().zip(ids).map(|(item, id)| {
            let (code, there) = match id {
                Some(_) => (Code::OK, found.next().flatten().is_some()),
                None => (Code::BAD_USER_ID, false),
            };
            AccountChecked {
                user_id: item.0.user_id,
                result_code: code.number(),
                result_info: info(code),
                account_status: if there { AccountStatus::Imported } else { AccountStatus::NotImported },
            }
        });
        Ok(AccountCheckFields { result_item: result_item.collect() }.into())
    }
}

/// The command `im_open_login_svc/account_delete`.
pub struct AccountDelete;

/// Accounts to delete.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountDeleteRequest {
    /// The accounts to delete; at most 100.
    #[schema(value_type = Vec<NamedUser>, min_items = 1, max_items = 100)]
    delete_item: List<Object<NamedUser>, MAX_ACCOUNTS>,
}

/// The outcome for each account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountDeleteFields {
    /// The outcomes, in the order of the request.
    result_item: Vec<AccountDeleted>,
}

/// The outcome for one account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountDeleted {
    /// 0 if the account was deleted; 70107 if there is no such account; 7003 if the userID is not valid; 70402 if the
    /// account belongs to the admin who makes the call.
    result_code: u32,
    /// The text of the code; empty for 0.
    #[schema(value_type = String)]
    result_info: &'static str,
    /// The account.
    #[serde(rename = "UserID")]
    #[schema(value_type = String)]
    user_id: CompactString,
}

/// The `ResultInfo` for an admin who tries to delete the admin's own account.
const OWN_ACCOUNT: &str = "an admin cannot delete its own account, because its UserSig would be refused from then on; \
                           call as another admin";

impl Command for AccountDelete {
    const PATH: &'static str = "im_open_login_svc/account_delete";
    const FAMILY: Family = Family::Accounts;
    const SUMMARY: &'static str = "Deletes up to 100 accounts, with their logins, friends and conversations.";
    const ABOUT: &'static str = "`ErrorCode` is 0 even when some, or all, of them could not be deleted: each has its own \
                                 `ResultCode`. The account of the calling admin is not deleted.";
    const CODES: &'static [Code] = &[Code::BATCH_TOO_LARGE];

    type Request = AccountDeleteRequest;
    type Fields = AccountDeleteFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let items = request.delete_item.some("DeleteItem")?;
        let mut result_item = Vec::new();
        let mut revoked = Revoking::default();
        for Object(NamedUser { user_id }) in items {
            let done = match UserId::new(&user_id) {
                // If the account were deleted, the UserSig of the calling admin would be refused, and so would all
                // further calls.
                Ok(id) if id == call.admin.id => Err(Refusal::from(Code::INVALID_PARAMETER).into()),
                Ok(id) => call.service.delete_account(&call.user(id), call.now).await,
                Err(invalid) => Err(Refusal::from(invalid).into()),
            };
            let done = done.map(|revoking| revoked.add(revoking));
            let code = item_code(Family::Accounts, done)?;
            let is_caller = user_id == call.admin.id.as_str();
            let result_info = if is_caller { OWN_ACCOUNT } else { info(code) };
            result_item.push(AccountDeleted { result_code: code.number(), result_info, user_id });
        }
        call.clock.wait_until_answer(&revoked).await;
        Ok(AccountDeleteFields { result_item }.into())
    }
}

/// The command `im_open_login_svc/kick`.
pub struct Kick;

impl Command for Kick {
    const PATH: &'static str = "im_open_login_svc/kick";
    const FAMILY: Family = Family::Accounts;
    const SUMMARY: &'static str = "Ends every login of a user, and revokes the UserSigs of the user.";
    const ABOUT: &'static str = "UserSigs that were made before this second are refused from now on, and so are later \
                                 ones that the user has logged in with; an admin that kicks itself loses its own. If a \
                                 UserSig of this very second has been seen, the answer waits for the second to end: a \
                                 UserSig made after the answer is valid at once.";
    const CODES: &'static [Code] = &[Code::NO_SUCH_ACCOUNT];

    type Request = OneUser;
    type Fields = NoFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let revoking = call.service.kick(&call.user(request.read()?), call.now).await?;
        call.clock.wait_until_answer(&revoking).await;
        Ok(NoFields {}.into())
    }
}
