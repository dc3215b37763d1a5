//! Commands for block lists: add, delete, read, check.

use super::answer::{Reply, info};
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::AccountName;
use super::friends::{FriendResults, demand_account, owner, sequence_of};
use super::lists::List;
use compact_str::CompactString;
use lamplight_model::{BlockedUser, Code, MAX_BLOCKED, Refusal, User, UserId};
use lamplight_service::{By, ServiceError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use utoipa::ToSchema;

/// The maximum memory for one user of a page, in bytes, including the user's part of the answer.
const BYTES_PER_USER: usize = 256;

const OWN_LIST: &str = "a user cannot be on their own block list";

/// The owner of a block list, and the users to add or to delete.
#[derive(Deserialize, ToSchema)]
pub struct BlackListRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The users; at most 1,000. The owner of the list is refused (30001).
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>, min_items = 1, max_items = 1000)]
    to_account: List<CompactString, MAX_BLOCKED>,
}

/// The command `sns/black_list_add`.
pub struct BlackListAdd;

impl Command for BlackListAdd {
    const PATH: &'static str = "sns/black_list_add";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Adds accounts to the block list of a user.";
    const ABOUT: &'static str = "A blocked user may not see the status of the owner, and can neither send messages to \
                                 the owner (20007) nor add the owner as a friend. Friendships stay. The list has at \
                                 most 1,000 users. `ErrorCode` is 0 even when some, or all, could not be added: each \
                                 has its own `ResultCode`.";
    const CODES: &'static [Code] =
        &[Code::FRIEND_NO_SUCH_ACCOUNT, Code::BLOCK_LIST_FULL, Code::ALREADY_BLOCKED];

    type Request = BlackListRequest;
    type Fields = FriendResults;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let to_account = request.to_account.some("To_Account")?;
        demand_account(call, &owner).await?;
        let users = others(&owner, &to_account);
        let mut failures = Vec::new();
        if !users.is_empty() {
            failures = call.service.block_users(&owner, &users, By::App, call.now).await?.value.failures;
        }
        Ok(results(&owner, to_account, failures).into())
    }
}

/// The command `sns/black_list_delete`.
pub struct BlackListDelete;

impl Command for BlackListDelete {
    const PATH: &'static str = "sns/black_list_delete";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Removes users from the block list of a user.";
    const ABOUT: &'static str =
        "`ErrorCode` is 0 even when some or all users were not on the list: each has its own `ResultCode`.";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT, Code::NOT_BLOCKED];

    type Request = BlackListRequest;
    type Fields = FriendResults;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let to_account = request.to_account.some("To_Account")?;
        demand_account(call, &owner).await?;
        let users = others(&owner, &to_account);
        let mut failures = Vec::new();
        if !users.is_empty() {
            failures = call.service.unblock_users(&owner, &users, By::App, call.now).await?.value.failures;
        }
        Ok(results(&owner, to_account, failures).into())
    }
}

/// Returns the entries that are valid userIDs of users other than the owner.
fn others(owner: &User, to_account: &[CompactString]) -> Vec<UserId> {
    to_account.iter().flat_map(|text| UserId::new(text)).filter(|id| *id != owner.id).collect()
}

/// Returns the outcome for each entry of the request. Entries that are not in `failures` have succeeded.
fn results(owner: &User, to_account: Vec<CompactString>, failures: Vec<(UserId, Code)>) -> FriendResults {
    let failures: HashMap<UserId, Code> = failures.into_iter().collect();
    let mut results = FriendResults::new();
    for to_account in to_account {
        let outcome = match UserId::new(&to_account) {
            Ok(id) if id == owner.id => {
                let code = Family::Friends.invalid();
                (code, Cow::Owned(format!("{}: {OWN_LIST}", code.english())))
            }
            Ok(id) => match failures.get(&id) {
                None => (Code::OK, Cow::Borrowed("")),
                Some(&Code::NO_SUCH_ACCOUNT) => {
                    let code = Family::Friends.no_such_account();
                    (code, info(code).into())
                }
                Some(code) => (*code, info(*code).into()),
            },
            Err(_) => {
                let code = Family::Friends.bad_user_id();
                (code, info(code).into())
            }
        };
        results.push(to_account, outcome);
    }
    results
}

