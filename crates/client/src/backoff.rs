//! The wait before the next attempt to connect. Pure: the failures and the jitter are arguments.
//!
//! The server announces the time over which its clients spread their reconnects ([`Spread`]). A client makes its first
//! attempt after a broken link at a random moment within that time, and further attempts at intervals of about that
//! length. A server that is down therefore gets no more attempts in a time than it could accept logins, and clients
//! connect soon after it is back.

use std::time::Duration;

/// The longest wait before the first attempt after a broken link, if the server has not announced a spread.
pub(crate) const FIRST: Duration = Duration::from_secs(1);

/// The mean wait between attempts, unless the spread is longer than this. The longest wait is 1.5 times the mean.
const BETWEEN: Duration = Duration::from_millis(1_500);

/// The mean wait between attempts after many failures, unless the spread is longer than this. The longest wait, 1.5
/// times the mean, does not exceed the grace (30 s) for which a user whose connection is lost is still shown as
/// connected.
const BETWEEN_LONGEST: Duration = Duration::from_secs(20);

/// The number of attempts before the wait between them begins to double. They last about two minutes: long enough for a
/// restart of the server, and few enough for a device that has no network for hours.
const ATTEMPTS_BEFORE_DOUBLING: u32 = 80;

/// The highest number of failures that the wait takes into account while calls wait for the link, so that they do not
/// wait long.
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

    /// Returns this fraction of a span, in whole milliseconds.
    pub(crate) fn of(self, span: Duration) -> Duration {
        Duration::from_millis(span.mul_f64(self.0).as_millis().try_into().unwrap_or(u64::MAX))
    }
}

/// The time over which clients spread their reconnects, as the server announced it last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spread {
    /// The server has not announced a spread: there was no login yet, or the server is older.
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

    /// A table of cases, with which all SDKs are tested. The columns are the spread (0: none), the failures, the
    /// jitter, and the expected wait in milliseconds.
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
