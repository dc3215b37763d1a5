//! How long to wait before the next attempt to connect. Knows no clock and no randomness.

use std::time::Duration;

/// The longest wait before the first attempt after a link broke.
pub(crate) const FIRST: Duration = Duration::from_secs(1);

/// The longest wait before any attempt. Not above the grace (30 s) in which a client that returns is never
/// seen to leave.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);

/// A link that lived this long was a success: the next wait is a first one again. Shorter, and a server that
/// accepts and drops in a loop would be hammered.
pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(10);

/// A random number from 0 to 1, drawn by the shell for each step.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Jitter(f64);

impl Jitter {
    /// Takes a fraction; what is outside 0 to 1 becomes the nearer end.
    pub(crate) fn new(fraction: f64) -> Self {
        Self(fraction.clamp(0.0, 1.0))
    }

    /// This fraction of a span, in whole milliseconds.
    pub(crate) fn of(self, span: Duration) -> Duration {
        Duration::from_millis(span.mul_f64(self.0).as_millis().try_into().unwrap_or(u64::MAX))
    }
}

/// The wait before the next attempt when `failures` attempts in a row have failed: anything up to a ceiling
/// that doubles from [`FIRST`] to [`LONGEST`].
///
/// The whole span is random, not only its end: thousands of clients that lost one server together must not
/// return together.
pub(crate) fn delay(failures: u32, jitter: Jitter) -> Duration {
    jitter.of(ceiling(failures))
}

fn ceiling(failures: u32) -> Duration {
    let doubled = 2u32.checked_pow(failures).and_then(|factor| FIRST.checked_mul(factor));
    doubled.unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_longest_wait() {
        let cases =
            [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (6, 30), (31, 30), (32, 30), (u32::MAX, 30)];
        for (failures, seconds) in cases {
            assert_eq!(delay(failures, Jitter::new(1.0)), Duration::from_secs(seconds), "{failures}");
            assert_eq!(delay(failures, Jitter::new(0.5)), Duration::from_millis(seconds * 500), "{failures}");
            assert_eq!(delay(failures, Jitter::new(0.0)), Duration::ZERO, "{failures}");
        }
    }

    #[test]
    fn a_jitter_never_leaves_its_span() {
        for (fraction, expected) in [(-1.0, 0), (0.25, 250), (7.0, 1000)] {
            assert_eq!(Jitter::new(fraction).of(FIRST), Duration::from_millis(expected));
        }
    }
}
