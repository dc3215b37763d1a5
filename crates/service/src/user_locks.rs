//! A lock for each user: for operations that must be done and told in one order.

use crate::shards::Shards;
use futures_util::lock::{Mutex, MutexGuard};
use lamplight_model::User;

/// Users are hashed onto so many locks; unrelated users may share one.
const LOCKS: usize = 64;

/// Locks, by user.
#[derive(Default)]
pub(crate) struct UserLocks(Shards<Mutex<()>, LOCKS>);

impl UserLocks {
    /// Locks this user; dropping the guard releases it.
    pub async fn lock(&self, user: &User) -> MutexGuard<'_, ()> {
        self.0.of(user).lock().await
    }
}
