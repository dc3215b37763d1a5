//! The session of a client, and its phases. The rules are in the other parts of the machine.

use super::snapshot::Snapshot;
use crate::Abilities;
use crate::backoff::Spread;
use crate::link::{Call, CallId, Link};
use crate::lists::ListsVersion;
use crate::path::NetworkPath;
use crate::restore::Restore;
use lamplight_model::{Moment, Platform, UserId, UserStatus};
use std::collections::{BTreeSet, VecDeque};

/// A session, from a login to its end.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) user: UserId,
    pub(super) user_sig: String,
    /// Whether the session has been live; from then on the SDK reconnects on its own.
    pub(super) established: bool,
    /// The number of successive attempts without a lasting link.
    pub(super) failures: u32,
    /// The time over which the clients of the server spread their reconnects.
    pub(super) spread: Spread,
    /// The silence after which the path to the server cuts links.
    pub(super) path: NetworkPath,
    /// The application's calls to log in, which are answered when the current attempt ends.
    pub(super) logins: Vec<(CallId, Moment)>,
    /// Calls that were not sent yet.
    pub(super) queue: VecDeque<Call>,
    /// The subscribed users as far as this client knows, earliest first.
    pub(super) subscriptions: Vec<UserId>,
    pub(super) restore: Restore,
    pub(super) lists_version: ListsVersion,
    /// The abilities that the app's settings give to this client, as sent last.
    pub(super) abilities: Option<Abilities>,
    /// The snapshot of the current link, until it is complete.
    pub(super) snapshot: Option<Snapshot>,
    /// The largest size of a login message in bytes. Smaller than in the contract if the server did not accept that
    /// size.
    pub(super) login_limit: usize,
    pub(super) phase: Phase,
}

#[derive(Debug)]
pub(super) enum Phase {
    Connecting {
        deadline: Moment,
    },
    LoggingIn {
        id: u64,
        deadline: Moment,
        resume: bool,
        /// The size of the login message.
        bytes: usize,
        /// The users whose versions the login named.
        named: BTreeSet<UserId>,
        /// Statuses that came before the answer to the login. They are reported together with it.
        early: Vec<UserStatus>,
    },
    Live(Link),
    Waiting {
        until: Moment,
        /// The time from which a call of the application may end the wait.
        at_call: Moment,
    },
}

impl Session {
    /// Removes users who are not watched any longer from the subscription list, and returns those who were on it. While
    /// the app forbids notifications of other users, the list stays unchanged.
    pub(super) fn left_the_list(&mut self, left: &[UserId]) -> Vec<UserId> {
        if self.abilities.is_some_and(|abilities| !abilities.statuses_of_others) {
            return Vec::new();
        }
        let left: BTreeSet<&UserId> = left.iter().collect();
        self.subscriptions.extract_if(.., |user| left.contains(user)).collect()
    }

    /// The time at which the next batch of a restore is due; `None` while the app allows no subscriptions or the link
    /// has no room.
    pub(super) fn restore_due(&self, link: &Link) -> Option<Moment> {
        let may_subscribe = self.abilities.is_none_or(|abilities| abilities.statuses_of_others);
        if may_subscribe && link.has_room() { self.restore.due() } else { None }
    }

    /// Whether closing the link, or aborting the attempt to open one, undoes the login: the login was not sent yet,
    /// or it is a Web login, which ends with its link.
    pub(super) fn ends_with_its_link(&self, platform: Platform) -> bool {
        match self.phase {
            Phase::Live(_) => false,
            Phase::LoggingIn { .. } => platform.is_web(),
            Phase::Connecting { .. } | Phase::Waiting { .. } => platform.is_web() || !self.established,
        }
    }
}
