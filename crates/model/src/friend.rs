//! An entry of a friend list.

use crate::{Profile, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// An entry of a user's friend list. That user is the owner of the entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Friend {
    /// The id of the friend.
    pub id: UserId,
    /// The owner's remark on the friend; empty if there is none.
    pub remark: String,
    /// Whether the friend's list also contains the owner.
    pub mutual: bool,
    /// The time at which the entry was created.
    pub added: Timestamp,
    /// How the friendship began, in a format of the app; empty if unknown.
    pub source: String,
    /// The text of the owner's friend request; empty if there is none.
    pub wording: String,
    /// The friend's profile.
    pub profile: Profile,
}
