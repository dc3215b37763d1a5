//! The session events of a user: changes of sessions that the app's backend is told of (SPEC section 9).

mod stored;

use crate::{CustomStatus, DeviceId, Platform, StatusType, Timestamp, Version};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The most events between a disconnect and the login that takes it back. Behind more, both are told.
pub const MAX_EVENTS_BETWEEN: usize = 64;

/// One thing that happened to the sessions of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionEvent {
    /// Rises with every event of the user, also over an account that was deleted and made again.
    pub ordinal: u64,
    /// When.
    pub at: Timestamp,
    /// On which device; `None` for what was done on the user's behalf.
    pub device: Option<EventDevice>,
    /// The kind of the event.
    pub kind: SessionEventKind,
    /// The status of the user after the event; `None` for an event that an earlier version of Lamplight wrote down.
    pub after: Option<StatusAfter>,
}

/// The status of a user after a session event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusAfter {
    /// Online, offline or not logged in.
    pub status_type: StatusType,
    /// The version of the status.
    pub version: Version,
    /// Whether the event is told whatever follows, since a login could not undo what its step said of the user: the step also
    /// cleared a custom status, or had said in an event before this one that the user is ONLINE no longer.
    pub told_always: bool,
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
    /// Whether a connection ended by itself.
    pub fn is_disconnect(&self) -> bool {
        match self {
            Self::LinkClosed | Self::TimedOut => true,
            Self::Login { .. } | Self::Logout | Self::CustomStatus(_) => false,
        }
    }
}

impl SessionEvent {
    /// The device of a login that kicked nobody: only such a login can take back a disconnect.
    pub fn device_that_is_back(&self) -> Option<&DeviceId> {
        match &self.kind {
            SessionEventKind::Login { kicked } if kicked.is_empty() => {
                self.device.as_ref().map(|device| &device.id)
            }
            SessionEventKind::Login { .. }
            | SessionEventKind::Logout
            | SessionEventKind::LinkClosed
            | SessionEventKind::TimedOut
            | SessionEventKind::CustomStatus(_) => None,
        }
    }

    /// Whether this login takes back a disconnect that was not sent, so that neither is sent. `between` are the events of
    /// the user from one to the other.
    ///
    /// A receiver then takes the device for connected the whole time. That must agree with everything else that the
    /// receiver is told: see [`StatusAfter::told_always`].
    pub fn takes_back<'a>(&self, disconnect: &Self, mut between: impl Iterator<Item = &'a Self>) -> bool {
        let (Some(device), Some(gone)) = (self.device_that_is_back(), &disconnect.device) else {
            return false;
        };
        let is_told_always = |event: &Self| event.after.is_some_and(|after| after.told_always);
        disconnect.kind.is_disconnect()
            && gone.id == *device
            && self.device.as_ref().is_some_and(|back| back.platform == gone.platform)
            && !is_told_always(disconnect)
            && between.all(|event| event.leaves_connected(device) && !is_told_always(event))
    }

    /// Whether a device may be taken for connected the whole time although this event lies between its disconnect and
    /// its login: the event is of another device and ended no login that may have been this device's.
    fn leaves_connected(&self, device: &DeviceId) -> bool {
        match (&self.kind, &self.device) {
            (SessionEventKind::CustomStatus(_), None) => true,
            (SessionEventKind::Login { kicked }, _) if !kicked.is_empty() => false,
            (_, Some(on)) => on.id != *device,
            (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests;
