//! The large deliveries of the workers of a node, and the pause of a worker after one of its own ([`Gathering`]).

use lamplight_core::Gathering;
use lamplight_model::Moment;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the workers of a node know about each other's deliveries.
pub struct Deliveries {
    workers: usize,
    /// The number of large deliveries that have begun.
    begun: AtomicU64,
}

/// The last delivery of a worker; the default if it was not [large](Gathering::LARGE).
#[derive(Clone, Copy, Default)]
pub struct LastDelivery {
    took: Duration,
    ended: Moment,
    /// The number of large deliveries that had begun on all workers when this one ended.
    begun: u64,
}

impl Deliveries {
    /// Creates the deliveries of this number of workers.
    pub fn new(workers: usize) -> Self {
        Self { workers, begun: AtomicU64::new(0) }
    }

    /// Notes that a worker begins to write to this number of connections.
    pub fn begin(&self, connections: usize) {
        if connections >= Gathering::LARGE {
            self.begun.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the delivery that a worker has made from `began` to `ended` to this number of connections.
    pub fn end(&self, connections: usize, began: Moment, ended: Moment) -> LastDelivery {
        if connections < Gathering::LARGE {
            return LastDelivery::default();
        }
        LastDelivery { took: ended.since(began), ended, begun: self.begun.load(Ordering::Relaxed) }
    }

    /// Returns the time for which a worker still pauses. `None` if it has to deliver now. `changes` is the number of
    /// changes that it would deliver.
    pub fn pause(
        &self,
        last: LastDelivery,
        changes: usize,
        has_crowd: bool,
        now: Moment,
    ) -> Option<Duration> {
        let state = Gathering {
            workers: self.workers,
            last_delivery: last.took,
            since: now.since(last.ended),
            changes,
            another_has_begun: self.begun.load(Ordering::Relaxed) != last.begun,
            has_crowd,
        };
        state.pause()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker whose deliveries to `connections` connections take `takes` milliseconds.
    struct Model {
        connections: usize,
        takes: u64,
        last: LastDelivery,
        /// The beginning of the delivery in progress.
        delivers: Option<u64>,
        /// The beginnings of all deliveries.
        begun: Vec<u64>,
    }

    fn model(connections: usize, takes: u64) -> Model {
        Model { connections, takes, last: LastDelivery::default(), delivers: None, begun: Vec::new() }
    }

    /// Lets workers run for some milliseconds, who always have changes to deliver.
    fn run(models: &mut [Model], until: u64) {
        let all = Deliveries::new(models.len());
        for now in 0..until {
            for model in &mut *models {
                if let Some(began) = model.delivers.filter(|began| now >= began + model.takes) {
                    model.last = all.end(model.connections, Moment(began), Moment(now));
                    model.delivers = None;
                }
                if model.delivers.is_none() && all.pause(model.last, 10, false, Moment(now)).is_none() {
                    all.begin(model.connections);
                    model.delivers = Some(now);
                    model.begun.push(now);
                }
            }
        }
    }

    #[test]
    fn two_busy_workers_begin_their_deliveries_together() {
        let mut models = [model(2_000, 6), model(2_000, 9)];
        run(&mut models, 200);
        let [first, second] = models;
        assert!(first.begun.len() >= 200 / (6 + 6) - 1, "{:?}", first.begun);
        assert_eq!(first.begun.len(), second.begun.len(), "{:?} {:?}", first.begun, second.begun);
        for (one, other) in first.begun.iter().zip(&second.begun) {
            assert!(one.abs_diff(*other) <= 1, "{:?} {:?}", first.begun, second.begun);
        }
    }

    #[test]
    fn a_worker_with_little_load_and_an_only_worker_deliver_without_a_pause() {
        let mut little = [model(Gathering::LARGE - 1, 1), model(2_000, 6)];
        run(&mut little, 100);
        assert_eq!(little[0].begun, (0..100).collect::<Vec<_>>());
        let mut alone = [model(2_000, 6)];
        run(&mut alone, 100);
        assert_eq!(alone[0].begun, (0..100).step_by(6).collect::<Vec<_>>());
    }

    #[test]
    fn a_crowd_ends_the_pause() {
        let all = Deliveries::new(2);
        all.begin(2_000);
        let last = all.end(2_000, Moment(0), Moment(6));
        assert_eq!(all.pause(last, 0, false, Moment(7)), Some(Duration::from_millis(5)));
        assert_eq!(all.pause(last, 0, true, Moment(7)), None);
    }
}
