//! The pause of a busy worker after a large delivery, so that more notifications leave in one write.
//!
//! Each worker of a node delivers every change to the watchers that are connected to it. A change has arrived
//! everywhere when all workers have delivered it. Workers that deliver at different times have few changes for each
//! connection, so they write to each connection more often. A worker with a high load therefore pauses after a
//! delivery. Meanwhile, it reads what arrives.

use lamplight_model::Moment;
use std::time::Duration;

/// The pauses of one worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gathering {
    /// `true` if the node has no other worker.
    is_alone: bool,
    /// The time that the last delivery took; zero if it was not [large](Self::LARGE).
    took: Duration,
    /// The end of the last delivery.
    ended: Moment,
}

impl Gathering {
    /// The number of connections from which on a delivery is large. They take some 5 milliseconds.
    pub const LARGE: usize = 1_000;

    /// The longest pause.
    pub const LONGEST: Duration = Duration::from_millis(10);

    /// The interval at which a worker reads its sockets and the change log during a pause.
    pub const STEP: Duration = Duration::from_millis(1);

    /// The number of changes with which a worker no longer pauses.
    pub const MOST_CHANGES: usize = 4_096;

    /// Creates the pauses of one of `workers` workers, which has delivered nothing yet.
    pub fn new(workers: usize) -> Self {
        Self { is_alone: workers < 2, took: Duration::ZERO, ended: Moment::default() }
    }

    /// Notes that the worker has written to this number of connections outside of crowds, from `began` to `ended`.
    pub fn delivered(&mut self, connections: usize, began: Moment, ended: Moment) {
        let is_large = connections >= Self::LARGE;
        self.took = if is_large { ended.since(began) } else { Duration::ZERO };
        self.ended = ended;
    }

    /// The time for which the worker still pauses. `None` if it has to deliver now. `changes` is the number of changes
    /// that it has read and not delivered. `has_crowd` is `true` if a part of a crowd waits for its share.
    ///
    /// A pause is no longer than the last delivery: a change that came at the beginning of that delivery has waited for
    /// as long. A worker with little load makes no large delivery, so it never pauses. The only worker of a node never
    /// pauses, because it has all changes anyway.
    pub fn pause(&self, changes: usize, has_crowd: bool, now: Moment) -> Option<Duration> {
        if self.is_alone || has_crowd || changes >= Self::MOST_CHANGES {
            return None;
        }
        let left = self.took.min(Self::LONGEST).saturating_sub(now.since(self.ended));
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_pauses_for_as_long_as_its_last_large_delivery_took() {
        let most = Gathering::MOST_CHANGES;
        // The worker has ended a delivery at 100 ms.
        //  workers, connections, took, changes, has_crowd, now, left
        for (workers, connections, took, changes, has_crowd, now, left) in [
            (2, 2_000, 6, 300, false, 100, Some(6)),
            (2, 2_000, 6, 300, false, 104, Some(2)),
            (2, 2_000, 6, 300, false, 106, None),
            (2, 2_000, 6, 300, false, 107, None),
            (2, 2_000, 6, 0, false, 100, Some(6)),
            (8, 2_000, 6, 300, false, 100, Some(6)),
            (2, Gathering::LARGE, 6, 300, false, 100, Some(6)),
            // The pause has a bound.
            (2, 2_000, 60, 300, false, 100, Some(10)),
            (2, 2_000, 60, 300, false, 110, None),
            // The last delivery was small.
            (2, Gathering::LARGE - 1, 6, 300, false, 100, None),
            (2, 0, 0, 0, false, 100, None),
            // There is no other worker.
            (1, 2_000, 6, 300, false, 100, None),
            // A crowd is served at its own pace.
            (2, 2_000, 6, 300, true, 100, None),
            // There is enough to deliver.
            (2, 2_000, 6, most - 1, false, 100, Some(6)),
            (2, 2_000, 6, most, false, 100, None),
        ] {
            let mut gathering = Gathering::new(workers);
            gathering.delivered(connections, Moment(100 - took), Moment(100));
            let pause = gathering.pause(changes, has_crowd, Moment(now));
            assert_eq!(pause, left.map(Duration::from_millis), "{gathering:?}, {changes} changes, {now} ms");
        }
        assert_eq!(Gathering::new(2).pause(1, false, Moment::default()), None);
    }

    /// Two workers under a steady load, whose deliveries take 6 ms and 9 ms. Returns the mean interval between the
    /// deliveries of each worker, in milliseconds.
    fn intervals(workers: usize, connections: usize) -> [u64; 2] {
        [6, 9].map(|takes| {
            let mut gathering = Gathering::new(workers);
            let (mut now, mut deliveries, until) = (0, 0, 1_800);
            while now < until {
                match gathering.pause(10, false, Moment(now)) {
                    Some(left) => now += left.min(Gathering::STEP).as_millis() as u64,
                    None => {
                        gathering.delivered(connections, Moment(now), Moment(now + takes));
                        (now, deliveries) = (now + takes, deliveries + 1);
                    }
                }
            }
            until / deliveries
        })
    }

    #[test]
    fn two_busy_workers_gather_changes_for_twice_as_long_and_others_do_not_wait() {
        assert_eq!(intervals(2, 2_000), [12, 18]);
        assert_eq!(intervals(2, 999), [6, 9]);
        assert_eq!(intervals(1, 2_000), [6, 9]);
    }
}
