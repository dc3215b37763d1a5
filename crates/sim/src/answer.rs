//! The outcome of a step, in a form that the model and the world share.

use crate::step::Who;
use lamplight_model::{Platform, PlatformSet, Reason, StatusType, Timestamp, UserStatus};

/// A status as other users see it, without its version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The status type.
    pub kind: StatusType,
    /// The custom status.
    pub text: String,
    /// The time of the last change of the status type.
    pub since: Timestamp,
    /// The reason of the last change.
    pub reason: Reason,
    /// The last time at which the user was connected.
    pub last_seen: Option<Timestamp>,
    /// The connected platforms.
    pub platforms: PlatformSet,
}

/// The cause of a connection's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The same device has connected again.
    Superseded,
    /// Another login has ended this one.
    KickedByLogin(Platform),
    /// The app's backend has ended the login.
    KickedByOperator,
    /// The account was deleted.
    Deleted,
    /// The connection's own client, link, UserSig or process has ended it.
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
        /// Whether the account was created by the login.
        registered: bool,
        /// Whether the subscription list was dropped.
        list_lost: bool,
    },
    /// The caller's own status.
    Own(Shown),
    /// The answer to a query.
    Statuses {
        /// The statuses in the order of the request.
        found: Vec<(Who, Shown)>,
        /// The users without an account.
        unknown: Vec<Who>,
    },
    /// The answer to a subscription.
    Subscribed {
        /// The current statuses of the subscribed users.
        now: Vec<(Who, Shown)>,
        /// The users without an account.
        unknown: Vec<Who>,
        /// The users who were evicted from the list.
        evicted: Vec<Who>,
        /// The evicted users who are not watched any longer.
        let_go: Vec<Who>,
    },
    /// The answer to an unsubscription.
    Unsubscribed {
        /// The users who were on the list.
        removed: Vec<Who>,
        /// The users without an account who were not on the list.
        unknown: Vec<Who>,
        /// The removed users who are not watched any longer.
        let_go: Vec<Who>,
    },
    /// The subscription list, and its limit.
    List(Vec<Who>, u16),
    /// Whether there was anything to do.
    Was(bool),
}

impl Shown {
    /// The visible part of a status.
    pub fn of(status: &UserStatus) -> Self {
        Self {
            kind: status.status_type,
            text: status.custom_status.as_str().to_owned(),
            since: status.since,
            reason: status.reason,
            last_seen: status.last_seen,
            platforms: status.online_devices,
        }
    }
}
