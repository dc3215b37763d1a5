//! An entry of a friend list.

use crate::{Profile, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// An entry of a friend list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Friend {
    /// The friend.
    pub id: UserId,
    /// The owner's name for the friend; may be empty.
    pub remark: String,
    /// Whether the other one has the owner in the list too.
    pub mutual: bool,
    /// When the entry was made.
    pub added: Timestamp,
    /// Where the friendship came from, in the app's own words; may be empty.
    pub source: String,
    /// The owner's words when asking; may be empty.
    pub wording: String,
    /// The profile of the friend.
    pub profile: Profile,
}
