//! An open connection, which its node can put back into a live record that has lost it.

use lamplight_model::{ConnectionId, DeviceId, Platform, User, UserId, UserStatus};

/// An open connection of this node, with the data that the node has of the user.
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
    /// The second in which the UserSig was issued.
    pub issued: u64,
    /// The newest status of the user that the node has sent to any client; `None` if it has sent none.
    pub told: Option<UserStatus>,
    /// The subscription list that the node has, in no particular order.
    pub subscriptions: Vec<UserId>,
}
