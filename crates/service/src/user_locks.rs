//! A lock for each user, for operations whose changes must be made and announced in the same order.

use crate::shards::Shards;
use futures_util::lock::{Mutex, MutexGuard};
use lamplight_model::User;

/// The number of locks. Users are hashed onto them, so unrelated users may share one.
const LOCKS: usize = 64;

/// Locks, by user.
#[derive(Default)]
pub(crate) struct UserLocks(Shards<Mutex<()>, LOCKS>);

impl UserLocks {
    /// Locks this user until the guard is dropped.
    pub async fn lock(&self, user: &User) -> MutexGuard<'_, ()> {
        self.0.of(user).lock().await
    }
}
