//! The outcome of a step. The model and the world return outcomes of the same type, so that they can be compared.

use crate::step::Who;
use lamplight_model::{Platform, PlatformSet, Reason, StatusType, Timestamp, UserStatus};

/// A visible status without its version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The status type.
    pub kind: StatusType,
    /// The custom status.
    pub text: String,
    /// The time at which the server clears the custom status; `None` if it has no duration.
    pub expires: Option<Timestamp>,
    /// The time when the status type last changed.
    pub since: Timestamp,
    /// The reason for the last change.
    pub reason: Reason,
    /// The time when the user was last connected; `None` for a user who is online or was never connected.
    pub last_seen: Option<Timestamp>,
    /// The platforms of the devices that count as connected.
    pub platforms: PlatformSet,
}

/// The reason why a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The same device opened a new connection.
    Superseded,
    /// A login on another device of this platform kicked the device.
    KickedByLogin(Platform),
    /// The app's backend kicked the user.
    KickedByOperator,
    /// The account was deleted.
    Deleted,
    /// Any other cause: the client, a broken link, an expired UserSig or the end of the server process.
    Own,
}

/// The answer to the caller of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The call succeeded without a result.
    Done,
    /// The call was refused with this code.
    Refused(u32),
    /// The device is logged in.
    LoggedIn {
        /// `true` if the login created the account.
        registered: bool,
        /// `true` if the server had dropped the user's subscription list before the login.
        list_lost: bool,
    },
    /// The new status of the caller.
    Own(Shown),
    /// The answer to a status query.
    Statuses {
        /// The statuses in the order of the request.
        found: Vec<(Who, Shown)>,
        /// The requested users who have no account.
        unknown: Vec<Who>,
    },
    /// The answer to a subscription.
    Subscribed {
        /// The current statuses of the subscribed users.
        now: Vec<(Who, Shown)>,
        /// The requested users who have no account.
        unknown: Vec<Who>,
        /// The users who were evicted from the list because it was full.
        evicted: Vec<Who>,
        /// The evicted users whom the caller no longer watches.
        let_go: Vec<Who>,
    },
    /// The answer to an unsubscription.
    Unsubscribed {
        /// The users who were on the list.
        removed: Vec<Who>,
        /// The requested users who have no account and were not on the list.
        unknown: Vec<Who>,
        /// The removed users whom the caller no longer watches.
        let_go: Vec<Who>,
    },
    /// The subscription list, and the maximum number of users on it.
    List(Vec<Who>, u16),
    /// Whether the call has changed something.
    Was(bool),
}

impl Shown {
    /// Copies the fields of a status without its version.
    pub fn of(status: &UserStatus) -> Self {
        Self {
            kind: status.status_type,
            text: status.custom_status.as_str().to_owned(),
            expires: status.custom_expires,
            since: status.since,
            reason: status.reason,
            last_seen: status.last_seen,
            platforms: status.online_devices,
        }
    }
}
