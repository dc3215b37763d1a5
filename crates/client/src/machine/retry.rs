//! How soon after the end of a link the next attempt comes.

use crate::backoff::{Jitter, Spread};
use std::time::Duration;

/// How soon after the end of a link the next attempt comes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Retry {
    BackOff,
    /// After this time, which the server has chosen at random.
    After(Duration),
    /// Back-off, and this time on top.
    NotBefore(Duration),
}

impl Retry {
    /// The wait for the next attempt after so many failures.
    pub(super) fn wait(self, spread: Spread, failures: u32, jitter: Jitter) -> Duration {
        let back_off = spread.delay(failures, jitter);
        match self {
            Self::BackOff => back_off,
            // A server that sends away again and again is not followed at once for ever.
            Self::After(span) if failures == 0 => span,
            Self::After(span) => span.max(back_off),
            Self::NotBefore(span) => span + back_off,
        }
    }
}