/// The command `sns/black_list_get`.
pub struct BlackListGet;

/// The owner of the block list, and the page to read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BlackListGetRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The number of users to skip: 0, or the `StartIndex` of the previous page.
    #[schema(minimum = 0)]
    start_index: u32,
    /// The maximum number of users on the page. A page has at most 1,000.
    #[schema(minimum = 1)]
    max_limited: u32,
    /// Ignored, because every page shows the current list.
    #[allow(dead_code)]
    last_sequence: Option<u64>,
}

/// A page of a block list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BlackListGetFields {
    /// The users, in ascending order of their userIDs; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    black_list_item: Vec<BlackListItem>,
    /// The `StartIndex` of the next page; 0 after the last one.
    start_index: usize,
    /// A number that changes with every change of the owner's profile, friends, block list and conversations. It has 31
    /// bits, because many JSON parsers read no larger integers. The spelling of the name is the cloud's.
    #[serde(rename = "CurruentSequence")]
    #[schema(maximum = 2147483647)]
    current_sequence: u32,
}

/// A blocked user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BlackListItem {
    /// The blocked user.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: UserId,
    /// The time when the user was blocked, in seconds since 1970.
    add_black_time_stamp: u64,
}

impl From<BlockedUser> for BlackListItem {
    fn from(blocked: BlockedUser) -> Self {
        Self { to_account: blocked.id, add_black_time_stamp: blocked.since.as_secs() }
    }
}

impl Command for BlackListGet {
    const PATH: &'static str = "sns/black_list_get";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Reads the block list of a user, a page at a time.";
    const ABOUT: &'static str = "A user stays on the list when the account of that user is deleted.";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT];
    const READS: bool = true;

    type Request = BlackListGetRequest;
    type Fields = BlackListGetFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        if request.max_limited == 0 {
            let why = "MaxLimited must be at least 1";
            return Err(Refusal::because(Code::INVALID_PARAMETER, why).into());
        }
        let list = call.service.block_list(&owner, By::App, call.now).await?;
        let (start, most) = (request.start_index as usize, request.max_limited as usize);
        let blocked = list.value.blocked;
        let end = start.saturating_add(most).min(blocked.len());
        let start_index = if end < blocked.len() { end } else { 0 };
        let page = blocked.into_iter().skip(start).take(most);
        Ok(BlackListGetFields {
            black_list_item: page.map(BlackListItem::from).collect(),
            start_index,
            current_sequence: sequence_of(list.version),
        }
        .into())
    }

    fn page(_: &Call<'_>, _: &Self::Request) -> usize {
        // The whole list is read for every page.
        MAX_BLOCKED * BYTES_PER_USER
    }
}

/// The command `sns/black_list_check`.
pub struct BlackListCheck;

/// The owner of the block list, and the users to search for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BlackListCheckRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The users to search for, at most 1,000.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>, min_items = 1, max_items = 1000)]
    to_account: List<CompactString, MAX_BLOCKED>,
    /// Whether the block lists of these users are checked as well.
    check_type: BlackCheckType,
}

/// The block lists that are checked.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub enum BlackCheckType {
    /// The owner's list.
    #[serde(rename = "BlackCheckResult_Type_Single")]
    Single,
    /// The owner's list, and the lists of the users in the request.
    #[serde(rename = "BlackCheckResult_Type_Both")]
    Both,
}

/// The relation of each user to the owner of the block list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BlackListCheckFields {
    /// The relations, in the order of the request.
    black_list_check_item: Vec<BlackListChecked>,
    /// The users with a `ResultCode` other than 0; absent if there are none.
    #[serde(rename = "Fail_Account", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    fail_account: Vec<CompactString>,
}

