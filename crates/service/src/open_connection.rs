//! An open connection, which its node can put back into a live record that has lost it.

use lamplight_core::RecordEpoch;
use lamplight_model::{ConnectionId, DeviceId, Platform, User, UserId, UserStatus};

/// An open connection of this node, with the node's data about the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenConnection {
    /// The user.
    pub user: User,
    /// The connection.
    pub connection: ConnectionId,
    /// The device.
    pub device: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The number of the login.
    pub login: u64,
    /// The issue time of the UserSig, in seconds.
    pub issued: u64,
    /// The epoch in which the live record last had the connection. `None` if the log has reported since that other
    /// nodes have ended the connection.
    pub recorded_in: Option<RecordEpoch>,
    /// The newest status of the user that the node has sent to any client; `None` if it has sent none.
    pub told: Option<UserStatus>,
    /// The subscription list that the node has. Its order is that of the record, unless users were removed from the
    /// list since the login.
    pub subscriptions: Vec<UserId>,
}

/// The handling of a login whose connection is missing in the live record when the login is about to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotCurrent {
    /// Another login of the device has replaced the connection. The connection is closed as superseded, and the login
    /// is refused with 6014.
    Superseded,
    /// The directory may have lost the record. The client is asked to reconnect and to try again (70500). If another
    /// connection has replaced this one, the client learns this from the answer to its next login.
    Reconnect,
    /// The connection is ending for another reason. The client is told that reason. The login may be tried again
    /// (70500).
    Ending,
}

impl NotCurrent {
    /// Chooses the handling of a login whose connection is missing in the live record. `is_ending` is `true` if the end
    /// of the connection only waits for the answer to the login.
    pub fn of_login(is_in_cluster: bool, is_ending: bool) -> Self {
        match (is_in_cluster, is_ending) {
            (false, _) => Self::Superseded,
            (true, false) => Self::Reconnect,
            (true, true) => Self::Ending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NotCurrent::{Ending, Reconnect, Superseded};
    use super::*;

    #[test]
    fn a_login_under_way_at_a_loss_is_not_told_that_it_was_replaced() {
        for (is_in_cluster, is_ending, expected) in [
            (false, false, Superseded),
            (false, true, Superseded),
            (true, false, Reconnect),
            (true, true, Ending),
        ] {
            assert_eq!(NotCurrent::of_login(is_in_cluster, is_ending), expected);
        }
    }
}
