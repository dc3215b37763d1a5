//! Commands for friends: add, delete, read, check.

use super::answer::{Reply, info, outcome};
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::{AccountName, Flag, Object};
use super::lists::List;
use super::profiles::{TagValue, tag_value};
use compact_str::CompactString;
use futures_util::future::join_all;
use lamplight_model::{Code, Friend, Refusal, User, UserId};
use lamplight_service::{By, NewFriend, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use utoipa::ToSchema;

/// The maximum number of friends that one call may add or change.
pub const MAX_ADDED: usize = 1_000;
/// The maximum number of friends that one call may delete.
const MAX_DELETED: usize = 1_000;
/// The maximum number of friends that one call adds concurrently.
const TOGETHER: usize = 100;
/// The number of friends on one page.
const PAGE: usize = 100;
/// The maximum memory for one friend of a page, in bytes, including the friend's part of the answer. Remark, source and
/// wording together have at most 600 bytes; nick and picture have at most 1,000.
pub const BYTES_PER_FRIEND: usize = 4 * 1_024;

pub const REMARK: &str = "Tag_SNS_IM_Remark";
const ADD_SOURCE: &str = "Tag_SNS_IM_AddSource";
const ADD_WORDING: &str = "Tag_SNS_IM_AddWording";
const ADD_TIME: &str = "Tag_SNS_IM_AddTime";

/// The outcome for one friend.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendResult {
    /// The friend.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: CompactString,
    /// 0, or the code of the failure.
    result_code: u32,
    /// The text of the code, with details if there are any; empty for 0.
    #[schema(value_type = String)]
    result_info: Cow<'static, str>,
}

/// The outcome for each friend.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendResults {
    /// The outcomes, in the order of the request.
    result_item: Vec<FriendResult>,
    /// The users with a `ResultCode` other than 0; absent if there are none.
    #[serde(rename = "Fail_Account", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    fail_account: Vec<CompactString>,
}

impl FriendResults {
    /// Creates an empty list of outcomes.
    pub fn new() -> Self {
        Self { result_item: Vec::new(), fail_account: Vec::new() }
    }

    /// Appends the outcome for a friend.
    pub fn push(&mut self, to_account: CompactString, (code, result_info): (Code, Cow<'static, str>)) {
        if code != Code::OK {
            self.fail_account.push(to_account.clone());
        }
        self.result_item.push(FriendResult { to_account, result_code: code.number(), result_info });
    }
}

/// The command `sns/friend_add`.
pub struct FriendAdd;

/// The owner of the friend list, and the friends to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendAddRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The friends; at most 1,000.
    #[schema(value_type = Vec<AddFriendItem>, min_items = 1, max_items = 1000)]
    add_friend_item: List<Object<AddFriendItem>, MAX_ADDED>,
    /// Whether the owner is added to the friends' lists as well. The default is `Add_Type_Both`.
    add_type: Option<AddType>,
    /// Ignored, because a backend may add any account as a friend.
    #[allow(dead_code)]
    force_add_flags: Option<Flag>,
}

/// A friend to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AddFriendItem {
    /// The friend.
    #[serde(rename = "To_Account")]
    #[schema(value_type = AccountName)]
    to_account: CompactString,
    /// The owner's remark on the friend, at most 96 bytes.
    remark: Option<String>,
    /// The source of the friendship, at most 256 bytes: `AddSource_Type_` followed by a word that the app chooses. The
    /// form is not checked.
    add_source: String,
    /// The text of the friend request; at most 256 bytes.
    add_wording: Option<String>,
}

/// The friend lists to which the friendship is added.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub enum AddType {
    /// The owner's list.
    #[serde(rename = "Add_Type_Single")]
    Single,
    /// The owner's list and the friend's list.
    #[serde(rename = "Add_Type_Both")]
    Both,
}

