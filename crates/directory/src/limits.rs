//! The port for the rate limits of users.

use futures_util::future::BoxFuture;
use lamplight_core::Call;
use lamplight_model::{Moment, RateLimit, User};
use std::sync::Arc;

/// The future result of a call to [`Limits`].
pub type LimitsAnswer<'a> = BoxFuture<'a, Result<bool, LimitsError>>;

/// The port that counts the calls of each user on all nodes, and limits their rates.
pub trait Limits: Send + Sync {
    /// Counts one call of this user at the time `now` of the directory's clock. Returns whether the call is allowed.
    /// Any period of `limit.window_ms` milliseconds has at most `limit.calls` allowed calls. Refused calls are not
    /// counted. Concurrent calls cannot exceed the limit.
    fn take<'a>(&'a self, user: &'a User, call: Call, limit: RateLimit, now: Moment) -> LimitsAnswer<'a>;

    /// Removes counts that no longer affect a result.
    fn sweep(&self, now: Moment);
}

/// A shared adapter is an adapter too.
impl<T: Limits> Limits for Arc<T> {
    fn take<'a>(&'a self, user: &'a User, call: Call, limit: RateLimit, now: Moment) -> LimitsAnswer<'a> {
        T::take(self, user, call, limit, now)
    }

    fn sweep(&self, now: Moment) {
        T::sweep(self, now);
    }
}

/// The error of a rate limit store that has failed. The adapter has logged the cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the store of rate limits has failed")]
pub struct LimitsError;
