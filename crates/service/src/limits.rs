//! Rate limits: a port for the calls of users, with an adapter for one node, and the limit on failed logins from one
//! address.

mod throttle;

pub use throttle::{Failures, LoginThrottle, Port, ThrottleLimits, network};

use crate::shards::Shards;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hashbrown::HashMap;
use lamplight_core::{Call, SlidingWindow};
use lamplight_model::{Moment, RateLimit, User};
use parking_lot::Mutex;
use std::time::Duration;

const SHARDS: usize = 16;

/// The future result of a call to [`Limits`].
pub type LimitsAnswer<'a> = BoxFuture<'a, Result<bool, LimitsError>>;

/// The port for the rate limits of users. A limit applies to all nodes together.
pub trait Limits: Send + Sync {
    /// Counts a call of this user if the limit allows it, and returns whether it does. Concurrent calls cannot exceed
    /// the limit.
    fn take<'a>(&'a self, user: &'a User, call: Call, limit: RateLimit, now: Moment) -> LimitsAnswer<'a>;

    /// Removes entries that are no longer needed.
    fn sweep(&self, now: Moment);
}

/// The error of a failed store of rate limits. The adapter has logged the cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the store of rate limits has failed")]
pub struct LimitsError;

type Windows = HashMap<(User, Call), (SlidingWindow, Duration), foldhash::fast::RandomState>;

/// The adapter for one node: a sliding window for each user and kind of call.
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

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{AppId, UserId};

    #[test]
    fn each_user_and_operation_has_a_window_of_its_own() {
        let windows = CallWindows::default();
        let user = |id: &str| User::new(AppId(1), UserId::new(id).unwrap());
        let limit = RateLimit { calls: 2, window_ms: 1_000 };
        let take = |id: &str, call, at| {
            windows.take(&user(id), call, limit, Moment(at)).now_or_never().unwrap().unwrap()
        };
        let table = [
            ("a", Call::SendMessage, 0, true),
            ("a", Call::SendMessage, 0, true),
            ("a", Call::SendMessage, 999, false),
            ("a", Call::GetHistory, 999, true),
            ("b", Call::SendMessage, 999, true),
            ("a", Call::SendMessage, 1_000, true),
        ];
        for (id, call, at, taken) in table {
            assert_eq!(take(id, call, at), taken, "{id} {call:?} at {at}");
        }
    }
}
