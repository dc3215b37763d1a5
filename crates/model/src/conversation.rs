//! A row of a conversation list, and the position of the row in the list.

use crate::{Message, Profile, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A row of a conversation list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// The other user of the conversation.
    pub peer: UserId,
    /// The newest message that the owner can see; `None` if that message was deleted after its retention.
    pub last: Option<Message>,
    /// The number of messages of the peer that the owner has not read.
    pub unread: u32,
    /// The sequence of the last message that the owner has read.
    pub read_sequence: u64,
    /// Whether the owner has pinned the row.
    pub pinned: bool,
    /// The time of the last message in either direction, even if that message was deleted.
    pub active: Timestamp,
    /// The profile of the peer; the default profile if the peer no longer has an account.
    pub profile: Profile,
    /// The owner's remark on the peer; empty if there is none, or if the peer is not on the owner's friend list.
    pub remark: String,
}

impl Conversation {
    /// The position of this row in the list. The next page begins after this position.
    pub fn cursor(&self) -> ConversationCursor {
        ConversationCursor { pinned: self.pinned, active: self.active, peer: self.peer.clone() }
    }
}

/// The position of a row in a conversation list. The next page begins after this position. The fields are in the order
/// in which rows are sorted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationCursor {
    /// Whether the row is pinned. Pinned rows come first.
    pub pinned: bool,
    /// The time of the last activity. Later times come first.
    pub active: Timestamp,
    /// The peer. Lower ids come first.
    pub peer: UserId,
}