impl Command for FriendAdd {
    const PATH: &'static str = "sns/friend_add";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str =
        "Adds accounts to the friend list of a user, and by default the user to theirs.";
    const ABOUT: &'static str = "A friend who is on the list already gets the remark, source and wording that \
                                 are given and not empty; `sns/friend_update` empties a remark. `ErrorCode` is 0 \
                                 even when some, or all, could not be added: each has its own `ResultCode`.";
    const CODES: &'static [Code] =
        &[Code::FRIEND_NO_SUCH_ACCOUNT, Code::FRIEND_LIST_FULL, Code::FRIEND_PEER_LIST_FULL];

    type Request = FriendAddRequest;
    type Fields = FriendResults;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let items = request.add_friend_item.some("AddFriendItem")?;
        demand_account(call, &owner).await?;
        let both = request.add_type != Some(AddType::Single);
        let items = items.into_iter().map(move |Object(item)| item.read(both));
        Ok(add_friends(call, &owner, items).await?.into())
    }
}

impl AddFriendItem {
    /// Returns the account name of the item, and either the friend to add or the reason why the item is invalid.
    fn read(self, both: bool) -> (CompactString, Result<NewFriend, Refusal>) {
        let friend = UserId::new(&self.to_account).map_err(Refusal::from).map(|id| NewFriend {
            id,
            both,
            remark: self.remark.unwrap_or_default(),
            source: self.add_source,
            wording: self.add_wording.unwrap_or_default(),
            added: None,
        });
        (self.to_account, friend)
    }
}

/// Adds friends to a user's friend list, and returns the outcome for each. Each item has the account name from the
/// request, and either the friend to add or the reason why the item is invalid.
pub async fn add_friends(
    call: &Call<'_>,
    owner: &User,
    mut items: impl Iterator<Item = (CompactString, Result<NewFriend, Refusal>)> + Send,
) -> Result<FriendResults, ServiceError> {
    let mut results = FriendResults::new();
    loop {
        // The friends are added concurrently, so that they share commits of the database.
        let some = items.by_ref().take(TOGETHER).map(|(to_account, friend)| async move {
            let added = match friend {
                Ok(friend) => call.service.add_friend(owner, friend, By::App, call.now).await.map(drop),
                Err(refusal) => Err(refusal.into()),
            };
            (to_account, added)
        });
        let done = join_all(some).await;
        if done.is_empty() {
            return Ok(results);
        }
        for (to_account, added) in done {
            results.push(to_account, outcome(Family::Friends, added)?);
        }
    }
}

/// The command `sns/friend_delete`.
pub struct FriendDelete;

/// The owner of the friend list, and the friends to delete.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendDeleteRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The friends; at most 1,000.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>, min_items = 1, max_items = 1000)]
    to_account: List<CompactString, MAX_DELETED>,
    /// Whether the owner is removed from the friends' lists as well. The default is `Delete_Type_Single`.
    delete_type: Option<DeleteType>,
}

/// The friend lists from which the friendship is removed.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub enum DeleteType {
    /// The owner's list.
    #[serde(rename = "Delete_Type_Single")]
    Single,
    /// The owner's list and the friend's list.
    #[serde(rename = "Delete_Type_Both")]
    Both,
}

impl Command for FriendDelete {
    const PATH: &'static str = "sns/friend_delete";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Removes friends from the list of a user.";
    const ABOUT: &'static str =
        "`ErrorCode` is 0 even when some or all users were not friends: each has its own `ResultCode`.";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT, Code::NOT_A_FRIEND];

    type Request = FriendDeleteRequest;
    type Fields = FriendResults;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let to_account = request.to_account.some("To_Account")?;
        demand_account(call, &owner).await?;
        let both = request.delete_type == Some(DeleteType::Both);
        let friends: Vec<UserId> = to_account.iter().flat_map(|text| UserId::new(text)).collect();
        let mut deleted = Vec::new();
        if !friends.is_empty() {
            let done = call.service.delete_friends(&owner, &friends, both, By::App, call.now).await?;
            deleted = done.value.deleted;
        }
        let mut results = FriendResults::new();
        for to_account in to_account {
            let code = match UserId::new(&to_account) {
                Ok(id) if deleted.contains(&id) => Code::OK,
                Ok(_) => Code::NOT_A_FRIEND,
                Err(_) => Self::FAMILY.bad_user_id(),
            };
            results.push(to_account, (code, info(code).into()));
        }
        Ok(results.into())
    }
}

