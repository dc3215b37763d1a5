//! One at a time, by user: for what must be done and told in one order.

use futures_util::lock::{Mutex, MutexGuard};
use lamplight_model::User;
use std::hash::BuildHasher;

/// Users that share a turn do so by chance.
const SHARDS: usize = 64;

/// Turns, by user.
pub(crate) struct Turns {
    shards: [Mutex<()>; SHARDS],
    hasher: foldhash::fast::RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: foldhash::fast::RandomState::default(),
        }
    }
}

impl Turns {
    /// Waits until nobody else has the turn of this user. Whoever drops it gives it on.
    pub async fn take(&self, user: &User) -> MutexGuard<'_, ()> {
        self.shards[self.hasher.hash_one(user) as usize % SHARDS].lock().await
    }
}
