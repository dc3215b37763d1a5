//! Profiles, friends, the block list, messages and conversations: the types of the SDK, their conversion from the wire
//! protocol, and the client's lists version.

use crate::read;
use lamplight_model::{
    AllowType, BlockedUser, ClientMessageId, Message, MessageBody, Profile, Timestamp, UserId, Visibility,
};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Ask;
use lamplight_wire::v1::server_message::Body as Tell;

/// A user's profile as other users see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserInfo {
    /// The `userID` of the user.
    pub user_id: UserId,
    /// The nick, the avatar, and the rule for being added as a friend.
    pub profile: Profile,
}

/// The result of `getUsersInfo`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsersInfo {
    /// The users who have an account, in the order of the request.
    pub users: Vec<UserInfo>,
    /// The users without an account (70107).
    pub failures: Vec<ItemFailure>,
}

/// A user for whom a call about several users failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemFailure {
    /// The `userID` of the request.
    pub user_id: String,
    /// The code of the failure (SPEC section 7).
    pub code: u32,
    /// The error text in English.
    pub message: String,
}

/// An entry of this user's friend list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FriendInfo {
    /// The `userID` of the friend.
    pub user_id: UserId,
    /// This user's name for the friend; empty if there is none.
    pub remark: String,
    /// The friend's profile.
    pub profile: Profile,
    /// Whether this user is also on the friend's list.
    pub mutual: bool,
    /// The creation time of the entry.
    pub added_at: Timestamp,
    /// The app's text about the way in which the friendship began.
    pub add_source: String,
    /// The text that was sent with the friend request.
    pub add_wording: String,
}

/// The visibility and the block list of this user.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BlockListInfo {
    /// The users who may see this user's status, apart from the blocked users.
    pub visibility: Visibility,
    /// The blocked users, in ascending order of their `userID`s.
    pub blocked: Vec<BlockedUser>,
}

/// The result of [`Client::block_users`](crate::Client::block_users).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsersBlocked {
    /// The new entries of the block list.
    pub blocked: Vec<BlockedUser>,
    /// The users for whom the call failed. The codes are 31307 (the user was blocked before), 70107 (there is no such
    /// account) and 31306 (the list is full).
    pub failures: Vec<ItemFailure>,
}

/// A row of this user's conversation list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationInfo {
    /// The other user.
    pub peer: UserId,
    /// The newest message; `None` if the retention has deleted it.
    pub last_message: Option<Message>,
    /// The number of the peer's messages that this user has not read.
    pub unread: u32,
    /// The sequence of the last message that this user has read.
    pub read_sequence: u64,
    /// Whether this user has pinned the row to the top.
    pub pinned: bool,
    /// The peer's profile.
    pub profile: Profile,
    /// This user's name for the peer. It is empty if there is none, or if the peer is not a friend.
    pub remark: String,
    /// The time of the last message in either direction.
    pub active_at: Timestamp,
}

/// A page of the conversation list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConversationPage {
    /// The rows: pinned rows first, then in descending order of the last activity.
    pub conversations: Vec<ConversationInfo>,
    /// The value to pass for the next page; `None` if this is the last page.
    pub next: Option<String>,
    /// The number of unread messages in all conversations.
    pub total_unread: u32,
}

/// A page of the messages of a conversation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// The messages, newest first.
    pub messages: Vec<Message>,
    /// Whether there are no older messages.
    pub finished: bool,
}

/// The result of a call that sends a message, such as
/// [`Client::send_c2c_text_message`](crate::Client::send_c2c_text_message).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SentMessage {
    /// The stored message.
    pub message: Message,
    /// `true` if the call was a retry, and the message was already stored.
    pub repeated: bool,
}

/// The converted parts of a [`v1::ListsChanged`], one field for each kind of data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ListNews {
    pub messages: Vec<Message>,
    pub conversations: Vec<ConversationInfo>,
    pub deleted_conversations: Vec<UserId>,
    pub friends: Vec<FriendInfo>,
    pub deleted_friends: Vec<UserId>,
    pub profile: Option<UserInfo>,
    pub friends_profiles: Vec<UserInfo>,
    pub blocked: Vec<BlockedUser>,
    pub unblocked: Vec<UserId>,
    pub visibility: Option<Visibility>,
    pub total_unread: Option<u32>,
}

/// The version of the user's lists up to which this client has all changes; `None` before the first login. Answers and
/// changes from the server contain a version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct ListsVersion(Option<u64>);

impl ListsVersion {
    /// Stores the version that the server sent at a login. Returns whether the client has missed changes.
    pub(crate) fn logged_in(&mut self, version: u64) -> bool {
        self.0.replace(version).is_some_and(|known| known != version)
    }

