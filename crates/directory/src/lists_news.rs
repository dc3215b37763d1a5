//! The changes of users' lists in the change log: profiles, friends, messages, conversations.
//!
//! A directory stores none of these: lists are facts, and the log only reports their changes.

use lamplight_model::{ConnectionId, Conversation, Friend, Message, Profile, UserId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One change of the lists of a user, for the user's own devices.
///
/// The log may carry the changes of one user in another order than that of their versions, since each is logged by the
/// task that waited for its commit. The workers put them in order before they notify devices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListsNews {
    /// The lists version after the change: one above that of the change before.
    pub version: u64,
    /// The connection whose call made the change; it gets the answer to the call instead of a notification.
    pub by: Option<ConnectionId>,
    /// The number of unread messages after the change, over all conversations.
    pub total_unread: u32,
    /// The change.
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
    /// A message was received, or sent from a device of the user.
    Message(Box<MessageNews>),
    /// The row of the conversation list after the change.
    Conversation(Box<Conversation>),
    /// The conversation with a user was removed.
    ConversationGone(UserId),
}

/// A message, and its effect on the conversation list of one of the two users.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MessageNews {
    /// The message, which is the last one of the conversation.
    pub message: Message,
    /// The row after the change, without the message.
    pub conversation: Conversation,
}

/// The most friends that one [`FriendProfile`] names, so that an entry of the log has a bounded size.
pub const MAX_FRIENDS_IN_ENTRY: usize = 500;

/// The new profile of a friend, for the devices of the users who have the friend in their lists. It does not
/// increment a version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FriendProfile {
    /// The users to notify.
    pub friends: Vec<UserId>,
    /// The profile after the change.
    pub profile: Arc<Profile>,
}

/// The approximate size of list news in memory, without its texts.
const NEWS_BYTES: usize = 512;

impl ListsNews {
    /// The approximate size in memory, by which the queue of news is bounded.
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
            ListsChange::FriendGone(_) | ListsChange::ConversationGone(_) => 0,
        };
        NEWS_BYTES + texts
    }
}

impl FriendProfile {
    /// Splits the news for all these users into as many entries as the bound requires.
    pub fn in_parts(friends: &[UserId], profile: Profile) -> impl Iterator<Item = Self> {
        let profile = Arc::new(profile);
        friends
            .chunks(MAX_FRIENDS_IN_ENTRY)
            .map(move |some| Self { friends: some.to_vec(), profile: Arc::clone(&profile) })
    }

    /// The approximate size in memory.
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
