//! The status of a user, as others see it.

mod stored;

use crate::{CustomStatus, PlatformSet, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The status type. The numbers are the same in all APIs (SPEC section 1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[repr(u8)]
pub enum StatusType {
    /// The status is unknown.
    Unknown = 0,
    /// The user has at least one device that counts as connected.
    Online = 1,
    /// The user is logged in on at least one device, but no device counts as connected.
    Offline = 2,
    /// The user is not logged in.
    Unlogined = 3,
}

impl StatusType {
    /// All status types, in ascending order of their numbers.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Online, Self::Offline, Self::Unlogined];

    /// The status type with this number in the wire protocol; `None` if there is none.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|status| *status as i32 == number)
    }

    /// The name of the status type in capitals, which is the same in all APIs.
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

/// The version of a status. It increases with every visible change of a user, even across restarts and the loss of
/// records.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug, Default)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The lowest version of a change at the time `wall`. It is the time in milliseconds, shifted by 12 bits to have
    /// room for 4,096 changes per millisecond.
    ///
    /// A record that replaces a lost record begins with this version. Its versions are therefore higher than those of
    /// the lost record.
    pub fn at(wall: Timestamp) -> Self {
        Self(wall.0 << 12)
    }

    /// The version of the next change, which happens at the time `wall`.
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

/// The cause of the last change of a status.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Debug, Default)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Reason {
    /// There was no visible change since the account or the live record was created.
    #[default]
    None = 0,
    /// A device has logged in, or has returned.
    Login = 1,
    /// The user logged out.
    Logout = 2,
    /// The connection was closed or has failed: FIN, RST, process killed, tab closed.
    LinkClosed = 3,
    /// The server has received nothing from the device for the heartbeat timeout.
    Timeout = 4,
    /// Another login, the server API or an operator ended the login.
    Kicked = 5,
    /// The UserSig or JWT has expired while the device was connected, or the app no longer has its key.
    SigExpired = 6,
    /// The device was logged out because it had no connection for the time of the login retention.
    Lapsed = 7,
    /// The account was deleted.
    Deleted = 8,
    /// The custom status was set or cleared.
    Custom = 9,
    /// The node that had the connection was lost, and the client did not return in time.
    NodeLost = 10,
    /// The duration of the custom status has passed, and the server cleared it.
    CustomExpired = 11,
}

impl Reason {
    /// All reasons, in ascending order of their numbers.
    pub const ALL: [Self; 12] = [
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
        Self::CustomExpired,
    ];

    /// The reason with this number in the wire protocol; `None` if there is none.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as i32 == number)
    }

    /// The name of the reason in section 2 of the SPEC.
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
            Self::CustomExpired => "custom_expired",
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

/// The visible status of a user, with its evidence (SPEC section 2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserStatus {
    /// The id of the user.
    pub user_id: UserId,
    /// ONLINE, OFFLINE or UNLOGINED.
    pub status_type: StatusType,
    /// The custom status; empty if there is none.
    pub custom_status: CustomStatus,
    /// The time at which the server clears the custom status. `None` if there is no custom status, or if it has no
    /// duration.
    pub custom_expires: Option<Timestamp>,
    /// The version, which increases with every visible change of this user.
    pub version: Version,
    /// The time at which the status type last changed.
    pub since: Timestamp,
    /// The cause of the last change.
    pub reason: Reason,
    /// The time when the user was last connected. `None` while the user is ONLINE, and for a user who has never been
    /// connected.
    pub last_seen: Option<Timestamp>,
    /// The platforms of the devices that count as connected.
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
