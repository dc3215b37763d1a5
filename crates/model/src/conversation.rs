//! A row of a conversation list, and its position in the list.

use crate::{Message, Profile, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A row of a conversation list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// The other user of the conversation.
    pub peer: UserId,
    /// The newest message that the owner can see; `None` if the retention has deleted it.
    pub last: Option<Message>,
    /// The number of the peer's messages that the owner has not read.
    pub unread: u32,
    /// The sequence of the last message that the owner has read.
    pub read_sequence: u64,
    /// Whether the owner has pinned the row to the top.
    pub pinned: bool,
    /// The time of the last activity in the conversation.
    pub active: Timestamp,
    /// The profile of the peer; the default profile if the peer no longer has an account.
    pub profile: Profile,
    /// The owner's remark on the peer; empty if the peer is not in the owner's friend list.
    pub remark: String,
}

impl Conversation {
    /// The position of the row in its list, for the next page.
    pub fn cursor(&self) -> ConversationCursor {
        ConversationCursor { pinned: self.pinned, active: self.active, peer: self.peer.clone() }
    }
}

/// The position of a row in a conversation list. The next page begins after it. The order of the fields is the sort
/// order of rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationCursor {
    /// Whether the row is pinned; pinned rows come first.
    pub pinned: bool,
    /// The time of the last activity; the latest comes first.
    pub active: Timestamp,
    /// The peer; peers are in ascending order of their ids.
    pub peer: UserId,
}