    /// Stores the version of a received change, unless it is lower than the current one.
    pub(crate) fn told(&mut self, version: u64) {
        self.0 = self.0.map(|known| known.max(version));
    }
}

/// Returns `true` if `body` is the kind of answer that the list request `ask` gets.
pub(crate) fn answers(ask: &Ask, body: &Tell) -> bool {
    matches!(
        (ask, body),
        (Ask::SetSelfInfo(_), Tell::SetSelfInfo(_))
            | (Ask::GetUsersInfo(_), Tell::GetUsersInfo(_))
            | (Ask::GetFriendList(_), Tell::GetFriendList(_))
            | (Ask::AddFriend(_), Tell::AddFriend(_))
            | (Ask::DeleteFriends(_), Tell::DeleteFriends(_))
            | (Ask::SetFriendRemark(_), Tell::SetFriendRemark(_))
            | (Ask::SetVisibility(_), Tell::SetVisibility(_))
            | (Ask::GetBlockList(_), Tell::GetBlockList(_))
            | (Ask::BlockUsers(_), Tell::BlockUsers(_))
            | (Ask::UnblockUsers(_), Tell::UnblockUsers(_))
            | (Ask::SendMessage(_), Tell::SendMessage(_))
            | (Ask::GetHistory(_), Tell::GetHistory(_))
            | (Ask::GetConversationList(_), Tell::GetConversationList(_))
            | (Ask::MarkRead(_), Tell::MarkRead(_))
            | (Ask::PinConversation(_), Tell::PinConversation(_))
            | (Ask::DeleteConversation(_), Tell::DeleteConversation(_))
    )
}

/// Returns the lists version in the answer to a call that changes lists; `None` for other answers.
pub(crate) fn version_of(body: &Tell) -> Option<u64> {
    match body {
        Tell::SetSelfInfo(told) => Some(told.lists_version),
        Tell::AddFriend(told) => Some(told.lists_version),
        Tell::DeleteFriends(told) => Some(told.lists_version),
        Tell::SetFriendRemark(told) => Some(told.lists_version),
        Tell::SetVisibility(told) => Some(told.lists_version),
        Tell::BlockUsers(told) => Some(told.lists_version),
        Tell::UnblockUsers(told) => Some(told.lists_version),
        // The answer to a retry contains the current version, which may be ahead of changes that the client has not
        // received yet.
        Tell::SendMessage(told) if told.repeated_send => None,
        Tell::SendMessage(told) => Some(told.lists_version),
        Tell::MarkRead(told) => Some(told.lists_version),
        Tell::PinConversation(told) => Some(told.lists_version),
        Tell::DeleteConversation(told) => Some(told.lists_version),
        Tell::Refusal(_)
        | Tell::Login(_)
        | Tell::Logout(_)
        | Tell::SetSelfStatus(_)
        | Tell::GetUserStatus(_)
        | Tell::SubscribeUserStatus(_)
        | Tell::UnsubscribeUserStatus(_)
        | Tell::GetSubscriptions(_)
        | Tell::Heartbeat(_)
        | Tell::StatusChanged(_)
        | Tell::SubscriptionsChanged(_)
        | Tell::ConnectionEnded(_)
        | Tell::GetUsersInfo(_)
        | Tell::GetFriendList(_)
        | Tell::GetBlockList(_)
        | Tell::GetHistory(_)
        | Tell::GetConversationList(_)
        | Tell::ListsChanged(_)
        | Tell::AppChanged(_) => None,
    }
}

/// Returns the user whom a call has made a mutual friend.
pub(crate) fn new_friend(told: &Tell) -> Option<UserId> {
    let Tell::AddFriend(v1::AddFriendResponse { friend: Some(friend), .. }) = told else { return None };
    UserId::new(&friend.user_id).ok().filter(|_| friend.mutual)
}

/// Returns the users whom a call has removed from the friend list.
pub(crate) fn deleted_friends(ask: &Ask, told: &Tell) -> Vec<UserId> {
    let (Ask::DeleteFriends(ask), Tell::DeleteFriends(told)) = (ask, told) else { return Vec::new() };
    let has_failed = |user: &UserId| told.failures.iter().any(|failure| failure.user_id == user.as_str());
    let mut deleted = read::users(&ask.user_ids);
    deleted.retain(|user| !has_failed(user));
    deleted
}

