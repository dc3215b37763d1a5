//! Commands for whole friend lists: import from another system, read given friends, delete all.

use super::answer::{Reply, info};
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::{AccountName, NoFields, Object};
use super::friends::{
    BYTES_PER_FRIEND, DeleteType, FriendItem, FriendResults, MAX_ADDED, add_friends, demand_account, owner,
};
use super::lists::List;
use super::profiles::{MAX_TAGS, TagValue};
use compact_str::CompactString;
use lamplight_model::{Code, Refusal, Timestamp, UserId};
use lamplight_service::{By, NewFriend, ServiceError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The maximum number of friends that one call of `sns/friend_get_list` may name.
const MAX_READ: usize = 100;

/// The command `sns/friend_import`.
pub struct FriendImport;

/// The owner of the friend list, and the friends to import.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendImportRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The friends; at most 1,000.
    #[schema(value_type = Vec<ImportFriendItem>, min_items = 1, max_items = 1000)]
    add_friend_item: List<Object<ImportFriendItem>, MAX_ADDED>,
}

/// A friend to import.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImportFriendItem {
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
    /// The time when the two became friends, in seconds since 1970. If it is absent or 0, the current time.
    #[schema(maximum = 4294967295_u64)]
    add_time: Option<u32>,
    /// Ignored, because Lamplight stores no time of a remark.
    #[allow(dead_code)]
    remark_time: Option<u64>,
}

impl Command for FriendImport {
    const PATH: &'static str = "sns/friend_import";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Imports the friend list of a user from another system.";
    const ABOUT: &'static str = "Only the list of the user changes: import the lists of both sides. A friend \
                                 who is on the list already keeps the time, and gets the remark, source and wording that are \
                                 given and not empty. `ErrorCode` is 0 even when some, or all, could not be added: each \
                                 has its own `ResultCode`.";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT, Code::FRIEND_LIST_FULL];

    type Request = FriendImportRequest;
    type Fields = FriendResults;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let items = request.add_friend_item.some("AddFriendItem")?;
        demand_account(call, &owner).await?;
        let items = items.into_iter().map(|Object(item)| item.read(call.now.wall));
        Ok(add_friends(call, &owner, items).await?.into())
    }
}

impl ImportFriendItem {
    /// Returns the account name of the item, and either the friend to add or the reason why the item is invalid.
    fn read(self, now: Timestamp) -> (CompactString, Result<NewFriend, Refusal>) {
        let added = self.add_time.filter(|at| *at > 0).map(|at| Timestamp(u64::from(at) * 1_000));
        let friend = match UserId::new(&self.to_account) {
            Ok(_) if added.is_some_and(|added| added > now) => {
                Err(Refusal::because(Code::INVALID_PARAMETER, "AddTime is in the future"))
            }
            Ok(id) => Ok(NewFriend {
                id,
                both: false,
                remark: self.remark.unwrap_or_default(),
                source: self.add_source,
                wording: self.add_wording.unwrap_or_default(),
                added,
            }),
            Err(invalid) => Err(invalid.into()),
        };
        (self.to_account, friend)
    }
}

/// The command `sns/friend_delete_all`.
pub struct FriendDeleteAll;

/// The owner of the friend list, and whether the friends' lists change as well.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendDeleteAllRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// Whether the owner is removed from the friends' lists as well. The default is `Delete_Type_Single`.
    delete_type: Option<DeleteType>,
}

impl Command for FriendDeleteAll {
    const PATH: &'static str = "sns/friend_delete_all";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Empties the friend list of a user.";
    const ABOUT: &'static str =
        "A user who is not on this list, but has its owner on their own list, keeps the owner.";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT];

    type Request = FriendDeleteAllRequest;
    type Fields = NoFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        demand_account(call, &owner).await?;
        let both = request.delete_type == Some(DeleteType::Both);
        let friends = call.service.friend_ids(&owner).await?;
        if !friends.is_empty() {
            call.service.delete_friends(&owner, &friends, both, By::App, call.now).await?;
        }
        Ok(NoFields {}.into())
    }
}

/// The command `sns/friend_get_list`.
pub struct FriendGetList;

/// The owner of the friend list, the friends, and the fields to read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendGetListRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The friends; at most 100.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>, min_items = 1, max_items = 100)]
    to_account: List<CompactString, MAX_READ>,
    /// The fields to read, with the names of `sns/friend_get`. Unknown fields are ignored.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100)]
    tag_list: List<CompactString, MAX_TAGS>,
}

/// The friends and their fields.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendGetListFields {
    /// The results, in the order of the request.
    info_item: Vec<FriendInfo>,
    /// The users with a `ResultCode` other than 0; absent if there are none.
    #[serde(rename = "Fail_Account", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    fail_account: Vec<CompactString>,
}

/// The fields of one friend.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendInfo {
    /// The user.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: CompactString,
    /// The requested fields.
    sns_profile_item: Vec<TagValue>,
    /// 0 if the user is a friend; 31704 if the user is not a friend; 30001 if the userID is not valid.
    result_code: u32,
    /// The text of the code; empty for 0.
    #[schema(value_type = String)]
    result_info: &'static str,
}

impl Command for FriendGetList {
    const PATH: &'static str = "sns/friend_get_list";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Reads friends of a user by name.";
    const ABOUT: &'static str =
        "`ErrorCode` is 0 even when some or all users are not friends: each has its own `ResultCode`.";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT, Code::NOT_A_FRIEND];
    const READS: bool = true;

    type Request = FriendGetListRequest;
    type Fields = FriendGetListFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let to_account = request.to_account.some("To_Account")?;
        let tag_list = request.tag_list.some("TagList")?;
        demand_account(call, &owner).await?;
        let mut fields = FriendGetListFields { info_item: Vec::new(), fail_account: Vec::new() };
        for to_account in to_account {
            let found = match UserId::new(&to_account) {
                Ok(id) => call.service.friend_of(&owner, &id).await?.ok_or(Code::NOT_A_FRIEND),
                Err(_) => Err(Self::FAMILY.bad_user_id()),
            };
            let (code, sns_profile_item) = match found {
                Ok(friend) => {
                    let mut values = FriendItem::from(friend).value_item;
                    values.retain(|value| tag_list.contains(&value.tag));
                    (Code::OK, values)
                }
                Err(code) => (code, Vec::new()),
            };
            if code != Code::OK {
                fields.fail_account.push(to_account.clone());
            }
            let (result_code, result_info) = (code.number(), info(code));
            fields.info_item.push(FriendInfo { to_account, sns_profile_item, result_code, result_info });
        }
        Ok(fields.into())
    }

    fn page(_: &Call<'_>, request: &Self::Request) -> usize {
        request.to_account.len() * BYTES_PER_FRIEND
    }
}
