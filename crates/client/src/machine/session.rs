//! The session of a client and its phases.

use super::snapshot::Snapshot;
use crate::Abilities;
use crate::backoff::Spread;
use crate::link::{Call, CallId, Link};
use crate::list_check::ListCheck;
use crate::lists::ListsVersion;
use crate::path::NetworkPath;
use crate::request::Request;
use crate::restore::Restore;
use lamplight_model::{Moment, Platform, UserId, UserStatus};
use lamplight_wire::FrameLimits;
use std::collections::{BTreeSet, VecDeque};

/// A session, from a login to its end.
#[derive(Debug)]
pub(super) struct Session {
    /// The login that began this session.
    pub(super) id: CallId,
    pub(super) user: UserId,
    /// The UserSig of the next login: the newest UserSig of the application that was not refused.
    pub(super) user_sig: String,
    /// The last UserSig that the server has accepted. The session uses it again if a newer UserSig is refused.
    pub(super) accepted_sig: String,
    /// `true` after the first login has succeeded. From then on, the client reconnects by itself.
    pub(super) established: bool,
    /// The number of consecutive attempts that have failed, or have opened a link that broke soon.
    pub(super) failures: u32,
    /// The period over which the server's clients spread their reconnects.
    pub(super) spread: Spread,
    /// The measured properties of the network path.
    pub(super) path: NetworkPath,
    /// The application's login calls, which are answered at the end of the current attempt.
    pub(super) logins: Vec<(CallId, Moment)>,
    /// Calls that were not sent yet.
    pub(super) queue: VecDeque<Call>,
    /// The client's copy of the subscription list, earliest first.
    pub(super) subscriptions: Vec<UserId>,
    pub(super) restore: Restore,
    pub(super) list_check: ListCheck,
    pub(super) lists_version: ListsVersion,
    /// The abilities of this client, as last sent by the server; `None` before the server has sent them.
    pub(super) abilities: Option<Abilities>,
    /// The snapshot that the server is sending on the current link; `None` once it is complete.
    pub(super) snapshot: Option<Snapshot>,
    /// The maximum size of a login request in bytes. It is lowered when the server has refused a larger login request.
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
        /// The size of the login request in bytes.
        bytes: usize,
        /// The users whose versions the login request contains.
        named: BTreeSet<UserId>,
        /// Statuses that were received before the answer to the login. They are processed together with that answer.
        early: Vec<UserStatus>,
    },
    Live(Link),
    Waiting {
        until: Moment,
        /// The time when the wait ends if a call of the application is waiting. It is never later than `until`.
        at_call: Moment,
    },
}

impl Session {
    /// Creates the session of a first login.
    pub(super) fn new(user: UserId, user_sig: String, login: (CallId, Moment), now: Moment) -> Self {
        Self {
            id: login.0,
            user,
            user_sig,
            accepted_sig: String::new(),
            established: false,
            failures: 0,
            spread: Spread::Unknown,
            path: NetworkPath::default(),
            logins: vec![login],
            queue: VecDeque::new(),
            subscriptions: Vec::new(),
            restore: Restore::default(),
            list_check: ListCheck::default(),
            lists_version: ListsVersion::default(),
            abilities: None,
            snapshot: None,
            login_limit: FrameLimits::default().before_login,
            phase: Phase::Waiting { until: now, at_call: now },
        }
    }

    /// Returns the deadlines of the calls that were not sent.
    pub(super) fn call_deadlines(&self) -> impl Iterator<Item = Moment> {
        let logins = self.logins.iter().map(|(_, deadline)| *deadline);
        logins.chain(self.queue.iter().map(|call| call.deadline))
    }

    /// Returns `true` if a logout waits to be sent or to be answered.
    pub(super) fn is_logging_out(&self) -> bool {
        let waits = self.queue.iter().any(|call| call.request == Request::Logout);
        waits || matches!(&self.phase, Phase::Live(link) if link.has_in_flight(&Request::Logout))
    }

    /// Moves the logins in the queue to the next attempt. They have waited for room on a link that is now broken.
    pub(super) fn take_waiting_logins(&mut self) {
        let Self { queue, logins, .. } = self;
        queue.retain(|call| match (&call.request, call.id) {
            (Request::Login { resume: false, .. }, Some(id)) => {
                logins.push((id, call.deadline));
                false
            }
            _ => true,
        });
    }

    /// Drops a UserSig that the server has refused. Returns `true` if the session now uses an older UserSig that the
    /// server has accepted.
    pub(super) fn drop_user_sig(&mut self, refused: &str) -> bool {
        let is_newest = self.established && self.user_sig == refused && self.accepted_sig != refused;
        if is_newest {
            self.user_sig.clone_from(&self.accepted_sig);
        }
        is_newest
    }

    /// Removes the users in `left` from the client's copy of the subscription list, because they are no longer watched.
    /// Returns the users that it has removed. Removes none while the app forbids notifications about other users.
    pub(super) fn left_the_list(&mut self, left: &[UserId]) -> Vec<UserId> {
        if self.abilities.is_some_and(|abilities| !abilities.statuses_of_others) {
            return Vec::new();
        }
        let left: BTreeSet<&UserId> = left.iter().collect();
        self.subscriptions.extract_if(.., |user| left.contains(user)).collect()
    }

    /// Returns the time when the next batch of a restore must be sent. Returns `None` if no batch waits, if the link
    /// has too many unanswered requests, or if the app does not allow subscriptions.
    pub(super) fn restore_due(&self, link: &Link) -> Option<Moment> {
        let may_subscribe = self.abilities.is_none_or(|abilities| abilities.statuses_of_others);
        if may_subscribe && link.has_room() { self.restore.due() } else { None }
    }

    /// Returns the time when the subscription list must be read. Returns `None` under the conditions of
    /// [`Self::restore_due`], and while a restore is in progress.
    pub(super) fn list_check_due(&self, link: &Link) -> Option<Moment> {
        let may_read = self.abilities.is_none_or(|abilities| abilities.statuses_of_others);
        let is_free = may_read && link.has_room() && self.restore.is_idle();
        if is_free { self.list_check.due() } else { None }
    }

    /// Returns `true` if closing the link, or the attempt to open one, is enough to log out. It is enough before the
    /// first login was sent, and for a Web client without a live link.
    pub(super) fn ends_with_its_link(&self, platform: Platform) -> bool {
        match self.phase {
            Phase::Live(_) => false,
            Phase::LoggingIn { .. } => platform.is_web(),
            Phase::Connecting { .. } | Phase::Waiting { .. } => platform.is_web() || !self.established,
        }
    }
}
