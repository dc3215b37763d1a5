//! The result of a transition of a live record.

use lamplight_model::{ConnectionId, DeviceId, Platform, UserId};

/// The result of a transition: its outcome, and the changes that the caller must store or report to watchers and
/// clients.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub struct Transition<T> {
    /// The answer to the caller.
    pub outcome: T,
    /// Whether the record has changed, visibly or not. If so, it must be stored. A refused call does not change it.
    pub changed: bool,
    /// Whether the visible status has changed, so that watchers must be notified.
    pub visible: bool,
    /// Whether the user's restrictions have changed. If so, the status may be visible to other watchers than before.
    pub restricted: bool,
    /// Whether the record has new session events for the outbox.
    pub has_events: bool,
    /// Connections that must be closed.
    pub ended: Vec<Ended>,
    /// Users who are new on the subscription list.
    pub subscribed: Vec<UserId>,
    /// Users who were removed from the subscription list.
    pub unsubscribed: Vec<UserId>,
}

/// A connection that must be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Ended {
    /// The id of the connection.
    pub connection: ConnectionId,
    /// The cause that is sent to the client.
    pub cause: EndCause,
}

/// Why a change of the live record closes a connection, for example another login or a kick.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum EndCause {
    /// The same device has connected again.
    Superseded,
    /// A later login has ended the login of this connection.
    KickedByLogin {
        /// The platform of the later login.
        by: Platform,
    },
    /// The server API or an operator has ended the login.
    KickedByOperator,
    /// The account of the user was deleted.
    AccountDeleted,
    /// An attempt to log out the device has failed, and a later attempt has succeeded.
    LoggedOut,
    /// Other nodes have counted the connection's node as lost, and have ended its connections in the records. If the
    /// node is running, it puts the connection back.
    NodeLost,
}

/// A login that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Removed {
    /// The id of the device.
    pub device: DeviceId,
    /// The number of the login.
    pub login: u64,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// Whether the login had a live connection.
    pub connected: bool,
}

impl<T> Transition<T> {
    /// Creates a transition that changes nothing.
    pub fn quiet(outcome: T) -> Self {
        Self {
            outcome,
            changed: false,
            visible: false,
            restricted: false,
            has_events: false,
            ended: Vec::new(),
            subscribed: Vec::new(),
            unsubscribed: Vec::new(),
        }
    }

    /// Replaces the outcome by the result of calling `outcome` with it.
    pub fn map<U>(self, outcome: impl FnOnce(T) -> U) -> Transition<U> {
        Transition {
            outcome: outcome(self.outcome),
            changed: self.changed,
            visible: self.visible,
            restricted: self.restricted,
            has_events: self.has_events,
            ended: self.ended,
            subscribed: self.subscribed,
            unsubscribed: self.unsubscribed,
        }
    }
}
