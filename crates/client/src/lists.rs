//! Profiles, friends, messages and conversations: the nouns of the SDK, read from the messages of the wire; and how
//! far a client knows the lists of its user.

use crate::read;
use lamplight_model::{AllowType, ClientMessageId, Message, MessageBody, Profile, Timestamp, UserId};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Ask;
use lamplight_wire::v1::server_message::Body as Tell;

/// The public part of a user: the profile, as others see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserInfo {
    /// The `userID`.
    pub user_id: UserId,
    /// Nick, avatar, and who may add the user as a friend.
    pub profile: Profile,
}

/// The answer to `getUsersInfo`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsersInfo {
    /// Those who have an account, in the order asked.
    pub users: Vec<UserInfo>,
    /// The others.
    pub failures: Vec<ItemFailure>,
}

/// One item of a batch for which the call failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemFailure {
    /// The user, as it was asked for.
    pub user_id: String,
    /// Why (SPEC section 7).
    pub code: u32,
    /// The same in words.
    pub message: String,
}

/// An entry of the own friend list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FriendInfo {
    /// The `userID` of the friend.
    pub user_id: UserId,
    /// The name that the own user gives to the friend; may be empty.
    pub remark: String,
    /// The friend's profile.
    pub profile: Profile,
    /// Whether they have the own user in their list too.
    pub mutual: bool,
    /// When the entry was made.
    pub added_at: Timestamp,
    /// Where the friendship came from, in the app's own words.
    pub add_source: String,
    /// The text that came with the request.
    pub add_wording: String,
}

/// A row of the own conversation list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationInfo {
    /// The other one.
    pub peer: UserId,
    /// The newest message; absent when it has gone by retention.
    pub last_message: Option<Message>,
    /// Messages of the peer that are not read.
    pub unread: u32,
    /// Read up to this sequence.
    pub read_sequence: u64,
    /// Whether the row is pinned to the top.
    pub pinned: bool,
    /// The peer's profile.
    pub profile: Profile,
    /// The name that the own user gives to the peer; empty when the peer is no friend.
    pub remark: String,
    /// When the conversation last moved.
    pub active_at: Timestamp,
}

/// A page of the conversation list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConversationPage {
    /// Pinned first, then the latest active first.
    pub conversations: Vec<ConversationInfo>,
    /// Where to go on; absent after the last page.
    pub next: Option<String>,
    /// Unread messages over all conversations.
    pub total_unread: u32,
}

/// Some messages of a conversation, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whether there is nothing before them.
    pub finished: bool,
}

/// The answer to [`Client::send_c2c_text_message`](crate::Client::send_c2c_text_message).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SentMessage {
    /// The message as it is stored.
    pub message: Message,
    /// It had been stored before: this was a retry.
    pub repeated: bool,
}

/// The parts of a [`v1::ListsChanged`], one field for each kind of event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ListNews {
    pub messages: Vec<Message>,
    pub conversations: Vec<ConversationInfo>,
    pub deleted_conversations: Vec<UserId>,
    pub friends: Vec<FriendInfo>,
    pub deleted_friends: Vec<UserId>,
    pub profile: Option<UserInfo>,
    pub friends_profiles: Vec<UserInfo>,
    pub total_unread: Option<u32>,
}

/// How far the client knows the lists. Every change counts one up and is told with its number, in the order of the
/// numbers, answers among them: who knows a number knows what came before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct ListsKnown(Option<u64>);

impl ListsKnown {
    /// The server told the number at a login. Says whether something was missed.
    pub(crate) fn logged_in(&mut self, version: u64) -> bool {
        self.0.replace(version).is_some_and(|known| known != version)
    }

    /// A change with this number was told. 0: it is one that does not count.
    pub(crate) fn told(&mut self, version: u64) {
        self.0 = self.0.map(|known| known.max(version));
    }
}

/// Whether `body` answers `ask`, both of the lists.
pub(crate) fn answers(ask: &Ask, body: &Tell) -> bool {
    matches!(
        (ask, body),
        (Ask::SetSelfInfo(_), Tell::SetSelfInfo(_))
            | (Ask::GetUsersInfo(_), Tell::GetUsersInfo(_))
            | (Ask::GetFriendList(_), Tell::GetFriendList(_))
            | (Ask::AddFriend(_), Tell::AddFriend(_))
            | (Ask::DeleteFriends(_), Tell::DeleteFriends(_))
            | (Ask::SetFriendRemark(_), Tell::SetFriendRemark(_))
            | (Ask::SendMessage(_), Tell::SendMessage(_))
            | (Ask::GetHistory(_), Tell::GetHistory(_))
            | (Ask::GetConversationList(_), Tell::GetConversationList(_))
            | (Ask::MarkRead(_), Tell::MarkRead(_))
            | (Ask::PinConversation(_), Tell::PinConversation(_))
            | (Ask::DeleteConversation(_), Tell::DeleteConversation(_))
    )
}

/// The number that the answer to a change carries.
pub(crate) fn version_of(body: &Tell) -> Option<u64> {
    match body {
        Tell::SetSelfInfo(told) => Some(told.lists_version),
        Tell::AddFriend(told) => Some(told.lists_version),
        Tell::DeleteFriends(told) => Some(told.lists_version),
        Tell::SetFriendRemark(told) => Some(told.lists_version),
        // That of a retry is read apart, and may be ahead of what is still to be told.
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
        | Tell::GetHistory(_)
        | Tell::GetConversationList(_)
        | Tell::ListsChanged(_)
        | Tell::AppChanged(_) => None,
    }
}

pub(crate) fn news(told: v1::ListsChanged) -> ListNews {
    ListNews {
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

/// Reads a profile with its user. What is none, by some newer contract, is left out; so below.
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
        // told in between, and whether the login that follows at `at` has missed something
        let table: [(&[u64], u64, bool); 6] = [
            (&[], 10, false),
            (&[], 11, true),
            (&[11], 11, false),
            (&[11, 13], 13, false),
            (&[11], 12, true),
            (&[11, 0], 11, false),
        ];
        for (told, at, missed) in table {
            let mut known = ListsKnown::default();
            assert!(!known.logged_in(10), "nothing was known before");
            told.iter().for_each(|version| known.told(*version));
            assert_eq!(known.logged_in(at), missed, "{told:?} then {at}");
        }
    }
}
