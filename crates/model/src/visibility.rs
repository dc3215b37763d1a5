//! The users who may see the status of a user: the visibility that the user has set, and the user's block list (SPEC
//! section 6).

use crate::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The maximum number of users on a block list (SPEC section 1).
pub const MAX_BLOCKED: usize = 1_000;

/// The users who may see the status of an account. Blocked users may never see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug, Default)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Visibility {
    /// Every user of the app.
    #[default]
    Everyone = 0,
    /// The mutual friends of the account.
    Friends = 1,
    /// Nobody except the user of the account.
    Nobody = 2,
}

impl Visibility {
    /// All values, in ascending order of their numbers.
    pub const ALL: [Self; 3] = [Self::Everyone, Self::Friends, Self::Nobody];

    /// The visibility with this number in a store; `None` if there is none.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|visibility| *visibility as u8 == number)
    }

    /// The name, which is the same in all APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Friends => "friends",
            Self::Nobody => "nobody",
        }
    }
}

impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The error of a text that names no [`Visibility`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a visibility is `everyone`, `friends` or `nobody`")]
pub struct InvalidVisibility;

impl FromStr for Visibility {
    type Err = InvalidVisibility;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|visibility| visibility.name() == text).ok_or(InvalidVisibility)
    }
}

/// An entry of a block list. The user who has the list is its owner.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BlockedUser {
    /// The id of the blocked user.
    pub id: UserId,
    /// The time at which the owner blocked the user.
    pub since: Timestamp,
}

/// The stored data that decides who may see the status of a user. All parts are read from one snapshot of the facts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StoredRestrictions {
    /// The user's lists version in the snapshot. It increases with every change of the other fields except `away`.
    pub version: u64,
    /// The visibility that the user has set.
    pub visibility: Visibility,
    /// The mutual friends in ascending order of their ids, if the visibility is [`Visibility::Friends`]; otherwise
    /// empty.
    pub friends: Vec<UserId>,
    /// The blocked users, in ascending order of their ids.
    pub blocked: Vec<UserId>,
    /// The logins that viewers from whom the status is hidden are shown after a loss of the live records. They may be those
    /// of an earlier version.
    pub away: AwayLogins,
}

/// The data that the facts keep about a user as long as the status is hidden from viewers: whether the facts would have a
/// login of a native device, had all connections of the user closed when the status was hidden, and had the user done nothing since.
///
/// After a loss of all live records, the record of a user who is away is created from the logins in the facts. The logins
/// of a hidden user change while the status is hidden, so they cannot tell what viewers are shown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AwayLogins {
    /// Whether viewers who are on neither list are shown a user with a login. `None` if the visibility is
    /// [`Visibility::Everyone`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<bool>,
    /// Viewers who are shown a user with a login, in ascending order of their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logged_in: Vec<UserId>,
    /// Viewers who are shown a user without a login, in ascending order of their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logged_out: Vec<UserId>,
    /// The login number up to which all logins had been ended by a kick. If the account has a higher number, a later kick
    /// has ended the logins that are shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ended_through: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl AwayLogins {
    /// Whether a viewer who may not see the status is shown a user with a login. `None` if that is not stored.
    pub fn of(&self, viewer: &UserId) -> Option<bool> {
        let is_in = |list: &[UserId]| list.binary_search(viewer).is_ok();
        match (is_in(&self.logged_in), is_in(&self.logged_out)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => self.others,
        }
    }

    /// The viewers on the two lists.
    pub fn listed(&self) -> impl Iterator<Item = &UserId> {
        self.logged_in.iter().chain(&self.logged_out)
    }

    /// Whether some viewer is shown a user with a login.
    pub fn any_logged_in(&self) -> bool {
        self.others == Some(true) || !self.logged_in.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_those_of_the_contract() {
        for (index, visibility) in Visibility::ALL.into_iter().enumerate() {
            assert_eq!(visibility as usize, index);
            assert_eq!(Visibility::from_number(visibility as u8), Some(visibility));
            assert_eq!(visibility.name().parse(), Ok(visibility));
        }
        assert_eq!(Visibility::from_number(3), None);
        assert_eq!("Nobody".parse::<Visibility>(), Err(InvalidVisibility));
    }
}
