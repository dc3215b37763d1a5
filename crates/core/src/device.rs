//! A logged-in device and its link. The transitions are in [`crate::Presence`].

use lamplight_model::{ConnectionId, DeviceId, Moment, Platform, Reason, SessionEventKind};
use std::net::IpAddr;

/// A login: a device that has logged in and not logged out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The number of the login, assigned by the facts: higher than the number of every earlier login. An end with a
    /// lower number belongs to an earlier login.
    pub login: u64,
    /// The second in which the UserSig of its last connection was issued.
    pub issued: u64,
    /// The current link.
    pub link: Link,
    /// The address of the last connection; kept only if the app wants session events.
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
/// The login of a Web device ends where another device would become `Gone`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Link {
    /// There is a live connection.
    Connected(ConnectionId),
    /// The connection has ended but still counts as present for a while: during the linger, or during the grace after
    /// a node was lost.
    Held {
        /// The end of that time.
        until: Moment,
        /// The cause of the end of the link.
        end: LinkEnd,
    },
    /// There is no connection.
    Gone {
        /// The time at which the login lapses.
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

/// The causes of the end of a link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum LinkEnd {
    /// The connection was closed or has failed: FIN, RST, process killed, tab closed.
    Closed,
    /// Nothing was received for the heartbeat timeout.
    TimedOut,
    /// The node that held the connection was lost.
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
    /// The number of its login. A returning device keeps its number.
    pub login: u64,
    /// The creation number of the account at the time when the facts recorded the login; 0 for a returning device.
    pub born: u64,
    /// The second in which its UserSig was issued.
    pub issued: u64,
    /// The new connection.
    pub connection: ConnectionId,
    /// The address from which the device connects.
    pub address: Option<IpAddr>,
}
