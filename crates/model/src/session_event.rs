//! The session events of a user: logins, logouts and changes of connections. They are sent to the app's backend (SPEC
//! section 9).

mod stored;

use crate::{CustomStatus, DeviceId, Platform, StatusType, Timestamp, Version, Visibility};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The maximum number of events between a disconnect and a login that cancels the disconnect. If there are more events,
/// both the disconnect and the login are sent.
pub const MAX_EVENTS_BETWEEN: usize = 64;

/// A login, a logout or another change of a user's sessions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionEvent {
    /// The number of the event. It increases with every event of the user, even if the account is deleted and created
    /// again.
    pub ordinal: u64,
    /// The time of the event.
    pub at: Timestamp,
    /// The device of the event. `None` if the server API or an operator has set the custom status, or if the duration
    /// of the custom status has passed.
    pub device: Option<EventDevice>,
    /// The kind of the event.
    pub kind: SessionEventKind,
    /// The status of the user after the event; `None` if an earlier version of Lamplight has stored the event.
    pub after: Option<StatusAfter>,
}

/// The status of a user after a session event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusAfter {
    /// ONLINE, OFFLINE or UNLOGINED.
    pub status_type: StatusType,
    /// The version of the status.
    pub version: Version,
    /// If `true`, the event is sent even if a later login would cancel it. The flag is set if the change that caused
    /// the event has also cleared a custom status. It is also set if an earlier event of that change reports that the
    /// user is no longer ONLINE.
    pub told_always: bool,
    /// The users who may see the status.
    pub visibility: Visibility,
}

/// The device of a session event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EventDevice {
    /// The id of the device.
    pub id: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The address of the device's last connection; `None` if it is unknown.
    pub address: Option<IpAddr>,
}

/// The kind of a session event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SessionEventKind {
    /// The device has logged in, or has returned.
    Login {
        /// The platforms of the logins that this login has ended.
        kicked: Vec<Platform>,
    },
    /// The device was logged out, for example by the user, by a kick of the app, or by the expiry of the UserSig.
    Logout,
    /// The connection was closed or has failed.
    LinkClosed,
    /// The server has received nothing from the device for the heartbeat timeout.
    TimedOut,
    /// The custom status was set without a duration. An empty text means that it was cleared.
    CustomStatus(CustomStatus),
    /// The custom status was set with a duration.
    EndingCustomStatus {
        /// The text.
        text: CustomStatus,
        /// The time at which the server clears it.
        expires: Timestamp,
    },
    /// The duration of the custom status has passed, and the server cleared it.
    CustomStatusExpired,
}

impl SessionEventKind {
    /// Whether the event reports the end of a connection without a logout.
    pub fn is_disconnect(&self) -> bool {
        match self {
            Self::LinkClosed | Self::TimedOut => true,
            Self::Login { .. } | Self::Logout => false,
            Self::CustomStatus(_) | Self::EndingCustomStatus { .. } | Self::CustomStatusExpired => false,
        }
    }

    /// Whether the event reports a change of the custom status.
    pub fn is_of_custom_status(&self) -> bool {
        match self {
            Self::CustomStatus(_) | Self::EndingCustomStatus { .. } | Self::CustomStatusExpired => true,
            Self::Login { .. } | Self::Logout | Self::LinkClosed | Self::TimedOut => false,
        }
    }
}

impl SessionEvent {
    /// If the event is a login that has kicked no other login, returns the id of its device; otherwise `None`. Only
    /// such a login can cancel a disconnect.
    pub fn device_that_is_back(&self) -> Option<&DeviceId> {
        match &self.kind {
            SessionEventKind::Login { kicked } if kicked.is_empty() => {
                self.device.as_ref().map(|device| &device.id)
            }
            SessionEventKind::Login { .. }
            | SessionEventKind::Logout
            | SessionEventKind::LinkClosed
            | SessionEventKind::TimedOut
            | SessionEventKind::CustomStatus(_)
            | SessionEventKind::EndingCustomStatus { .. }
            | SessionEventKind::CustomStatusExpired => None,
        }
    }

    /// Whether this login cancels `disconnect`, which was not sent yet. If so, neither the login nor the disconnect is
    /// sent. `between` has the events of the user between the disconnect and the login.
    ///
    /// The receiver then assumes that the device was connected all the time. Each event in `between` must therefore be
    /// one that can occur while the device is connected. An event with [`StatusAfter::told_always`] prevents the
    /// cancelling too.
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

    /// Returns whether this event can occur while `device` is connected. An event of another device can occur, unless
    /// it is a login that has kicked a device. A change of the custom status without a device can occur too.
    fn leaves_connected(&self, device: &DeviceId) -> bool {
        match (&self.kind, &self.device) {
            (kind, None) if kind.is_of_custom_status() => true,
            (SessionEventKind::Login { kicked }, _) if !kicked.is_empty() => false,
            (_, Some(on)) => on.id != *device,
            (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests;
