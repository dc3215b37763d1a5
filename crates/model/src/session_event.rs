//! The session events of a user: changes of sessions that the app's backend is told of (SPEC section 9).

use crate::{CustomStatus, DeviceId, Platform, Timestamp};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// One thing that happened to the sessions of a user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionEvent {
    /// Rises with every event of the user, also over an account that was deleted and made again.
    pub ordinal: u64,
    /// When.
    pub at: Timestamp,
    /// On which device; `None` for what was done on the user's behalf.
    pub device: Option<EventDevice>,
    /// The kind of the event.
    pub kind: SessionEventKind,
}

/// The device of an event, as far as it is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EventDevice {
    /// Which device.
    pub id: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// Where its last connection came from.
    pub address: Option<IpAddr>,
}

/// The kind of a session event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SessionEventKind {
    /// The device connected: a login, or a return.
    Login {
        /// The platforms of the logins that had to end for it.
        kicked: Vec<Platform>,
    },
    /// The login ended: the user logged out, was kicked by the app, or the UserSig expired.
    Logout,
    /// The connection broke.
    LinkClosed,
    /// The connection was silent for too long.
    TimedOut,
    /// The user set the custom status, or cleared it with an empty one.
    CustomStatus(CustomStatus),
}

impl SessionEventKind {
    /// Whether a connection ended by itself. A device that is back before this was told makes it untold.
    pub fn is_disconnect(&self) -> bool {
        match self {
            Self::LinkClosed | Self::TimedOut => true,
            Self::Login { .. } | Self::Logout | Self::CustomStatus(_) => false,
        }
    }
}
