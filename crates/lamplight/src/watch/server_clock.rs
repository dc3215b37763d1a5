//! The time by the server's clock, estimated from the times in its messages. Pure: local times are arguments.

use lamplight_model::Timestamp;
use std::time::Duration;

/// An estimate of the server's clock.
///
/// A message is received after the server has noted the time in it. Each time is therefore a lower bound of the server's
/// clock at the receipt, and the highest bound is from the message with the shortest delay. Without a message, the
/// server's clock is taken for the one of this machine at the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServerClock {
    /// The server's time at the local time 0; `None` before the first message.
    origin: Option<i64>,
    /// The time of this machine at the local time 0.
    machine: Timestamp,
}

impl ServerClock {
    /// Creates an estimate. `machine` is the time of this machine at the local time 0. Local times are monotonic.
    pub fn new(machine: Timestamp) -> Self {
        Self { origin: None, machine }
    }

    /// Takes a time in a message of the server into account. The message was received at the local time `received`.
    pub fn told(&mut self, at: Timestamp, received: Duration) {
        let bound = signed(at.0).saturating_sub(millis(received));
        self.origin = Some(self.origin.map_or(bound, |origin| origin.max(bound)));
    }

    /// Returns the server's time at a local time.
    pub fn at(&self, local: Duration) -> Timestamp {
        let origin = self.origin.unwrap_or(signed(self.machine.0));
        Timestamp(u64::try_from(origin.saturating_add(millis(local))).unwrap_or(0))
    }
}

fn millis(local: Duration) -> i64 {
    i64::try_from(local.as_millis()).unwrap_or(i64::MAX)
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Receives messages, each with its time and the local time of its receipt. Returns the server's time at the local
    /// time 10,000 ms.
    fn at_ten(messages: &[(u64, u64)]) -> u64 {
        let mut clock = ServerClock::new(Timestamp(500));
        for (at, received) in messages {
            clock.told(Timestamp(*at), Duration::from_millis(*received));
        }
        clock.at(Duration::from_secs(10)).0
    }

    #[test]
    fn the_message_with_the_shortest_delay_counts() {
        // The clock of the server is 1,000,000 ms ahead of the local time.
        for (messages, expected) in [
            (&[][..], 10_500),
            (&[(1_000_000, 20)], 1_009_980),
            // The answer to the login is three seconds late, the messages after it 5 ms and 40 ms.
            (&[(1_000_000, 3_000)], 1_007_000),
            (&[(1_000_000, 3_000), (1_004_000, 4_005)], 1_009_995),
            (&[(1_000_000, 3_000), (1_004_000, 4_005), (1_005_000, 5_040)], 1_009_995),
            // The time of an old change says nothing.
            (&[(1_000_000, 20), (7, 30)], 1_009_980),
            // The local clock stood still while the machine slept for an hour.
            (&[(1_000_000, 20), (4_604_000, 4_010)], 4_609_990),
            (&[(0, 9_000)], 1_000),
            (&[(u64::MAX, 0)], i64::MAX as u64),
        ] {
            assert_eq!(at_ten(messages), expected, "{messages:?}");
        }
    }
}
