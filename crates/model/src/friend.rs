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
    /// Whether the friend has the owner in the friend list too.
    pub mutual: bool,
    /// The time at which the entry was created.
    pub added: Timestamp,
    /// The source of the friendship, in the app's own words; may be empty.
    pub source: String,
    /// The text of the owner's request; may be empty.
    pub wording: String,
    /// The profile of the friend.
    pub profile: Profile,
}
