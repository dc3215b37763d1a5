//! A lock for each user, for operations whose changes must be made and published in the same order.

use crate::shards::Shards;
use futures_util::lock::{Mutex, MutexGuard};
use lamplight_model::User;

/// The number of locks. A hash of the user selects the lock, so two users may share one.
const LOCKS: usize = 64;

/// The locks, by user.
#[derive(Default)]
pub(crate) struct UserLocks(Shards<Mutex<()>, LOCKS>);

impl UserLocks {
    /// Locks this user until the returned guard is dropped.
    pub async fn lock(&self, user: &User) -> MutexGuard<'_, ()> {
        self.0.of(user).lock().await
    }
}
