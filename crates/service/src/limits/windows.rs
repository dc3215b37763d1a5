//! The calls that one node has allowed. There is a sliding window for each user and kind of call, and for each app and
//! command.

use crate::shards::Shards;
use futures_util::FutureExt;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use lamplight_core::{Call, SlidingWindow};
use lamplight_directory::{Limited, Limits, LimitsAnswer, Taken};
use lamplight_model::{AppId, Moment, RateLimit, User};
use parking_lot::Mutex;
use std::hash::{BuildHasher, Hash};
use std::time::Duration;

const SHARDS: usize = 16;

/// The adapter of [`Limits`] for one node.
#[derive(Default)]
pub struct CallWindows {
    users: Shards<Mutex<Table<(User, Call)>>, SHARDS>,
    apps: Mutex<Table<(AppId, &'static str)>>,
}

/// The windows by key. The table has pointers, because a third of its places or more are free.
struct Table<K> {
    windows: HashTable<Box<Window<K>>>,
    hasher: foldhash::fast::RandomState,
}

struct Window<K> {
    key: K,
    counts: Counts,
}

/// The calls that are counted against one limit.
struct Counts {
    calls: SlidingWindow,
    /// The limit that applied to the last call.
    limit: RateLimit,
    /// The time until which the store that all nodes share refuses calls. It is ignored when the limit has changed.
    refused_until: Moment,
}

impl CallWindows {
    /// Counts a call, and returns whether the call is allowed.
    pub(crate) fn take_now(&self, what: Limited<'_>, limit: RateLimit, now: Moment) -> bool {
        self.with(what, limit, |window| window.calls.take(limit, now))
    }

    /// Whether a call is refused, because of counted calls or of [`refuse_until`](Self::refuse_until).
    pub(crate) fn refuses(&self, what: Limited<'_>, limit: RateLimit, now: Moment) -> bool {
        self.with(what, limit, |window| now < window.refused_until || window.calls.is_full(limit, now))
    }

    /// Counts a call that was allowed by the store that all nodes share.
    pub(crate) fn count(&self, what: Limited<'_>, limit: RateLimit, now: Moment) {
        self.with(what, limit, |window| window.calls.count(limit, now));
    }

    /// Records that the store refuses calls until `until`. The time is bounded by the length of the window.
    pub(crate) fn refuse_until(&self, what: Limited<'_>, limit: RateLimit, until: Moment, now: Moment) {
        let latest = now + length(limit);
        self.with(what, limit, |window| window.refused_until = until.min(latest));
    }

    fn with<T>(&self, what: Limited<'_>, limit: RateLimit, act: impl FnOnce(&mut Counts) -> T) -> T {
        match what {
            Limited::User(user, call) => act(self.users.of(user).lock().counts((user.clone(), call), limit)),
            Limited::App(app, command) => act(self.apps.lock().counts((app, command), limit)),
        }
    }
}

impl Limits for CallWindows {
    fn take<'a>(&'a self, what: Limited<'a>, limit: RateLimit, now: Moment) -> LimitsAnswer<'a> {
        let taken = self.with(what, limit, |window| match window.calls.take(limit, now) {
            true => Taken::Allowed,
            false => Taken::Refused { until: window.calls.opens_at(limit, now) },
        });
        std::future::ready(Ok(taken)).boxed()
    }

    fn sweep(&self, now: Moment) {
        self.users.all().iter().for_each(|users| users.lock().sweep(now));
        self.apps.lock().sweep(now);
    }
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self { windows: HashTable::new(), hasher: Default::default() }
    }
}

impl<K: Eq + Hash> Table<K> {
    fn counts(&mut self, key: K, limit: RateLimit) -> &mut Counts {
        let Self { windows, hasher } = self;
        let hash = hasher.hash_one(&key);
        let place = windows.entry(hash, |window| window.key == key, |window| hasher.hash_one(&window.key));
        let counts = match place {
            Entry::Occupied(found) => &mut found.into_mut().counts,
            Entry::Vacant(place) => {
                let calls = SlidingWindow::default();
                let counts = Counts { calls, limit, refused_until: Moment::default() };
                &mut place.insert(Box::new(Window { key, counts })).into_mut().counts
            }
        };
        if counts.limit != limit {
            // A call that was refused under another limit may be allowed now.
            counts.limit = limit;
            counts.refused_until = Moment::default();
        }
        counts
    }

    fn sweep(&mut self, now: Moment) {
        let Self { windows, hasher } = self;
        windows.retain(|window| window.counts.matter(now));
        if windows.len() < windows.capacity() / 4 {
            windows.shrink_to_fit(|window| hasher.hash_one(&window.key));
        }
    }
}

impl Counts {
    /// Whether these counts may cause the refusal of a later call.
    fn matter(&self, now: Moment) -> bool {
        !self.calls.is_idle(length(self.limit), now) || now < self.refused_until
    }
}

fn length(limit: RateLimit) -> Duration {
    Duration::from_millis(limit.window_ms.into())
}
