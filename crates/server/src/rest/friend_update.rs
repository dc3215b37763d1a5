//! The command that changes entries of a friend list.

use super::answer::{Reply, outcome};
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::{AccountName, Object};
use super::friends::{FriendResults, MAX_ADDED, REMARK, demand_account, owner};
use super::lists::{Gather, List, gather};
use super::skimmed::Skimmed;
use compact_str::CompactString;
use lamplight_model::{Code, Refusal, UserId};
use lamplight_service::{By, ServiceError};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// The command `sns/friend_update`.
pub struct FriendUpdate;

/// The owner of the friend list, and the changes of its entries.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FriendUpdateRequest {
    /// The owner of the list.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The friends; at most 1,000.
    #[schema(value_type = Vec<UpdateItem>, min_items = 1, max_items = 1000)]
    update_item: List<Object<UpdateItem>, MAX_ADDED>,
}

/// The changes to one friend.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateItem {
    /// The friend.
    #[serde(rename = "To_Account")]
    #[schema(value_type = AccountName)]
    to_account: CompactString,
    /// The fields to change.
    #[serde(rename = "SnsItem")]
    #[schema(value_type = Vec<SnsItem>, min_items = 1)]
    sns_item: RemarkChange,
}

/// A field of a friend.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SnsItem {
    /// The name of the field; must be `Tag_SNS_IM_Remark`, because no other field can be changed.
    tag: String,
    /// The new remark; at most 96 bytes.
    #[schema(value_type = String)]
    value: Skimmed,
}

impl Command for FriendUpdate {
    const PATH: &'static str = "sns/friend_update";
    const FAMILY: Family = Family::Friends;
    const SUMMARY: &'static str = "Changes a user's remarks on friends.";
    const ABOUT: &'static str = "`ErrorCode` is 0 even when some, or all, could not be changed: each has its own \
                                 `ResultCode`.";
    const CODES: &'static [Code] = &[Code::FRIEND_NO_SUCH_ACCOUNT, Code::NOT_A_FRIEND];

    type Request = FriendUpdateRequest;
    type Fields = FriendResults;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let owner = owner(call, &request.from_account)?;
        let items = request.update_item.some("UpdateItem")?;
        demand_account(call, &owner).await?;
        let mut results = FriendResults::new();
        for Object(item) in items {
            let done = match (UserId::new(&item.to_account), item.sns_item.read()) {
                (Ok(id), Ok(remark)) => {
                    call.service.set_friend_remark(&owner, &id, &remark, By::App, call.now).await.map(drop)
                }
                (Err(invalid), _) => Err(Refusal::from(invalid).into()),
                (Ok(_), Err(refusal)) => Err(refusal.into()),
            };
            results.push(item.to_account, outcome(Self::FAMILY, done)?);
        }
        Ok(results.into())
    }
}

/// The new remark on a friend, collected from the fields of the request.
#[derive(Default)]
struct RemarkChange {
    /// The new remark; `None` if no field has one. If several fields have one, the last counts.
    remark: Option<String>,
    /// `true` if a field cannot be changed, or a remark is not a text.
    is_refused: bool,
}

impl Gather for RemarkChange {
    type Entry = Object<SnsItem>;

    fn gather(&mut self, Object(SnsItem { tag, value }): Object<SnsItem>) {
        match (&tag[..], value) {
            (REMARK, Skimmed::Text(text)) => self.remark = Some(text),
            _ => self.is_refused = true,
        }
    }
}

impl<'de> Deserialize<'de> for RemarkChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        gather(deserializer)
    }
}

impl RemarkChange {
    /// Returns the new remark, or the reason why the request is refused.
    fn read(self) -> Result<String, Refusal> {
        if self.is_refused {
            let detail = format!("only {REMARK} can be changed, and its value must be a text");
            return Err(Refusal::because(Code::INVALID_PARAMETER, detail));
        }
        self.remark.ok_or_else(|| Refusal::because(Code::INVALID_PARAMETER, "SnsItem is empty"))
    }
}
