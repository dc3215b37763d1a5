//! The session of a client, and its phases. The rules are in the other parts of the machine.

use super::snapshot::Snapshot;
use crate::Abilities;
use crate::backoff::Spread;
use crate::link::{Call, CallId, Link};
use crate::lists::ListsKnown;
use crate::path::NetworkPath;
use crate::restore::Restore;
use lamplight_model::{Moment, Platform, UserId, UserStatus};
use std::collections::{BTreeSet, VecDeque};

/// From a login to what ends it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) user: UserId,
    pub(super) user_sig: String,
    /// Has been live: from then on the SDK comes back on its own.
    pub(super) established: bool,
    /// Attempts in a row that brought no lasting link.
    pub(super) failures: u32,
    /// Over how long the clients of the server spread their return.
    pub(super) spread: Spread,
    /// The silence that the path to the server has cut links after.
    pub(super) path: NetworkPath,
    /// Logins of the application that the present attempt will answer.
    pub(super) logins: Vec<(CallId, Moment)>,
    /// Calls that were not sent yet.
    pub(super) queue: VecDeque<Call>,
    /// The subscribed users as this client knows them, earliest first.
    pub(super) subscriptions: Vec<UserId>,
    pub(super) restore: Restore,
    pub(super) lists: ListsKnown,
    /// The abilities that the app's settings leave this client, as told last.
    pub(super) abilities: Option<Abilities>,
    /// The snapshot of the present link, until it is complete.
    pub(super) snapshot: Option<Snapshot>,
    /// The most bytes of a login message. Less than the contract has where the server would not take so much.
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
        /// The users whose versions the login named.
        named: BTreeSet<UserId>,
        /// Statuses that were told before the answer. They surface together with it.
        early: Vec<UserStatus>,
    },
    Live(Link),
    Waiting {
        until: Moment,
        /// When a call of the application may end the wait.
        at_call: Moment,
    },
}

impl Session {
    /// When the next batch of a restore is due. Where the app lets nobody subscribe, the restore waits until it does; where
    /// the link is full, until it has room.
    pub(super) fn restore_due(&self, link: &Link) -> Option<Moment> {
        let may_subscribe = self.abilities.is_none_or(|abilities| abilities.statuses_of_others);
        if may_subscribe && link.has_room() { self.restore.due() } else { None }
    }

    /// Whether closing the link, or the attempt to make one, undoes the login: the login was not sent yet, or it is one of
    /// the Web, which lasts as long as its link.
    pub(super) fn ends_with_its_link(&self, platform: Platform) -> bool {
        match self.phase {
            Phase::Live(_) => false,
            Phase::LoggingIn { .. } => platform.is_web(),
            Phase::Connecting { .. } | Phase::Waiting { .. } => platform.is_web() || !self.established,
        }
    }
}
