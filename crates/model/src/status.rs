//! The status of a user as others are told of it.

use crate::{CustomStatus, PlatformSet, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The status type. The numbers are part of every API (SPEC section 1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[repr(u8)]
pub enum StatusType {
    /// Nothing is known.
    Unknown = 0,
    /// At least one connection.
    Online = 1,
    /// No connection, at least one login.
    Offline = 2,
    /// No login.
    Unlogined = 3,
}

impl StatusType {
    /// Every status type, in the order of its number.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Online, Self::Offline, Self::Unlogined];

    /// The status type of this wire number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|status| *status as i32 == number)
    }

    /// The name in capitals, as the APIs write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Online => "ONLINE",
            Self::Offline => "OFFLINE",
            Self::Unlogined => "UNLOGINED",
        }
    }
}

impl fmt::Display for StatusType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Grows with every visible change of a user, across restarts and lost records.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug, Default)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The least version that a change at this time may have: the wall clock with room for 4,096 changes a
    /// millisecond. A record that was lost starts again here, above all that was told before.
    pub fn at(wall: Timestamp) -> Self {
        Self(wall.0 << 12)
    }

    /// The version of the change that follows this one.
    #[must_use]
    pub fn next(self, wall: Timestamp) -> Self {
        Self((self.0 + 1).max(Self::at(wall).0))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a status changed last.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Debug, Default)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Reason {
    /// Nothing has happened yet: the account has never logged in.
    #[default]
    None = 0,
    /// A device logged in or came back.
    Login = 1,
    /// The user logged out.
    Logout = 2,
    /// The link broke: FIN, RST, process killed, tab closed.
    LinkClosed = 3,
    /// The link was silent for the heartbeat timeout.
    Timeout = 4,
    /// Another login, the server API or an operator ended the login.
    Kicked = 5,
    /// The UserSig expired while connected.
    SigExpired = 6,
    /// The login was without a connection for the login retention.
    Lapsed = 7,
    /// The account was deleted.
    Deleted = 8,
    /// The custom status was set or cleared.
    Custom = 9,
    /// The server node that held the connection was lost and the client did not come back in time.
    NodeLost = 10,
}

impl Reason {
    /// Every reason, in the order of its number.
    pub const ALL: [Self; 11] = [
        Self::None,
        Self::Login,
        Self::Logout,
        Self::LinkClosed,
        Self::Timeout,
        Self::Kicked,
        Self::SigExpired,
        Self::Lapsed,
        Self::Deleted,
        Self::Custom,
        Self::NodeLost,
    ];

    /// The reason of this wire number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as i32 == number)
    }

    /// The name that the SPEC uses (section 2).
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::LinkClosed => "link_closed",
            Self::Timeout => "timeout",
            Self::Kicked => "kicked",
            Self::SigExpired => "sig_expired",
            Self::Lapsed => "lapsed",
            Self::Deleted => "deleted",
            Self::Custom => "custom",
            Self::NodeLost => "node_lost",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Reason {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|reason| reason.name() == text).ok_or(())
    }
}

/// All that is told of a user, with the evidence for it (SPEC section 2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserStatus {
    /// The user that the status belongs to.
    pub user_id: UserId,
    /// Online, offline or not logged in.
    pub status_type: StatusType,
    /// The user's own text; empty when there is none.
    pub custom_status: CustomStatus,
    /// Grows with every change of this user.
    pub version: Version,
    /// When the status type last changed.
    pub since: Timestamp,
    /// Why the status last changed.
    pub reason: Reason,
    /// The last moment with a connection; absent when there never was one.
    pub last_seen: Option<Timestamp>,
    /// The platforms connected now.
    pub online_devices: PlatformSet,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_grows_even_when_the_wall_clock_goes_back() {
        let first = Version::default().next(Timestamp(1_000));
        let second = first.next(Timestamp(10));
        let third = second.next(Timestamp(2_000));
        assert_eq!(first, Version::at(Timestamp(1_000)));
        assert_eq!(second, Version(first.0 + 1));
        assert_eq!(third, Version::at(Timestamp(2_000)));
    }

    #[test]
    fn numbers_and_names_are_those_of_the_contract() {
        assert_eq!(StatusType::ALL.map(|status| status as u8), [0, 1, 2, 3]);
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            assert_eq!(reason.name().parse(), Ok(reason));
        }
    }
}
