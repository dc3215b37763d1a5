//! A row of a conversation list, and its place in the list.

use crate::{Message, Profile, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A row of a conversation list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// The other one.
    pub peer: UserId,
    /// The newest message that the owner can see; `None` when it has gone by retention.
    pub last: Option<Message>,
    /// Messages of the peer that the owner has not read.
    pub unread: u32,
    /// The owner has read up to this sequence.
    pub read_sequence: u64,
    /// Whether the row is pinned to the top.
    pub pinned: bool,
    /// When the conversation last moved.
    pub active: Timestamp,
    /// The profile of the peer; the default one when the peer has no account any longer.
    pub profile: Profile,
    /// The owner's remark on the peer, if the peer is in the friend list; else empty.
    pub remark: String,
}

impl Conversation {
    /// Where the row stands in its list.
    pub fn cursor(&self) -> ConversationCursor {
        ConversationCursor { pinned: self.pinned, active: self.active, peer: self.peer.clone() }
    }
}

/// Where the next page of a conversation list begins: behind this row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationCursor {
    /// Pinned rows come first,
    pub pinned: bool,
    /// then the latest active,
    pub active: Timestamp,
    /// then by rising peer.
    pub peer: UserId,
}
