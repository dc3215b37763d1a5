//! The wait between the end of a link and the next attempt to connect.

use crate::backoff::{Jitter, Spread};
use std::time::Duration;

/// The rule for the wait between the end of a link and the next attempt to connect.
#[derive(Clone, Copy, Debug)]
pub(super) enum Retry {
    BackOff,
    /// Wait for this time. The server has chosen it at random, or this client has chosen it after a sleep. After
    /// failures, wait for the back-off if that is longer.
    After(Duration),
    /// Wait for this time plus the back-off.
    NotBefore(Duration),
}

impl Retry {
    /// Returns the wait before the next attempt, after `failures` consecutive failures.
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
