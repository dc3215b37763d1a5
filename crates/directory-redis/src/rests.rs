//! The partitions whose calls for rate limits have just failed. For a moment, no further calls are made to them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// For this time after a failed call, other calls to the partition fail at once. Without this rest, each call would
/// wait for a server that does not answer.
const REST: Duration = Duration::from_secs(1);

/// The partitions to which no calls for rate limits are made at the moment.
pub(crate) struct Rests {
    opened: Instant,
    /// For each partition: the time until which no call is made, in milliseconds after `opened`.
    ends: Vec<AtomicU64>,
}

impl Rests {
    pub(crate) fn new(partitions: u16, opened: Instant) -> Self {
        Self { opened, ends: (0..partitions).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(crate) fn has(&self, partition: u16, now: Instant) -> bool {
        self.millis(now) < self.ends[usize::from(partition)].load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self, partition: u16, now: Instant) {
        self.ends[usize::from(partition)].store(self.millis(now + REST), Ordering::Relaxed);
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.opened).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_rests_for_a_while_and_the_others_do_not() {
        let opened = Instant::now();
        let rests = Rests::new(2, opened);
        let at = |millis| opened + Duration::from_millis(millis);
        assert!(!rests.has(1, opened));
        rests.begin(1, at(5_000));
        for (partition, millis, rest) in
            [(1, 5_000, true), (1, 5_999, true), (1, 6_000, false), (0, 5_000, false)]
        {
            assert_eq!(rests.has(partition, at(millis)), rest, "{partition} {millis}");
        }
    }
}
