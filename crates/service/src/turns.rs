//! One at a time, by user: for what must be done and told in one order.

use futures_util::lock::{Mutex, MutexGuard};
use lamplight_model::User;
use std::hash::BuildHasher;

/// Users are hashed onto so many locks; unrelated users may share one.
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
    /// Locks this user's turn; dropping the guard releases it.
    pub async fn take(&self, user: &User) -> MutexGuard<'_, ()> {
        self.shards[self.hasher.hash_one(user) as usize % SHARDS].lock().await
    }
}
