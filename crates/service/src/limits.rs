//! The rate limits of calls, and the limit of failed logins by address.
//!
//! A single node counts calls in its own windows. In a cluster, a store counts the calls of all nodes. If this node's
//! own windows already refuse a call, the store is not asked (`docs/decisions/0094`).

mod throttle;
mod windows;

pub use throttle::{Failures, LoginThrottle, Port, ThrottleLimits, network};
pub use windows::CallWindows;

use lamplight_directory::{Limited, Limits, LimitsError, Taken};
use lamplight_model::{Moment, RateLimit};

/// The rate limits of a node.
#[derive(Default)]
pub(crate) struct Rates {
    /// The calls that this node has allowed. In a cluster, also the times until which the store refuses calls.
    own: CallWindows,
    /// The store that counts the calls of all nodes.
    store: Option<Box<dyn Limits>>,
}

impl Rates {
    /// The rate limits of a node, with a store that also counts the calls of other nodes.
    pub(crate) fn shared(limits: Box<dyn Limits>) -> Self {
        Self { own: CallWindows::default(), store: Some(limits) }
    }

    /// Counts a call, and returns whether the call is allowed. If the store fails, only the limits of this node apply.
    /// Without a store, the future is ready at the first poll.
    pub(crate) async fn take(&self, what: Limited<'_>, limit: RateLimit, now: Moment) -> bool {
        let Some(store) = &self.store else { return self.own.take_now(what, limit, now) };
        if self.own.refuses(what, limit, now) {
            return false;
        }
        match store.take(what, limit, now).await {
            Ok(Taken::Allowed) => {
                self.own.count(what, limit, now);
                true
            }
            Ok(Taken::Refused { until }) => {
                self.own.refuse_until(what, limit, until, now);
                false
            }
            Err(LimitsError) => self.own.take_now(what, limit, now),
        }
    }

    /// Removes counts that no longer affect any result.
    pub(crate) fn sweep(&self, now: Moment) {
        self.own.sweep(now);
        if let Some(store) = &self.store {
            store.sweep(now);
        }
    }
}
