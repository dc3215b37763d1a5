//! The session events of a user: changes of sessions that are sent to the app's backend (SPEC section 9).

mod stored;

use crate::{CustomStatus, DeviceId, Platform, StatusType, Timestamp, Version};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The most events between a disconnect and the login that takes it back. If there are more, both are sent.
pub const MAX_EVENTS_BETWEEN: usize = 64;

/// One change of the sessions of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionEvent {
    /// The number of the event, which rises with every event of the user, even if the account was deleted and created
    /// again.
    pub ordinal: u64,
    /// The time of the event.
    pub at: Timestamp,
    /// The device of the event; `None` if it was caused on the user's behalf.
    pub device: Option<EventDevice>,
    /// The kind of the event.
    pub kind: SessionEventKind,
    /// The status of the user after the event; `None` for an event that an earlier version of Lamplight stored.
    pub after: Option<StatusAfter>,
}

/// The status of a user after a session event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusAfter {
    /// Online, offline or not logged in.
    pub status_type: StatusType,
    /// The version of the status.
    pub version: Version,
    /// Whether the event is sent even if a login follows, because the login would not restore the earlier status: the
    /// step has also cleared a custom status, or an earlier event of the step has reported that the user is no longer
    /// ONLINE.
    pub told_always: bool,
}

/// The device of an event, as far as it is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EventDevice {
    /// The device.
    pub id: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The address of its last connection.
    pub address: Option<IpAddr>,
}

/// The kind of a session event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SessionEventKind {
    /// The device has connected, by a login or a return.
    Login {
        /// The platforms of the logins that this login has ended.
        kicked: Vec<Platform>,
    },
    /// The login ended: the user logged out, was kicked by the app, or the UserSig expired.
    Logout,
    /// The connection was closed or has failed.
    LinkClosed,
    /// Nothing was received for the heartbeat timeout.
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

    /// Whether this login takes back a disconnect that was not sent, so that neither of them is sent. `between` are the
    /// user's events from one to the other.
    ///
    /// A receiver then believes that the device was connected the whole time. That must agree with everything else that
    /// the receiver is sent: see [`StatusAfter::told_always`].
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

    /// Whether a device may be believed to have been connected the whole time although this event lies between its
    /// disconnect and its login: the event is of another device, and has ended no login that may have been this
    /// device's.
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
