//! The snapshot after a login. Its statuses replace the known ones; when it is complete, users without a status in it
//! are dropped.

use super::{Machine, Turn};
use lamplight_model::{UserId, UserStatus};
use std::collections::BTreeSet;

/// A snapshot that is not complete yet. Its size is bounded by the users that the account watches.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// The users whose versions the login named. The server sends their statuses only if the versions differ.
    named: BTreeSet<UserId>,
    /// The users whose status has come since the login.
    told: BTreeSet<UserId>,
}

impl Snapshot {
    /// Creates the snapshot that follows a login with these users.
    pub(super) fn after(named: BTreeSet<UserId>) -> Self {
        Self { named, told: BTreeSet::new() }
    }

    /// Records a status. Returns whether it is the first one of its user since the login: that one is accepted
    /// whatever its version, because the server may have lost versions that the client knows.
    fn is_first(&mut self, status: &UserStatus) -> bool {
        self.told.insert(status.user_id.clone())
    }

    fn covers(&self, user: &UserId) -> bool {
        self.named.contains(user) || self.told.contains(user)
    }
}

impl Machine {
    /// Adds statuses of watched users, and returns those that differ from before.
    pub(super) fn fold(&mut self, statuses: Vec<UserStatus>) -> Vec<UserStatus> {
        let snapshot = self.session.as_mut().and_then(|session| session.snapshot.as_mut());
        match snapshot {
            Some(snapshot) => self.cache.fold_replacing(statuses, |status| snapshot.is_first(status)),
            None => self.cache.fold(statuses),
        }
    }

    /// Completes the snapshot: users who were not named and whose status did not come are not watched any longer.
    pub(super) fn snapshot_complete(&mut self, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        let Some(snapshot) = session.snapshot.take() else { return };
        let left: Vec<UserId> = self
            .cache
            .iter()
            .map(|status| &status.user_id)
            .filter(|user| **user != session.user && !snapshot.covers(user))
            // A user who will be subscribed again is not reported as unwatched in between.
            .filter(|user| !session.restore.not_watched(user))
            .cloned()
            .collect();
        let unsubscribed = session.left_the_list(&left);
        self.not_watched(&left, turn);
        turn.emit_unsubscribed(unsubscribed);
    }
}
