//! The snapshot after a login. Its statuses replace the cached statuses. A cached user without a status in the snapshot
//! is removed, unless the login request contained the user's version.

use super::{Machine, Turn};
use lamplight_model::{UserId, UserStatus};
use std::collections::BTreeSet;

/// A snapshot that is being received. Its size is bounded by the number of users that the account watches.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// The users whose versions the login request contained. The server sends their statuses only if their versions
    /// have changed.
    named: BTreeSet<UserId>,
    /// The users whose statuses were received since the login.
    told: BTreeSet<UserId>,
}

impl Snapshot {
    /// Creates the snapshot after a login request that contained the versions of `named`.
    pub(super) fn after(named: BTreeSet<UserId>) -> Self {
        Self { named, told: BTreeSet::new() }
    }

    /// Records a received status. Returns `true` for the user's first status since the login. A first status may have a
    /// lower version than the cached one, because the server may have lost newer versions.
    fn is_first(&mut self, status: &UserStatus) -> bool {
        self.told.insert(status.user_id.clone())
    }

    fn covers(&self, user: &UserId) -> bool {
        self.named.contains(user) || self.told.contains(user)
    }
}

impl Machine {
    /// Adds statuses of watched users to the cache, and returns the changed statuses.
    pub(super) fn fold(&mut self, statuses: Vec<UserStatus>) -> Vec<UserStatus> {
        let snapshot = self.session.as_mut().and_then(|session| session.snapshot.as_mut());
        match snapshot {
            Some(snapshot) => self.cache.fold_replacing(statuses, |status| snapshot.is_first(status)),
            None => self.cache.fold(statuses),
        }
    }

    /// Completes the snapshot. Removes each user who was neither in the login request nor in a received status, because
    /// the user is no longer watched.
    pub(super) fn snapshot_complete(&mut self, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        let Some(snapshot) = session.snapshot.take() else { return };
        let left: Vec<UserId> = self
            .cache
            .iter()
            .map(|status| &status.user_id)
            .filter(|user| **user != session.user && !snapshot.covers(user))
            // A user to whom the client will subscribe again is not reported as unwatched in between.
            .filter(|user| !session.restore.not_watched(user))
            .cloned()
            .collect();
        let unsubscribed = session.left_the_list(&left);
        self.not_watched(&left, turn);
        turn.emit_unsubscribed(unsubscribed);
    }
}
