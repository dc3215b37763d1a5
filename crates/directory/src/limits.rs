//! The port for the rate limits of users and of the server API.

use futures_util::future::BoxFuture;
use lamplight_core::Call;
use lamplight_model::{AppId, Moment, RateLimit, User};
use std::sync::Arc;

/// The future result of a call to [`Limits`].
pub type LimitsAnswer<'a> = BoxFuture<'a, Result<Taken, LimitsError>>;

/// The calls that are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Limited<'a> {
    /// The calls of one kind that one user makes.
    User(&'a User, Call),
    /// The calls of one command of the server API that one app makes. The command is given by its path.
    App(AppId, &'static str),
}

/// The outcome of a call under a rate limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// The call is allowed, and was counted.
    Allowed,
    /// The call is refused, and was not counted. As long as the limit stays the same, further calls are refused before
    /// the moment `until`.
    Refused {
        /// The first moment at which a call may be allowed.
        until: Moment,
    },
}

/// The port that counts calls on all nodes, and limits their rates.
pub trait Limits: Send + Sync {
    /// Counts one call at the time `now` of the directory's clock, and returns whether the call is allowed. At most
    /// `limit.calls` calls are allowed in any period of `limit.window_ms` milliseconds. Refused calls are not counted.
    /// Concurrent calls cannot exceed the limit.
    ///
    /// If an adapter uses a store and the store does not answer, the call fails soon. Further calls then fail at once
    /// for a while. If the future is dropped, the call may have been counted.
    fn take<'a>(&'a self, what: Limited<'a>, limit: RateLimit, now: Moment) -> LimitsAnswer<'a>;

    /// Removes counts that no longer affect a result.
    fn sweep(&self, now: Moment);
}

/// Implements the port for a shared adapter.
impl<T: Limits + ?Sized> Limits for Arc<T> {
    fn take<'a>(&'a self, what: Limited<'a>, limit: RateLimit, now: Moment) -> LimitsAnswer<'a> {
        (**self).take(what, limit, now)
    }

    fn sweep(&self, now: Moment) {
        (**self).sweep(now);
    }
}

/// The error of a rate limit store that has failed. The adapter has logged the cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the store of rate limits has failed")]
pub struct LimitsError;
