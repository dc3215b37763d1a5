//! A logged-in device and its link. The transitions are in [`crate::Presence`].

use lamplight_model::{ConnectionId, DeviceId, Moment, Platform, Reason, SessionEventKind};
use std::net::IpAddr;

/// A device that has logged in and has not logged out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Device {
    /// The id of the device.
    pub id: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The number of the login, which the facts have assigned. It is higher than the numbers of all earlier logins. A
    /// logout with a lower number belongs to an earlier login, and does not end this one.
    pub login: u64,
    /// The issue time, in seconds, of the UserSig that the device used last. 0 if the device has not connected since
    /// the record was created from the facts.
    pub issued: u64,
    /// The state of the device's connection.
    pub link: Link,
    /// The address of the last connection. `None` if the app did not want session events when the device connected.
    /// Also `None` if the device has not connected since the record was created from the facts.
    pub address: Option<IpAddr>,
}

/// The state of a logged-in device's connection.
///
/// - A login, and each later connect of the device, makes the state `Connected`.
/// - If the connection is closed and the app has a linger, or if the node is lost, the state becomes `Held`.
/// - If the connection is closed without a linger, or has timed out, the state becomes `Gone`.
/// - At the end of the linger or grace, `Held` becomes `Gone`.
/// - At the time `lapses` of `Gone`, the device is logged out.
///
/// A Web device never becomes `Gone`: it is logged out instead.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Link {
    /// The device has a live connection.
    Connected(ConnectionId),
    /// The connection has ended, but the device still counts as connected during the linger or the grace.
    Held {
        /// The end of the linger or grace.
        until: Moment,
        /// The way in which the connection ended.
        end: LinkEnd,
    },
    /// The device has no connection.
    Gone {
        /// The time at which the device is logged out.
        lapses: Moment,
    },
}

impl Link {
    /// Whether the device counts as connected.
    pub(crate) fn is_present(self) -> bool {
        match self {
            Self::Connected(_) | Self::Held { .. } => true,
            Self::Gone { .. } => false,
        }
    }
}

/// The ways in which a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum LinkEnd {
    /// The connection was closed or has failed: FIN, RST, process killed, tab closed.
    Closed,
    /// The node received nothing from the device during the heartbeat timeout.
    TimedOut,
    /// The node of the connection was lost.
    NodeLost,
}

impl LinkEnd {
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Closed => Reason::LinkClosed,
            Self::TimedOut => Reason::Timeout,
            Self::NodeLost => Reason::NodeLost,
        }
    }

    /// The session event that reports this end to the app's backend.
    pub(crate) fn event(self) -> SessionEventKind {
        match self {
            Self::Closed | Self::NodeLost => SessionEventKind::LinkClosed,
            Self::TimedOut => SessionEventKind::TimedOut,
        }
    }
}

/// A connecting device whose UserSig was verified and whose login was recorded.
#[derive(Clone, Debug)]
pub struct Connect<'a> {
    /// The id of the device.
    pub device: &'a DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The number of the login. A returning device keeps the number of its login.
    pub login: u64,
    /// The creation number that the account had when the facts recorded this login. 0 if the device came back with an
    /// earlier login, because nothing was recorded then.
    pub born: u64,
    /// The issue time of the device's UserSig, in seconds.
    pub issued: u64,
    /// The id of the new connection.
    pub connection: ConnectionId,
    /// The address from which the device connects; `None` if it is not to be stored.
    pub address: Option<IpAddr>,
}