/// The relation of one user to the owner of the block list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BlackListChecked {
    /// The other user.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: CompactString,
    /// The relation between the owner of the list (A) and the other user (B). With `BlackCheckResult_Type_Single`, only
    /// A's list is checked.
    relation: BlackRelation,
    /// 0 if the user was checked; 30003 if the user has no account and neither user has the other on the block list;
    /// 30001 if the userID is not valid.
    result_code: u32,
    /// The text of the code; empty for 0.
    #[schema(value_type = String)]
    result_info: &'static str,
}

/// The relation between two users A and B: whose block list has the other user.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub enum BlackRelation {
    /// A and B have each other on their block lists.
    #[serde(rename = "BlackCheckResult_Type_BothWay")]
    BothWay,
    /// A has B on the block list. B does not have A, or B's list was not checked.
    #[serde(rename = "BlackCheckResult_Type_AWithB")]
    AWithB,
    /// B has A on the block list. A does not have B.
    #[serde(rename = "BlackCheckResult_Type_BWithA")]
    BWithA,
    /// A does not have B on the block list. B does not have A, or B's list was not checked.
    #[serde(rename = "BlackCheckResult_Type_NO")]
    Neither,
}

impl BlackRelation {
    fn of(check: BlackCheckType, forth: bool, back: bool) -> Self {
        match (forth, back && check == BlackCheckType::Both) {
            (true, true) => Self::BothWay,
            (true, false) => Self::AWithB,
            (false, true) => Self::BWithA,
            (false, false) => Self::Neither,
        }
    }
}

impl Command for BlackListCheck {
    const PATH: &'static str = "sns/black_list_check";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Says which users are on the block list of a user.";
    const ABOUT: &'static str = "";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT];
    const READS: bool = true;

    type Request = BlackListCheckRequest;
    type Fields = BlackListCheckFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let to_account = request.to_account.some("To_Account")?;
        demand_account(call, &owner).await?;
        let named: Vec<UserId> = to_account.iter().flat_map(|text| UserId::new(text)).collect();
        let users = named.iter().map(|id| call.user(id.clone())).collect();
        let accounts = call.service.accounts_of(users).await?;
        let blocks = match named.is_empty() {
            true => Vec::new(),
            false => call.service.blocks_between(&owner, &named).await?,
        };
        let mut found = blocks.into_iter().zip(accounts);
        let mut fields = BlackListCheckFields { black_list_check_item: Vec::new(), fail_account: Vec::new() };
        for to_account in to_account {
            let found = UserId::new(&to_account).ok().and_then(|_| found.next());
            let (code, relation) = match found {
                // A user without an account may still be on the list.
                Some(((_, false, false), None)) => (Self::FAMILY.no_such_account(), BlackRelation::Neither),
                Some(((_, forth, back), _)) => (Code::OK, BlackRelation::of(request.check_type, forth, back)),
                None => (Self::FAMILY.bad_user_id(), BlackRelation::Neither),
            };
            if code != Code::OK {
                fields.fail_account.push(to_account.clone());
            }
            let (result_code, result_info) = (code.number(), info(code));
            let checked = BlackListChecked { to_account, relation, result_code, result_info };
            fields.black_list_check_item.push(checked);
        }
        Ok(fields.into())
    }

    fn page(_: &Call<'_>, request: &Self::Request) -> usize {
        request.to_account.len() * BYTES_PER_USER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BlackCheckType::{Both, Single};

    #[test]
    fn the_list_of_the_other_user_counts_only_if_both_are_checked() {
        for (check, forth, back, expected) in [
            (Single, false, false, BlackRelation::Neither),
            (Single, true, false, BlackRelation::AWithB),
            (Single, false, true, BlackRelation::Neither),
            (Single, true, true, BlackRelation::AWithB),
            (Both, false, false, BlackRelation::Neither),
            (Both, true, false, BlackRelation::AWithB),
            (Both, false, true, BlackRelation::BWithA),
            (Both, true, true, BlackRelation::BothWay),
        ] {
            assert_eq!(BlackRelation::of(check, forth, back), expected, "{forth} {back}");
        }
    }
}
