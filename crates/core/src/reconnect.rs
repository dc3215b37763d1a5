//! Spreads the reconnects of clients over time.
//!
//! All clients of a stopping node lose their connections, and would reconnect in the same second. The node therefore
//! sends each client a period, and then closes the connection. The client reconnects at a random time within this
//! period.

use std::time::Duration;

/// The shortest period. If the period were shorter, all clients of a small node would return at once.
const LEAST: Duration = Duration::from_secs(1);

/// The rate at which a node accepts the reconnects of its clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReconnectPace {
    /// The number of logins per second.
    pub per_second: u32,
    /// The longest period, for any number of clients.
    pub longest: Duration,
}

impl ReconnectPace {
    /// The period over which this number of clients spread their reconnects. It is never zero, because zero means "no
    /// period" on the wire.
    pub fn spread(self, clients: usize) -> Duration {
        let clients = u64::try_from(clients).unwrap_or(u64::MAX);
        let needed = clients.saturating_mul(1_000).div_ceil(u64::from(self.per_second.max(1)));
        Duration::from_millis(needed).max(LEAST).min(self.longest).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_grows_with_the_clients_between_its_bounds() {
        let cases = [
            // clients, logins a second, longest in ms, expected in ms
            (0, 5_000, 20_000, 1_000),
            (60, 5_000, 20_000, 1_000),
            (5_000, 5_000, 20_000, 1_000),
            (5_001, 5_000, 20_000, 1_001),
            (50_000, 5_000, 20_000, 10_000),
            (100_000, 5_000, 20_000, 20_000),
            (1_000_000, 5_000, 20_000, 20_000),
            (1_000_000, 5_000, 600_000, 200_000),
            (60, 10, 20_000, 6_000),
            (60, 0, 600_000, 60_000),
            (100_000, 5_000, 100, 100),
            (60, 5_000, 0, 1),
            (usize::MAX, 1, 600_000, 600_000),
        ];
        for (clients, per_second, longest, expected) in cases {
            let pace = ReconnectPace { per_second, longest: Duration::from_millis(longest) };
            assert_eq!(pace.spread(clients), Duration::from_millis(expected), "{clients} at {pace:?}");
        }
    }
}