/// The command `sns/friend_get`.
pub struct FriendGet;

/// The owner of the friend list, and the number of friends to skip.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendGetRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The number of friends to skip: 0, or the `NextStartIndex` of the previous page.
    #[schema(minimum = 0)]
    start_index: u32,
    /// Ignored, because every page shows the current friend list.
    #[allow(dead_code)]
    standard_sequence: Option<u64>,
    /// Ignored.
    #[allow(dead_code)]
    custom_sequence: Option<u64>,
}

/// A page of a friend list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendGetFields {
    /// At most 100 friends, in ascending order of their userIDs.
    user_data_item: Vec<FriendItem>,
    /// A number that changes with every change of the owner's profile, friends, block list and conversations. It has 31
    /// bits, because many JSON parsers read no larger integers.
    #[schema(maximum = 2147483647)]
    standard_sequence: u32,
    /// Always 0.
    custom_sequence: u32,
    /// The number of friends that the user has.
    friend_num: usize,
    /// 1: this is the last page; 0: more pages follow.
    complete_flag: u8,
    /// The `StartIndex` of the next page; 0 after the last one.
    next_start_index: usize,
}

/// A friend.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendItem {
    /// The friend.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: UserId,
    /// `Tag_SNS_IM_Remark`, `Tag_SNS_IM_AddSource`, `Tag_SNS_IM_AddWording`, `Tag_SNS_IM_AddTime` (seconds
    /// since 1970), and from the friend's profile: `Tag_Profile_IM_Nick`, `Tag_Profile_IM_Image`.
    pub value_item: Vec<TagValue>,
}

impl From<Friend> for FriendItem {
    fn from(friend: Friend) -> Self {
        use super::profiles::{IMAGE, NICK};
        let mut value_item = Vec::new();
        let mut put = |tag: &str, value: Value| value_item.push(TagValue { tag: tag.into(), value });
        for tag in [NICK, IMAGE] {
            put(tag, tag_value(&friend.profile, tag).unwrap_or_default().into());
        }
        put(REMARK, friend.remark.into());
        put(ADD_SOURCE, friend.source.into());
        put(ADD_WORDING, friend.wording.into());
        put(ADD_TIME, friend.added.as_secs().into());
        Self { to_account: friend.id, value_item }
    }
}

impl Command for FriendGet {
    const PATH: &'static str = "sns/friend_get";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Reads the friend list of a user, a page at a time.";
    const ABOUT: &'static str = "";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT];
    const READS: bool = true;

    type Request = FriendGetRequest;
    type Fields = FriendGetFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let state = call.service.lists_state_of(&owner).await?;
        let start = request.start_index as usize;
        let (friends, friend_num) = call.service.friends_from(&owner, start, PAGE + 1).await?;
        let complete = friends.len() <= PAGE;
        let user_data_item: Vec<FriendItem> = friends.into_iter().take(PAGE).map(FriendItem::from).collect();
        let next_start_index = if complete { 0 } else { start + user_data_item.len() };
        Ok(FriendGetFields {
            user_data_item,
            standard_sequence: sequence_of(state.version),
            custom_sequence: 0,
            friend_num,
            complete_flag: complete.into(),
            next_start_index,
        }
        .into())
    }

    fn page(_: &Call<'_>, _: &Self::Request) -> usize {
        (PAGE + 1) * BYTES_PER_FRIEND
    }
}

/// The command `sns/friend_check`.
pub struct FriendCheck;

/// The owner of the friend list, and the users to search for in it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendCheckRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The users to search for, at most 1,000.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>, min_items = 1, max_items = 1000)]
    to_account: List<CompactString, MAX_DELETED>,
    /// Whether the friend lists of these users are checked as well.
    check_type: CheckType,
}

