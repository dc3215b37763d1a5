//! The calls that one node has allowed. There is a sliding window for each user and kind of call, and for each app and
//! command.

use crate::shards::Shards;
use futures_util::FutureExt;
use hashbrown::HashMap;
use lamplight_core::{Call, SlidingWindow};
use lamplight_directory::{Limited, Limits, LimitsAnswer, Taken};
use lamplight_model::{AppId, Moment, RateLimit, User};
use parking_lot::Mutex;
use std::hash::Hash;
use std::time::Duration;

const SHARDS: usize = 16;

/// The adapter of [`Limits`] for one node.
#[derive(Default)]
pub struct CallWindows {
    users: Shards<Mutex<Table<(User, Call)>>, SHARDS>,
    apps: Mutex<Table<(AppId, &'static str)>>,
}

type Table<K> = HashMap<K, Window, foldhash::fast::RandomState>;

/// The calls that are counted against one limit.
struct Window {
    calls: SlidingWindow,
    /// The limit that applied to the last call.
    limit: RateLimit,
    /// The time until which the store of all nodes refuses calls. It is ignored when the limit has changed.
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

    /// Counts a call that the store of all nodes has allowed.
    pub(crate) fn count(&self, what: Limited<'_>, limit: RateLimit, now: Moment) {
        self.with(what, limit, |window| window.calls.count(limit, now));
    }

    /// Records that the store refuses calls until `until`. The time is bounded by the length of the window.
    pub(crate) fn refuse_until(&self, what: Limited<'_>, limit: RateLimit, until: Moment, now: Moment) {
        let latest = now + length(limit);
        self.with(what, limit, |window| window.refused_until = until.min(latest));
    }

    fn with<T>(&self, what: Limited<'_>, limit: RateLimit, act: impl FnOnce(&mut Window) -> T) -> T {
        match what {
            Limited::User(user, call) => {
                act(window(&mut self.users.of(user).lock(), (user.clone(), call), limit))
            }
            Limited::App(app, command) => act(window(&mut self.apps.lock(), (app, command), limit)),
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
        self.users.all().iter().for_each(|users| sweep(&mut users.lock(), now));
        sweep(&mut self.apps.lock(), now);
    }
}

fn window<K: Eq + Hash>(table: &mut Table<K>, key: K, limit: RateLimit) -> &mut Window {
    let new = || Window { calls: SlidingWindow::default(), limit, refused_until: Moment::default() };
    let window = table.entry(key).or_insert_with(new);
    if window.limit != limit {
        // A call that was refused under another limit may be allowed now.
        window.limit = limit;
        window.refused_until = Moment::default();
    }
    window
}

fn sweep<K: Eq + Hash>(table: &mut Table<K>, now: Moment) {
    table.retain(|_, window| !window.calls.is_idle(length(window.limit), now) || now < window.refused_until);
    if table.len() < table.capacity() / 4 {
        table.shrink_to_fit();
    }
}

fn length(limit: RateLimit) -> Duration {
    Duration::from_millis(limit.window_ms.into())
}
