//! The wait before the next attempt to connect. Knows no clock and no randomness.
//!
//! The server says over how long its clients spread their reconnects ([`Spread`]). The first attempt after a broken
//! link comes at a random moment in that time, and further attempts follow at the same distance. A server that is
//! down therefore gets no more attempts than it accepts logins, and clients find it soon after it is back.

use std::time::Duration;

/// The longest wait before the first attempt after a broken link, if the server does not say a spread.
pub(crate) const FIRST: Duration = Duration::from_secs(1);

/// The mean wait between attempts, for a spread that is not longer. The longest wait is half as much again.
const BETWEEN: Duration = Duration::from_millis(1_500);

/// The mean wait between attempts after many of them, for a spread that is not longer. The longest wait, half as much
/// again, does not exceed the grace (30 s) in which a client can return without being seen to leave.
const BETWEEN_LONGEST: Duration = Duration::from_secs(20);

/// The number of attempts, about two minutes, before the wait between them begins to double. It covers a restart of
/// the server, and is small enough for a device that has no network for hours.
const ATTEMPTS_BEFORE_DOUBLING: u32 = 80;

/// While calls wait for the link, the wait is no longer than after this many failures.
pub(crate) const MOST_FAILURES_WITH_CALLS: u32 = 1;

/// A link that lived this long counts as a success, and the next wait is a first one again. With a shorter time,
/// clients would flood a server that accepts and closes connections in a loop.
pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(10);

/// A random number from 0 to 1, drawn by the driver for each step.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Jitter(f64);

impl Jitter {
    /// Creates a jitter; a fraction outside of 0 to 1 is clamped.
    pub(crate) fn new(fraction: f64) -> Self {
        Self(fraction.clamp(0.0, 1.0))
    }

    /// This fraction of a span, in whole milliseconds.
    pub(crate) fn of(self, span: Duration) -> Duration {
        Duration::from_millis(span.mul_f64(self.0).as_millis().try_into().unwrap_or(u64::MAX))
    }
}

/// The spread of reconnects, as the server said it last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spread {
    /// The server has not said a spread: before the first login, or an older server.
    Unknown,
    Told(Duration),
}

impl Spread {
    /// Reads the field of the wire, in which zero means that the value is absent.
    pub(crate) fn from_wire(spread_ms: u32) -> Self {
        match spread_ms {
            0 => Self::Unknown,
            spread_ms => Self::Told(Duration::from_millis(spread_ms.into())),
        }
    }

    /// The wait before the next attempt when `failures` attempts in a row have failed.
    ///
    /// The first wait is completely random; a later wait is half random. Thousands of clients that lost a server
    /// together must not return together.
    pub(crate) fn delay(self, failures: u32, jitter: Jitter) -> Duration {
        let (first, steady) = match self {
            Self::Unknown => (FIRST, 1),
            Self::Told(spread) => (spread, ATTEMPTS_BEFORE_DOUBLING),
        };
        if failures == 0 {
            return jitter.of(first);
        }
        let doubled = 2u32.checked_pow(failures.saturating_sub(steady));
        let between = doubled.and_then(|factor| BETWEEN.checked_mul(factor));
        let between = between.unwrap_or(BETWEEN_LONGEST).min(BETWEEN_LONGEST).max(first);
        between / 2 + jitter.of(between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table that the web SDK passes too: the spread (0: none), failures, jitter, and the wait, in milliseconds.
    const CASES: &str = include_str!("../tests/sdk/reconnect.csv");

    #[test]
    fn waits_are_those_of_the_table_that_the_sdks_share() {
        let mut checked = 0;
        for line in CASES.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split(',').collect();
            let [spread, failures, jitter, wait] = fields[..] else { panic!("{line}") };
            let delay = Spread::from_wire(spread.parse().unwrap())
                .delay(failures.parse().unwrap(), Jitter::new(jitter.parse().unwrap()));
            assert_eq!(delay, Duration::from_millis(wait.parse().unwrap()), "{line}");
            checked += 1;
        }
        assert!(checked > 20, "{checked}");
    }

    #[test]
    fn a_jitter_never_leaves_its_span() {
        for (fraction, expected) in [(-1.0, 0), (0.25, 250), (7.0, 1000)] {
            assert_eq!(Jitter::new(fraction).of(FIRST), Duration::from_millis(expected));
        }
    }
}
