//! The entries of the change log about the lists of users: profiles, friends, messages and conversations.
//!
//! Lists are stored in the facts; the log only reports their changes.

use lamplight_model::{
    BlockedUser, ConnectionId, Conversation, Friend, Message, Profile, UserId, Visibility,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A change of a user's lists, for the user's own devices.
///
/// Each change is logged by the task that has made it. The log may therefore have two changes of a user in the wrong
/// order. The workers sort them by version before they notify devices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListsNews {
    /// The lists version after the change, which is one higher than before the change.
    pub version: u64,
    /// The connection whose call made the change; `None` for a change by the app. This connection gets the answer
    /// instead of a notification.
    pub by: Option<ConnectionId>,
    /// The number of unread messages in all conversations after the change.
    pub total_unread: u32,
    /// The changed data.
    pub change: ListsChange,
}

/// The kind of a change in the lists of a user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ListsChange {
    /// The user's profile after the change.
    Profile(Profile),
    /// An entry of the friend list was added or changed.
    Friend(Box<Friend>),
    /// A user was removed from the friend list.
    FriendGone(UserId),
    /// A message was received by the user or sent by the user.
    Message(Box<MessageNews>),
    /// A row of the conversation list was changed.
    Conversation(Box<Conversation>),
    /// The conversation with a user was removed.
    ConversationGone(UserId),
    /// Users were added to the block list.
    Blocked(Vec<BlockedUser>),
    /// Users were removed from the block list.
    Unblocked(Vec<UserId>),
    /// The user has set the visibility.
    Visibility(Visibility),
}

/// A message, and the changed row of one user's conversation list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MessageNews {
    /// The message, which is now the last one of the conversation.
    pub message: Message,
    /// The row after the change. Its `last` is `None`, because `message` is the last message.
    pub conversation: Conversation,
}

/// The maximum number of friends in one [`FriendProfile`], to bound the size of a log entry.
pub const MAX_FRIENDS_IN_ENTRY: usize = 500;

/// A user's new profile, for the devices of the user's mutual friends. The new profile does not change the lists
/// versions of these friends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FriendProfile {
    /// The users to notify.
    pub friends: Vec<UserId>,
    /// The profile after the change.
    pub profile: Arc<Profile>,
}

/// The approximate size in bytes of an entry in memory, without its texts.
const NEWS_BYTES: usize = 512;

impl ListsNews {
    /// Returns the approximate size in memory in bytes. It counts against the limit of a reader's queue.
    pub fn bytes(&self) -> usize {
        let texts = match &self.change {
            ListsChange::Profile(profile) => profile_bytes(profile),
            ListsChange::Friend(friend) => {
                friend.remark.len()
                    + friend.source.len()
                    + friend.wording.len()
                    + profile_bytes(&friend.profile)
            }
            ListsChange::Message(news) => news.message.body.bytes() + row_bytes(&news.conversation),
            ListsChange::Conversation(row) => row_bytes(row),
            ListsChange::Blocked(blocked) => blocked.len() * size_of::<BlockedUser>(),
            ListsChange::Unblocked(unblocked) => unblocked.len() * size_of::<UserId>(),
            ListsChange::FriendGone(_) | ListsChange::ConversationGone(_) | ListsChange::Visibility(_) => 0,
        };
        NEWS_BYTES + texts
    }
}

impl FriendProfile {
    /// Splits the notification of all `friends` into entries of at most [`MAX_FRIENDS_IN_ENTRY`] users.
    pub fn in_parts(friends: &[UserId], profile: Profile) -> impl Iterator<Item = Self> {
        let profile = Arc::new(profile);
        friends
            .chunks(MAX_FRIENDS_IN_ENTRY)
            .map(move |some| Self { friends: some.to_vec(), profile: Arc::clone(&profile) })
    }

    /// Returns the approximate size in memory in bytes.
    pub fn bytes(&self) -> usize {
        NEWS_BYTES + self.friends.len() * size_of::<UserId>() + profile_bytes(&self.profile)
    }
}

fn profile_bytes(profile: &Profile) -> usize {
    profile.nick.len() + profile.avatar_url.len()
}

fn row_bytes(row: &Conversation) -> usize {
    let last = row.last.as_ref().map_or(0, |message| message.body.bytes());
    last + row.remark.len() + profile_bytes(&row.profile)
}
