//! The pause of a busy worker after a large delivery, so that more notifications leave in one write.
//!
//! Each worker of a node delivers every change to the watchers that are connected to it. A change has arrived everywhere
//! when all workers have delivered it. Under a high load, workers that deliver at different times have few changes for
//! each connection, so they write to each connection more often. A worker therefore pauses after a large delivery.
//! Meanwhile, it reads what arrives. When the first worker begins its next delivery, the others begin theirs too.

use std::time::Duration;

/// The state of a worker that has read what there was to read, and could deliver it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gathering {
    /// The number of workers of the node.
    pub workers: usize,
    /// The time that the last delivery of this worker took; zero if it was not [large](Self::LARGE).
    pub last_delivery: Duration,
    /// The time since the end of the last delivery of this worker.
    pub since: Duration,
    /// The number of changes that this worker has read and not delivered.
    pub changes: usize,
    /// Whether another worker of the node has begun a large delivery since the last one of this worker ended.
    pub another_has_begun: bool,
    /// Whether a part of a crowd waits for its share.
    pub has_crowd: bool,
}

impl Gathering {
    /// The number of connections from which on a delivery is large. They take some 5 milliseconds.
    pub const LARGE: usize = 1_000;

    /// The longest pause.
    pub const LONGEST: Duration = Duration::from_millis(10);

    /// During a pause, a worker reads its sockets and the change log at this interval.
    pub const STEP: Duration = Duration::from_millis(1);

    /// The number of changes with which a worker no longer pauses.
    pub const MOST_CHANGES: usize = 4_096;

    /// The time for which the worker still pauses. `None` if it has to deliver now.
    ///
    /// The pause is no longer than the last delivery: a change that came at the beginning of that delivery has waited
    /// for as long. A worker with little load makes no large delivery, so it never pauses. Nor does the only worker of
    /// a node, which has all changes anyway.
    pub fn pause(&self) -> Option<Duration> {
        let is_alone = self.workers < 2;
        if is_alone || self.has_crowd || self.another_has_begun || self.changes >= Self::MOST_CHANGES {
            return None;
        }
        let left = self.last_delivery.min(Self::LONGEST).saturating_sub(self.since);
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// A worker that has just ended a large delivery of 6 ms.
    const BUSY: Gathering = Gathering {
        workers: 2,
        last_delivery: Duration::from_millis(6),
        since: Duration::ZERO,
        changes: 300,
        another_has_begun: false,
        has_crowd: false,
    };

    #[test]
    fn a_worker_pauses_for_as_long_as_its_last_delivery_took_and_never_without_load() {
        for (at, left) in [
            (BUSY, Some(6)),
            (Gathering { since: MS(4), ..BUSY }, Some(2)),
            (Gathering { since: MS(6), ..BUSY }, None),
            (Gathering { since: MS(7), ..BUSY }, None),
            (Gathering { changes: 0, ..BUSY }, Some(6)),
            (Gathering { workers: 8, ..BUSY }, Some(6)),
            // The pause has a bound.
            (Gathering { last_delivery: MS(60), ..BUSY }, Some(10)),
            (Gathering { last_delivery: MS(60), since: MS(10), ..BUSY }, None),
            // The last delivery was small.
            (Gathering { last_delivery: MS(0), ..BUSY }, None),
            // There is no other worker.
            (Gathering { workers: 1, ..BUSY }, None),
            // Another worker delivers now.
            (Gathering { another_has_begun: true, ..BUSY }, None),
            // A crowd is served at its own pace.
            (Gathering { has_crowd: true, ..BUSY }, None),
            // There is enough to deliver.
            (Gathering { changes: Gathering::MOST_CHANGES - 1, ..BUSY }, Some(6)),
            (Gathering { changes: Gathering::MOST_CHANGES, ..BUSY }, None),
        ] {
            assert_eq!(at.pause(), left.map(MS), "{at:?}");
        }
    }

    #[test]
    fn at_most_half_of_the_time_is_spent_in_pauses() {
        for took in [1, 5, 10, 50, 1_000] {
            let after = |since| Gathering { last_delivery: MS(took), since: MS(since), ..BUSY };
            let paused = (0..).take_while(|since| after(*since).pause().is_some()).count() as u64;
            assert!(paused <= took && paused <= 10, "{took} ms: {paused} ms");
        }
    }
}
