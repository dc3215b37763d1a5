//! An entry of a friend list.

use crate::{Profile, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// An entry of a user's friend list. The user is its owner.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Friend {
    /// The id of the friend.
    pub id: UserId,
    /// The owner's name for the friend; empty if there is none.
    pub remark: String,
    /// Whether the owner is in the friend's list too.
    pub mutual: bool,
    /// The time at which the entry was created.
    pub added: Timestamp,
    /// The app's description of how the friendship began; empty if there is none.
    pub source: String,
    /// The text that the owner sent with the request; empty if there is none.
    pub wording: String,
    /// The friend's profile.
    pub profile: Profile,
}
