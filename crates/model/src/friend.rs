//! An entry of a friend list.

use crate::{Profile, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// An entry of a friend list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Friend {
    /// Who.
    pub id: UserId,
    /// What the owner calls them; may be empty.
    pub remark: String,
    /// Whether the other one has the owner in the list too.
    pub mutual: bool,
    /// When the entry was made.
    pub added: Timestamp,
    /// Where the friendship came from, in the app's own words; may be empty.
    pub source: String,
    /// What the owner said when asking; may be empty.
    pub wording: String,
    /// What the friend shows.
    pub profile: Profile,
}