/// The friend lists that are checked.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub enum CheckType {
    /// The owner's list.
    #[serde(rename = "CheckResult_Type_Single")]
    Single,
    /// The owner's list, and the lists of the users in the request.
    #[serde(rename = "CheckResult_Type_Both")]
    Both,
}

/// The relation of each user to the owner of the friend list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendCheckFields {
    /// The relations, in the order of the request.
    info_item: Vec<FriendChecked>,
}

/// The relation of one user to the owner of the friend list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendChecked {
    /// The other user.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: CompactString,
    /// The relation between the owner of the list (A) and the other user (B). With `CheckResult_Type_Single`, only A's
    /// list is checked.
    relation: Relation,
    /// 0 if the user was checked; 30003 if the user has no account; 30001 if the userID is not valid.
    result_code: u32,
    /// The text of the code; empty for 0.
    #[schema(value_type = String)]
    result_info: &'static str,
}

/// The relation between two users A and B: whose friend list has the other user.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub enum Relation {
    /// A and B have each other on their friend lists.
    #[serde(rename = "CheckResult_Type_BothWay")]
    BothWay,
    /// A has B on the friend list. B does not have A, or B's list was not checked.
    #[serde(rename = "CheckResult_Type_AWithB")]
    AWithB,
    /// B has A on the friend list. A does not have B.
    #[serde(rename = "CheckResult_Type_BWithA")]
    BWithA,
    /// A does not have B on the friend list. B does not have A, or B's list was not checked.
    #[serde(rename = "CheckResult_Type_NoRelation")]
    Neither,
}

impl Command for FriendCheck {
    const PATH: &'static str = "sns/friend_check";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Says which users are friends of a user.";
    const ABOUT: &'static str = "";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT];
    const READS: bool = true;

    type Request = FriendCheckRequest;
    type Fields = FriendCheckFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let to_account = request.to_account.some("To_Account")?;
        demand_account(call, &owner).await?;
        let both = request.check_type == CheckType::Both;
        let named: Vec<User> =
            to_account.iter().flat_map(|text| UserId::new(text)).map(|id| call.user(id)).collect();
        let mut accounts = call.service.accounts_of(named).await?.into_iter();
        let mut info_item = Vec::new();
        for to_account in to_account {
            let there = UserId::new(&to_account).map(|id| (id, accounts.next().flatten().is_some()));
            let (code, relation) = match there {
                Ok((id, true)) => (Code::OK, relation(call, &owner, id, both).await?),
                Ok((_, false)) => (Self::FAMILY.no_such_account(), Relation::Neither),
                Err(_) => (Self::FAMILY.bad_user_id(), Relation::Neither),
            };
            let (result_code, result_info) = (code.number(), info(code));
            info_item.push(FriendChecked { to_account, relation, result_code, result_info });
        }
        Ok(FriendCheckFields { info_item }.into())
    }
}

async fn relation(
    call: &Call<'_>,
    owner: &User,
    other: UserId,
    both: bool,
) -> Result<Relation, ServiceError> {
    let service = call.service;
    Ok(match service.friend_of(owner, &other).await? {
        Some(friend) if both && friend.mutual => Relation::BothWay,
        Some(_) => Relation::AWithB,
        None if both && service.friend_of(&call.user(other), &owner.id).await?.is_some() => Relation::BWithA,
        None => Relation::Neither,
    })
}

/// Returns the low 31 bits of a user's lists version, because many JSON parsers read no larger integers.
pub fn sequence_of(version: u64) -> u32 {
    u32::try_from(version & 0x7fff_ffff).expect("31 bits")
}

/// Parses the userID of a list's owner. Refuses an invalid userID.
pub fn owner(call: &Call<'_>, text: &str) -> Result<User, Refusal> {
    Ok(call.user(UserId::new(text)?))
}

/// Returns an error if the user has no account.
pub async fn demand_account(call: &Call<'_>, user: &User) -> Result<(), ServiceError> {
    call.service.lists_state_of(user).await.map(drop)
}
