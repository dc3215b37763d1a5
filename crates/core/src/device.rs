//! A logged-in device and its link. Transitions are decided in `presence`.

use lamplight_model::{ConnectionId, DeviceId, Moment, Platform, Reason, SessionEventKind};
use std::net::IpAddr;

/// A login: a device that has logged in and not logged out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The number of the login, given by the facts: higher than that of every login before it. An end that names a
    /// lower number is that of an earlier login.
    pub login: u64,
    /// The second in which the UserSig of its last connection was issued.
    pub issued: u64,
    /// Its current link.
    pub link: Link,
    /// The address of its last connection; kept only if the app wants to be notified of it.
    pub address: Option<IpAddr>,
}

/// The link of a logged-in device.
///
/// ```text
///             connect                    linger or grace over
/// (login) ──────────────▶ Connected ──▶ Held ──────────────────▶ Gone ──▶ (lapsed)
///                             ▲  └─────── link ends, no linger ────▲
///                             └──────────── connect ── Held, Gone ─┘
/// ```
/// A Web device has no `Gone`: its login ends there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Link {
    /// There is a live connection.
    Connected(ConnectionId),
    /// The connection has ended, and counts as present for a while: a linger, or the grace after the loss of
    /// a node.
    Held {
        /// Until when.
        until: Moment,
        /// How it ended.
        end: LinkEnd,
    },
    /// There is no connection.
    Gone {
        /// When the login lapses.
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

/// How a link ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum LinkEnd {
    /// FIN, RST, process killed, tab closed, error.
    Closed,
    /// Silent for the heartbeat timeout.
    TimedOut,
    /// The node that held it was lost.
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

/// A device that connects, with its UserSig verified and its login recorded.
#[derive(Clone, Debug)]
pub struct Connect<'a> {
    /// The device.
    pub device: &'a DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The number of its login. A returning device keeps the number it has.
    pub login: u64,
    /// The creation number of the account, as the facts had it when they recorded the login; 0 for a returning device.
    pub born: u64,
    /// The second in which its UserSig was issued.
    pub issued: u64,
    /// The new connection.
    pub connection: ConnectionId,
    /// The address that it connects from.
    pub address: Option<IpAddr>,
}