pub(crate) fn news(told: v1::ListsChanged) -> ListNews {
    ListNews {
        visibility: v1::Visibility::named(told.visibility),
        blocked: blocked(told.blocked),
        unblocked: read::users(&told.unblocked),
        messages: told.messages.into_iter().filter_map(message).collect(),
        conversations: told.conversations.into_iter().filter_map(conversation).collect(),
        deleted_conversations: read::users(&told.deleted_conversations),
        friends: told.friends.into_iter().filter_map(friend).collect(),
        deleted_friends: read::users(&told.deleted_friends),
        profile: told.profile.and_then(user_info),
        friends_profiles: told.profiles.into_iter().filter_map(user_info).collect(),
        total_unread: told.total_unread,
    }
}

/// Converts a profile with its user. `None` if the `userID` is invalid.
pub(crate) fn user_info(told: v1::Profile) -> Option<UserInfo> {
    let user_id = UserId::new(&told.user_id).ok()?;
    Some(UserInfo { user_id, profile: profile(Some(told)) })
}

pub(crate) fn users_info(told: v1::GetUsersInfoResponse) -> UsersInfo {
    UsersInfo {
        users: told.profiles.into_iter().filter_map(user_info).collect(),
        failures: item_failures(told.failures),
    }
}

pub(crate) fn item_failures(told: Vec<v1::ItemFailure>) -> Vec<ItemFailure> {
    let failure =
        |told: v1::ItemFailure| ItemFailure { user_id: told.user_id, code: told.code, message: told.message };
    told.into_iter().map(failure).collect()
}

pub(crate) fn block_list(told: v1::GetBlockListResponse) -> BlockListInfo {
    BlockListInfo {
        visibility: v1::Visibility::named(told.visibility).unwrap_or_default(),
        blocked: blocked(told.blocked),
    }
}

pub(crate) fn users_blocked(told: v1::BlockUsersResponse) -> UsersBlocked {
    UsersBlocked { blocked: blocked(told.blocked), failures: item_failures(told.failures) }
}

fn blocked(told: Vec<v1::BlockedUser>) -> Vec<BlockedUser> {
    let entry = |told: v1::BlockedUser| {
        Some(BlockedUser { id: UserId::new(&told.user_id).ok()?, since: Timestamp(told.blocked_at) })
    };
    told.into_iter().filter_map(entry).collect()
}

pub(crate) fn friend(told: v1::Friend) -> Option<FriendInfo> {
    Some(FriendInfo {
        user_id: UserId::new(&told.user_id).ok()?,
        remark: told.remark,
        profile: profile(told.profile),
        mutual: told.mutual,
        added_at: Timestamp(told.added_at),
        add_source: told.add_source,
        add_wording: told.add_wording,
    })
}

pub(crate) fn conversation(told: v1::Conversation) -> Option<ConversationInfo> {
    Some(ConversationInfo {
        peer: UserId::new(&told.peer).ok()?,
        last_message: told.last_message.and_then(message),
        unread: told.unread,
        read_sequence: told.read_sequence,
        pinned: told.pinned,
        profile: profile(told.profile),
        remark: told.remark,
        active_at: Timestamp(told.active_at),
    })
}

pub(crate) fn message(told: v1::Message) -> Option<Message> {
    Some(Message {
        from: UserId::new(&told.from).ok()?,
        to: UserId::new(&told.to).ok()?,
        sequence: told.sequence,
        at: Timestamp(told.time),
        body: told.custom.map_or(MessageBody::Text(told.text), |custom| MessageBody::Custom(custom.into())),
        client_id: ClientMessageId::new(&told.client_message_id).ok()?,
    })
}

fn profile(told: Option<v1::Profile>) -> Profile {
    let told = told.unwrap_or_default();
    let allow = match told.allow_type() {
        v1::AllowType::DenyAny => AllowType::DenyAny,
        v1::AllowType::Unspecified | v1::AllowType::AllowAny => AllowType::AllowAny,
    };
    Profile { nick: told.nick, avatar_url: told.avatar_url, allow }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_was_missed_when_the_number_is_not_the_last_one_told() {
        // The columns: the versions that were sent between two logins, the version of the second login, and whether a
        // change was missed.
        let table: [(&[u64], u64, bool); 6] = [
            (&[], 10, false),
            (&[], 11, true),
            (&[11], 11, false),
            (&[11, 13], 13, false),
            (&[11], 12, true),
            (&[11, 0], 11, false),
        ];
        for (told, at, missed) in table {
            let mut known = ListsVersion::default();
            assert!(!known.logged_in(10), "nothing was known before");
            told.iter().for_each(|version| known.told(*version));
            assert_eq!(known.logged_in(at), missed, "{told:?} then {at}");
        }
    }
}
