//! The connections that watch a user, for an answer.

use super::Audience;
use lamplight_core::{Versioned, Why};
use lamplight_model::{User, UserId};
use std::collections::BTreeMap;

/// The watchers of a user on one worker.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Watchers {
    /// The number of connections of other users that watch the user.
    pub connections: usize,
    /// Some of the watching users, with the reasons for which they watch.
    pub users: BTreeMap<UserId, WatchedFor>,
}

/// The reasons for which one user watches another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WatchedFor {
    /// Whether the watcher is subscribed to the watched user.
    pub subscribed: bool,
    /// `true` if the two users are mutual friends and the app notifies mutual friends.
    pub friend: bool,
}

/// The maximum number of connections that [`Audience::watchers`] examines for each user that it may list. Few users
/// have more devices.
const EDGES_PER_WATCHER: usize = 4;

impl<S: Versioned> Audience<S> {
    /// Counts the connections that watch a user, except the user's own connections. Lists up to `most` users of these
    /// connections. The cost of the call is bounded by `most`.
    pub fn watchers(&self, user: &User, most: usize) -> Watchers {
        let Some(edges) = self.hub.watchers(user) else { return Watchers::default() };
        let own = self.watchers_of(user).count();
        let mut watchers = Watchers { connections: edges.len().saturating_sub(own), users: BTreeMap::new() };
        for (watcher, reasons) in edges.take(most.saturating_mul(EDGES_PER_WATCHER) + own) {
            let Some(viewer) = self.user_of(watcher).filter(|viewer| *viewer != user) else { continue };
            if watchers.users.len() >= most && !watchers.users.contains_key(&viewer.id) {
                break;
            }
            let known = watchers.users.entry(viewer.id.clone()).or_default();
            known.subscribed |= reasons.has(Why::Subscribed);
            known.friend |= reasons.has(Why::Friend);
        }
        watchers
    }
}
