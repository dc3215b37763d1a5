//! The wait between the end of a link and the next attempt to connect.

use crate::backoff::{Jitter, Spread};
use std::time::Duration;

/// The rule for the wait between the end of a link and the next attempt to connect.
#[derive(Clone, Copy, Debug)]
pub(super) enum Retry {
    BackOff,
    /// At this time, which the server chose at random, or this client after a sleep. After failures, a longer back-off
    /// is used instead.
    After(Duration),
    /// At this time, plus the back-off.
    NotBefore(Duration),
}

impl Retry {
    /// The wait before the next attempt, after `failures` consecutive failures.
    pub(super) fn wait(self, spread: Spread, failures: u32, jitter: Jitter) -> Duration {
        let back_off = spread.delay(failures, jitter);
        match self {
            Self::BackOff => back_off,
            // If a server asks to reconnect repeatedly, the waits increase.
            Self::After(span) if failures == 0 => span,
            Self::After(span) => span.max(back_off),
            Self::NotBefore(span) => span + back_off,
        }
    }
}
