//! The wait between the end of a link and the next attempt.

use crate::backoff::{Jitter, Spread};
use std::time::Duration;

/// The wait between the end of a link and the next attempt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Retry {
    BackOff,
    /// Exactly this time, which was chosen at random by the server, or by this client after a sleep; longer if attempts
    /// have failed.
    After(Duration),
    /// This time plus the back-off.
    NotBefore(Duration),
}

impl Retry {
    /// The wait before the next attempt after this many failures.
    pub(super) fn wait(self, spread: Spread, failures: u32, jitter: Jitter) -> Duration {
        let back_off = spread.delay(failures, jitter);
        match self {
            Self::BackOff => back_off,
            // A server that asks to reconnect again and again gets increasing waits.
            Self::After(span) if failures == 0 => span,
            Self::After(span) => span.max(back_off),
            Self::NotBefore(span) => span + back_off,
        }
    }
}
