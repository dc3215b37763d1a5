//! The port for the rate limits of users.

use futures_util::future::BoxFuture;
use lamplight_core::Call;
use lamplight_model::{Moment, RateLimit, User};

/// The future result of a call to [`Limits`].
pub type LimitsAnswer<'a> = BoxFuture<'a, Result<bool, LimitsError>>;

/// The counts of the calls of users, over all nodes.
pub trait Limits: Send + Sync {
    /// Counts one call of this user at `now`, by the directory's clock, and returns whether the rate allows it: at most
    /// `limit.calls` calls in any window of this length. A refused call is not counted. Two concurrent calls are never
    /// both allowed as the last one.
    fn take<'a>(&'a self, user: &'a User, call: Call, limit: RateLimit, now: Moment) -> LimitsAnswer<'a>;

    /// Drops entries whose time has passed.
    fn sweep(&self, now: Moment);
}

/// The error of a rate limit store that has failed. The adapter has logged the cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the store of rate limits has failed")]
pub struct LimitsError;
