//! The wait before the next attempt to connect, computed from the number of failures and the jitter.
//!
//! The server sends the period over which its clients spread their reconnects ([`Spread`]). It computes the period from
//! the number of its clients and the number of logins that it can accept per second.
//!
//! After a broken link, a client makes its first attempt at a random moment of that period. Further attempts follow at
//! intervals of about the period. After a restart, the server therefore gets about as many attempts per second as it
//! can accept.

use std::time::Duration;

/// The maximum wait before the first attempt after a broken link, if the server has sent no spread.
pub(crate) const FIRST: Duration = Duration::from_secs(1);

/// The mean wait between attempts. If the server has sent a longer spread, the spread is the mean. A wait is at most
/// 1.5 times the mean. For the doubling of the mean, see [`ATTEMPTS_BEFORE_DOUBLING`].
const BETWEEN: Duration = Duration::from_millis(1_500);

/// The maximum to which the mean wait doubles. If the server has sent a longer spread, the spread is the mean.
///
/// At this mean, a wait is at most 30 s. The default grace is also 30 s: the time for which a user still counts as
/// connected after the loss of a node.
const BETWEEN_LONGEST: Duration = Duration::from_secs(20);

/// With a spread from the server, the mean wait doubles only after this number of failed attempts. At the usual mean
/// wait, 80 attempts take about two minutes, enough for a restart of the server. Without a spread, the mean wait
/// doubles with each failure after the first.
const ATTEMPTS_BEFORE_DOUBLING: u32 = 80;

/// The longest spread that a server can be configured to send. A longer spread is shortened to this one.
const LONGEST_SPREAD: Duration = Duration::from_secs(600);

/// While calls wait for the link, a wait is computed from at most this number of failures, so that waits stay short.
pub(crate) const MOST_FAILURES_WITH_CALLS: u32 = 1;

/// A link of at least this age counts as a success: the count of failures then begins again at 0. With a lower age,
/// clients would flood a server that accepts connections and soon closes them.
pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(10);

/// A random number from 0 to 1, which the driver generates for each step.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Jitter(f64);

impl Jitter {
    /// Creates a jitter; a fraction outside of 0 to 1 is clamped.
    pub(crate) fn new(fraction: f64) -> Self {
        Self(fraction.clamp(0.0, 1.0))
    }

    /// Returns this fraction of `span`, in whole milliseconds.
    pub(crate) fn of(self, span: Duration) -> Duration {
        Duration::from_millis(span.mul_f64(self.0).as_millis().try_into().unwrap_or(u64::MAX))
    }
}

/// The period over which clients spread their reconnects, as last sent by the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spread {
    /// The server has sent no spread: no login has succeeded yet, or the server's version is too old to send one.
    Unknown,
    Told(Duration),
}

impl Spread {
    /// Parses the field of the wire protocol. Zero means no spread.
    pub(crate) fn from_wire(spread_ms: u32) -> Self {
        match spread_ms {
            0 => Self::Unknown,
            spread_ms => Self::Told(Duration::from_millis(spread_ms.into()).min(LONGEST_SPREAD)),
        }
    }

    /// Returns the wait before the next attempt, after `failures` consecutive failed attempts.
    ///
    /// Waits are random, so that clients do not all return at once. The first wait is from zero to the spread. A later
    /// wait is from 0.5 to 1.5 times the mean.
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

    /// The test cases that all SDKs share. The columns are the spread in ms (0: none), the failures, the jitter, and
    /// the expected wait in ms.
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
