//! The snapshot that follows a login: what is told in it replaces what was known, and when it is complete, users of
//! whom nothing was told are let go.

use super::{Machine, Turn};
use lamplight_model::{UserId, UserStatus};
use std::collections::BTreeSet;

/// A snapshot that is not complete yet. As large as what the account watches.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// Users whose version the login named: the server tells of them only if they differ.
    named: BTreeSet<UserId>,
    /// Users who were told of since the login.
    told: BTreeSet<UserId>,
}

impl Snapshot {
    /// A snapshot that begins after a login that named these users.
    pub(super) fn after(named: BTreeSet<UserId>) -> Self {
        Self { named, told: BTreeSet::new() }
    }

    /// A status was told. Says whether it is the first of its user since the login: that one holds whatever its
    /// version, because the server may have lost versions that the client knows.
    fn is_first(&mut self, status: &UserStatus) -> bool {
        self.told.insert(status.user_id.clone())
    }

    fn covers(&self, user: &UserId) -> bool {
        self.named.contains(user) || self.told.contains(user)
    }
}

impl Machine {
    /// Takes in statuses of watched users; hands back what differs from before.
    pub(super) fn fold(&mut self, statuses: Vec<UserStatus>) -> Vec<UserStatus> {
        let snapshot = self.session.as_mut().and_then(|session| session.snapshot.as_mut());
        match snapshot {
            Some(snapshot) => self.cache.fold_replacing(statuses, |status| snapshot.is_first(status)),
            None => self.cache.fold(statuses),
        }
    }

    /// The snapshot is complete: users who were neither named nor told of are not watched any longer.
    pub(super) fn snapshot_complete(&mut self, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        let Some(snapshot) = session.snapshot.take() else { return };
        let left: Vec<UserId> = self
            .cache
            .iter()
            .map(|status| &status.user_id)
            .filter(|user| **user != session.user && !snapshot.covers(user))
            // A user that is about to be subscribed to again is not reported as unwatched in between.
            .filter(|user| !session.restore.not_watched(user))
            .cloned()
            .collect();
        // While nobody is told of others, the list stays as it was.
        if session.abilities.is_none_or(|abilities| abilities.statuses_of_others) {
            let gone: BTreeSet<&UserId> = left.iter().collect();
            session.subscriptions.retain(|user| !gone.contains(user));
        }
        self.not_watched(&left, turn);
    }
}
