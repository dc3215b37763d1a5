//! The sliding windows of this node: one for each user and operation that was lately called.

use hashbrown::HashMap;
use lamplight_core::{Call, SlidingWindow};
use lamplight_model::{Moment, RateLimit, User};
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const SHARDS: usize = 16;

type Windows = HashMap<(User, Call), (SlidingWindow, Duration), foldhash::fast::RandomState>;

/// Counts calls by user and operation.
pub(crate) struct CallWindows {
    shards: [Mutex<Windows>; SHARDS],
    hasher: foldhash::fast::RandomState,
}

impl Default for CallWindows {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: foldhash::fast::RandomState::default(),
        }
    }
}

impl CallWindows {
    /// Takes a place for one call, if there is one.
    pub fn take(&self, user: &User, call: Call, limit: RateLimit, now: Moment) -> bool {
        let shard = &self.shards[self.hasher.hash_one(user) as usize % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let (window, length) = shard.entry((user.clone(), call)).or_default();
        *length = Duration::from_millis(limit.window_ms.into());
        window.take(limit, now)
    }

    /// Forgets what no longer matters.
    pub fn sweep(&self, now: Moment) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, (window, length)| !window.is_idle(*length, now));
            if shard.len() < shard.capacity() / 4 {
                shard.shrink_to_fit();
            }
        }
    }
}
