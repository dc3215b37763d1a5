//! The outcome of a step, in the words of the history: model and world give it in the same form.

use crate::step::Who;
use lamplight_model::{Platform, PlatformSet, Reason, StatusType, Timestamp, UserStatus};

/// A status as it is shown to anybody, without its version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Online, offline or not logged in.
    pub kind: StatusType,
    /// The custom status.
    pub text: String,
    /// When the status type last changed.
    pub since: Timestamp,
    /// Why the status last changed.
    pub reason: Reason,
    /// The last moment with a connection.
    pub last_seen: Option<Timestamp>,
    /// The platforms connected now.
    pub platforms: PlatformSet,
}

/// Why a connection was closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The same device has connected again.
    Superseded,
    /// Another login was in the way.
    KickedByLogin(Platform),
    /// The app's backend ended it.
    KickedByOperator,
    /// The account is gone.
    Deleted,
    /// Its own client, link or UserSig ended it, or its process.
    Own,
}

/// The answer to the caller of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Nothing in particular.
    Done,
    /// No, with this code.
    Refused(u32),
    /// Logged in.
    LoggedIn {
        /// The account was made for it.
        registered: bool,
        /// The subscription list was given up.
        list_lost: bool,
    },
    /// The caller's own status.
    Own(Shown),
    /// The statuses asked for.
    Statuses {
        /// In the order asked.
        found: Vec<(Who, Shown)>,
        /// Users who have no account.
        unknown: Vec<Who>,
    },
    /// Subscribed.
    Subscribed {
        /// With the status of each.
        now: Vec<(Who, Shown)>,
        /// Users who have no account.
        unknown: Vec<Who>,
        /// Users who had to leave the list.
        evicted: Vec<Who>,
        /// Those of them who are not watched any longer.
        let_go: Vec<Who>,
    },
    /// Unsubscribed.
    Unsubscribed {
        /// Users who were on the list.
        removed: Vec<Who>,
        /// Users who have no account and were not on the list.
        unknown: Vec<Who>,
        /// Those of the removed who are not watched any longer.
        let_go: Vec<Who>,
    },
    /// The list, and its limit.
    List(Vec<Who>, u16),
    /// Whether there was anything to do.
    Was(bool),
}

impl Shown {
    /// The shown part of a status.
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
