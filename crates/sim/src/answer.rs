//! What comes of a step, in the words of the history: for the model and the world to say alike.

use crate::step::Who;
use lamplight_model::{Platform, PlatformSet, Reason, StatusType, Timestamp, UserStatus};

/// What anybody is shown of a user, but for the version.
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

/// What the caller of a step is told.
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
        /// Who has no account.
        unknown: Vec<Who>,
    },
    /// Subscribed.
    Subscribed {
        /// With the status of each.
        now: Vec<(Who, Shown)>,
        /// Who has no account.
        unknown: Vec<Who>,
        /// Who had to leave the list.
        evicted: Vec<Who>,
        /// Who of those is not watched any longer.
        let_go: Vec<Who>,
    },
    /// Unsubscribed.
    Unsubscribed {
        /// Who was on the list.
        removed: Vec<Who>,
        /// Who has no account and was not on it.
        unknown: Vec<Who>,
        /// Who of those removed is not watched any longer.
        let_go: Vec<Who>,
    },
    /// The list, and its limit.
    List(Vec<Who>, u16),
    /// Whether there was anything to do.
    Was(bool),
}

impl Shown {
    /// What a status shows.
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
