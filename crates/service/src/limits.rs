//! The rate limits of a node without a cluster: the calls of each user, and the failed logins of each address. This
//! module accesses no store.

mod throttle;

pub use throttle::{Failures, LoginThrottle, Port, ThrottleLimits, network};

use crate::shards::Shards;
use futures_util::FutureExt;
use hashbrown::HashMap;
use lamplight_core::{Call, SlidingWindow};
use lamplight_directory::{Limits, LimitsAnswer};
use lamplight_model::{Moment, RateLimit, User};
use parking_lot::Mutex;
use std::time::Duration;

const SHARDS: usize = 16;

type Windows = HashMap<(User, Call), (SlidingWindow, Duration), foldhash::fast::RandomState>;

/// The adapter of [`Limits`] for one node: a sliding window for each user and kind of call.
#[derive(Default)]
pub struct CallWindows {
    shards: Shards<Mutex<Windows>, SHARDS>,
}

impl CallWindows {
    fn take_now(&self, user: &User, call: Call, limit: RateLimit, now: Moment) -> bool {
        let mut shard = self.shards.of(user).lock();
        let (window, length) = shard.entry((user.clone(), call)).or_default();
        *length = Duration::from_millis(limit.window_ms.into());
        window.take(limit, now)
    }
}

impl Limits for CallWindows {
    fn take<'a>(&'a self, user: &'a User, call: Call, limit: RateLimit, now: Moment) -> LimitsAnswer<'a> {
        std::future::ready(Ok(self.take_now(user, call, limit, now))).boxed()
    }

    fn sweep(&self, now: Moment) {
        for shard in self.shards.all() {
            let mut shard = shard.lock();
            shard.retain(|_, (window, length)| !window.is_idle(*length, now));
            if shard.len() < shard.capacity() / 4 {
                shard.shrink_to_fit();
            }
        }
    }
}
