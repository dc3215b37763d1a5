//! The changes of users' lists that the log carries: profiles, friends, messages, conversations.
//!
//! A directory keeps none of this: lists are facts, and the log only tells of their changes.

use lamplight_model::{ConnectionId, Conversation, Friend, Message, Profile, UserId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One change of the lists of a user, for the user's own devices.
///
/// The log may bring the changes of one user in another order than that of their versions, since each is logged by the
/// task that waited for its commit. The workers put them in order before they tell devices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListsNews {
    /// The lists version after the change. Each change has its own, one above that of the change before.
    pub version: u64,
    /// The connection whose call did it: it is answered, and not told besides.
    pub by: Option<ConnectionId>,
    /// Unread messages after it, over all conversations.
    pub total_unread: u32,
    /// The change.
    pub change: ListsChange,
}

/// The kind of a change in the lists of a user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ListsChange {
    /// The own profile, as it is now.
    Profile(Profile),
    /// An entry of the friend list is new, or says something else than before.
    Friend(Box<Friend>),
    /// Somebody is out of the friend list.
    FriendGone(UserId),
    /// A message was received, or sent from a device of the user.
    Message(Box<MessageNews>),
    /// A row of the conversation list, as it is now.
    Conversation(Box<Conversation>),
    /// The conversation with somebody is gone.
    ConversationGone(UserId),
}

/// A message, and what it did to the conversation list of one of the two.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MessageNews {
    /// The message, which is the last of the conversation.
    pub message: Message,
    /// The row, as it is now; without the message, which is not there a second time.
    pub conversation: Conversation,
}

/// The most friends that one [`FriendProfile`] names: an entry of the log has a bounded size.
pub const MAX_FRIENDS_IN_ENTRY: usize = 500;

/// A friend shows something else than before. For the devices of those who have them in the list; it counts no
/// version up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FriendProfile {
    /// The friends who must be told.
    pub friends: Vec<UserId>,
    /// The profile as it is now.
    pub profile: Arc<Profile>,
}

/// The bytes that a list news takes besides its texts, roughly.
const NEWS_BYTES: usize = 512;

impl ListsNews {
    /// The bytes of memory that it takes, roughly: what is bounded is what waits.
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
    /// Splits the news for all these friends into as many as its bound demands.
    pub fn in_parts(friends: &[UserId], profile: Profile) -> impl Iterator<Item = Self> {
        let profile = Arc::new(profile);
        friends
            .chunks(MAX_FRIENDS_IN_ENTRY)
            .map(move |some| Self { friends: some.to_vec(), profile: Arc::clone(&profile) })
    }

    /// The bytes of memory that it takes, roughly.
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
