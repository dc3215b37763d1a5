//! Live figures of the node. A sample is taken every second, and stored for ten minutes.

use super::Console;
use super::error::{ApiError, FromQuery};
use super::past::{Past, Tally};
use super::quantiles::Quantiles;
use crate::clock::Clock;
use crate::durations::Spread;
use crate::metrics::{Metrics, Totals};
use axum::Json;
use axum::extract::State;
use lamplight_facts::Facts;
use lamplight_model::{Moment, Now, Platform, Timestamp};
use lamplight_service::Service;
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The interval between samples.
const PERIOD: Duration = Duration::from_secs(1);
/// The number of stored samples, which cover ten minutes.
const MOST_SAMPLES: usize = 600;
/// The number of samples for the quantiles of delivery latency. One second has too few changes for a 99th percentile.
const DELIVERY_WINDOW: usize = 10;
/// The number of samples for the quantiles of detection time. All samples are used, because few connections are lost
/// without being closed.
const DETECTION_WINDOW: usize = MOST_SAMPLES;
/// The number of samples between two reads of the webhook backlog, which is on disk.
const BACKLOG_EVERY: u64 = 5;

/// The samples of the last ten minutes.
#[derive(Default)]
pub struct Figures {
    /// The name of the node in its cluster; `None` without a cluster.
    node: Option<String>,
    state: Mutex<Samples>,
}

#[derive(Default)]
struct Samples {
    samples: VecDeque<Kept>,
    /// The sequence number of the next sample.
    next: u64,
    last: Option<(Moment, Totals)>,
}

struct Kept {
    sample: Sample,
    delivery: Spread,
    detection: Spread,
}

/// The figures of one second.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Sample {
    number: u64,
    at: Timestamp,
    /// The number of users who are ONLINE.
    online: u64,
    /// The number of devices that count as connected, for each platform in the order of `platforms`.
    devices: [u64; Platform::ALL.len()],
    connections: u64,
    /// The number of changes per second since the previous sample.
    changes: f64,
    /// The number of notifications per second since the previous sample.
    notifications: f64,
    /// The number of waiting notices of all apps; `None` before the first count.
    backlog: Option<u64>,
    /// The quantiles of delivery latency over the last 10 s; `None` if nothing was delivered.
    delivery: Option<Quantiles>,
    /// The quantiles of detection time over the last 10 min; `None` if no lost connection was detected.
    detection: Option<Quantiles>,
}

/// The query for samples.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// The sequence number of the last sample that the page has received. If absent, all samples are returned.
    #[serde(default)]
    after: Option<u64>,
    /// The name of the node that has numbered this sample. A load balancer may send each request to another node, and a
    /// node with another name ignores the sequence number.
    #[serde(default)]
    node: Option<String>,
}

/// The samples, oldest first.
#[derive(Serialize)]
pub struct ShownFigures {
    /// The name of the node that has counted the figures; `null` without a cluster.
    node: Option<String>,
    period_ms: u64,
    most_samples: usize,
    platforms: [&'static str; Platform::ALL.len()],
    samples: Vec<Sample>,
}

impl Figures {
    /// Makes the figures of a node. `node` is the name of the node in its cluster; `None` without a cluster.
    pub fn of(node: Option<String>) -> Self {
        Self { node, ..Self::default() }
    }

    /// Takes a sample every second, until the task is aborted.
    pub async fn run(
        self: Arc<Self>,
        metrics: Arc<Metrics>,
        service: Arc<Service>,
        facts: Arc<dyn Facts>,
        clock: Clock,
    ) {
        let mut past = Past::resume(facts, self.node.clone().unwrap_or_default(), clock.now().wall).await;
        let mut tick = tokio::time::interval(PERIOD);
        // After a pause, only one sample is taken; the missed samples are skipped.
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut backlog = None;
        for turn in 0u64.. {
            tick.tick().await;
            if turn.is_multiple_of(BACKLOG_EVERY) {
                match service.outbox().lanes().await {
                    Ok(lanes) => backlog = Some(lanes.iter().map(|lane| lane.waiting).sum()),
                    Err(error) => tracing::warn!(%error, "the waiting webhook notices could not be counted"),
                }
            }
            let now = clock.now();
            if let Some(counted) = self.take(metrics.totals(), backlog, now) {
                past.take(now, &counted).await;
            }
        }
    }

    /// Takes a sample of the totals. Returns the difference from the previous sample, if any.
    fn take(&self, totals: Totals, backlog: Option<u64>, now: Now) -> Option<Tally> {
        let mut counted = None;
        let mut state = self.lock();
        let Samples { samples, next, last } = &mut *state;
        if let Some((then, before)) = last {
            let seconds = now.moment.since(*then).as_secs_f64();
            let rate = |now: u64, then: u64| match seconds > 0.0 {
                true => now.saturating_sub(then) as f64 / seconds,
                false => 0.0,
            };
            let delivery = totals.delivery.since(&before.delivery);
            let detection = totals.detection.since(&before.detection);
            counted = Some(Tally {
                samples: 1,
                milliseconds: now.moment.since(*then).as_millis() as u64,
                online: totals.directory.online,
                peak: totals.directory.online,
                devices: totals.directory.devices,
                connections: totals.connections,
                changes: totals.changes.saturating_sub(before.changes),
                notifications: totals.notifications.saturating_sub(before.notifications),
                backlog: backlog.unwrap_or_default(),
                backlogs: backlog.is_some().into(),
                delivery: delivery.counts().to_vec(),
                detection: detection.counts().to_vec(),
            });
            let sample = Sample {
                number: *next,
                at: now.wall,
                online: totals.directory.online,
                devices: totals.directory.devices,
                connections: totals.connections,
                changes: rate(totals.changes, before.changes),
                notifications: rate(totals.notifications, before.notifications),
                backlog,
                delivery: quantiles(
                    &delivery,
                    samples.iter().rev().take(DELIVERY_WINDOW - 1).map(|kept| &kept.delivery),
                ),
                detection: quantiles(
                    &detection,
                    samples.iter().rev().take(DETECTION_WINDOW - 1).map(|kept| &kept.detection),
                ),
            };
            *next += 1;
            if samples.len() >= MOST_SAMPLES {
                samples.pop_front();
            }
            samples.push_back(Kept { sample, delivery, detection });
        }
        *last = Some((now.moment, totals));
        counted
    }

    fn since(&self, Since { after, node }: Since) -> Vec<Sample> {
        let is_other = node.is_some() && node != self.node;
        self.after(after.filter(|_| !is_other))
    }

    fn after(&self, number: Option<u64>) -> Vec<Sample> {
        let state = self.lock();
        // A number from before a restart may be higher than the number of any sample. In this case, all samples are
        // returned.
        let number = number.filter(|number| *number < state.next);
        let samples = state.samples.iter().map(|kept| &kept.sample);
        samples.filter(|sample| number.is_none_or(|number| sample.number > number)).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Samples> {
        self.state.lock()
    }
}

/// `GET figures?after=&node=`: shows the samples after the given sequence number.
pub async fn show(
    State(console): State<Arc<Console>>,
    FromQuery(since): FromQuery<Since>,
) -> Result<Json<ShownFigures>, ApiError> {
    Ok(Json(ShownFigures {
        node: console.figures.node.clone(),
        period_ms: PERIOD.as_millis() as u64,
        most_samples: MOST_SAMPLES,
        platforms: Platform::ALL.map(Platform::name),
        samples: console.figures.since(since),
    }))
}

fn quantiles<'a>(newest: &Spread, others: impl Iterator<Item = &'a Spread>) -> Option<Quantiles> {
    let mut all = newest.clone();
    others.for_each(|spread| all.add(spread));
    Quantiles::of(&all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durations::Durations;
    use lamplight_directory::DirectoryStats;

    const BOUNDS: &[f64] = &[0.001, 0.01, 0.1];

    /// Makes the totals of a node with this number of changes.
    fn totals(changes: u64, delivery: &Durations, detection: &Durations) -> Totals {
        Totals {
            directory: DirectoryStats { online: 3, ..DirectoryStats::default() },
            connections: 4,
            changes,
            notifications: 2 * changes,
            delivery: delivery.read(),
            detection: detection.read(),
        }
    }

    fn at(milliseconds: u64) -> Now {
        Now { moment: Moment(milliseconds), wall: Timestamp(milliseconds) }
    }

    fn nothing() -> Durations {
        Durations::new(BOUNDS)
    }

    #[test]
    fn a_sample_tells_what_was_added_since_the_one_before() {
        let (figures, delivery) = (Figures::default(), nothing());
        figures.take(totals(10, &delivery, &nothing()), None, at(0));
        assert_eq!(figures.after(None), [], "one reading gives no rate");
        delivery.observe(Duration::from_millis(5));
        figures.take(totals(40, &delivery, &nothing()), Some(7), at(2_000));
        let [sample] = &figures.after(None)[..] else { panic!("one sample") };
        assert_eq!((sample.changes, sample.notifications), (15.0, 30.0));
        assert_eq!((sample.online, sample.connections, sample.backlog), (3, 4, Some(7)));
        assert_eq!(sample.delivery.map(|spread| spread.count()), Some(1));
        assert_eq!(sample.detection, None);
    }

    #[test]
    fn delivery_is_taken_over_ten_seconds_and_detection_over_ten_minutes() {
        let (figures, delivery, detection) = (Figures::default(), nothing(), nothing());
        figures.take(totals(0, &delivery, &detection), None, at(0));
        delivery.observe(Duration::from_millis(5));
        detection.observe(Duration::from_millis(5));
        let mut seen = Vec::new();
        for second in 1..=MOST_SAMPLES as u64 + 1 {
            figures.take(totals(0, &delivery, &detection), None, at(second * 1_000));
            let last = figures.after(None).pop().unwrap();
            seen.push((last.delivery.is_some(), last.detection.is_some()));
        }
        assert_eq!(seen.iter().filter(|(delivery, _)| *delivery).count(), DELIVERY_WINDOW);
        assert_eq!(seen.iter().filter(|(_, detection)| *detection).count(), DETECTION_WINDOW);
    }

    #[test]
    fn the_number_of_a_sample_of_another_node_is_ignored() {
        let figures = Figures::of(Some("a".to_owned()));
        for second in 0..=4 {
            figures.take(totals(0, &nothing(), &nothing()), None, at(second * 1_000));
        }
        let since =
            |after, node: Option<&str>| figures.since(Since { after, node: node.map(str::to_owned) }).len();
        assert_eq!((since(Some(1), Some("a")), since(Some(1), None)), (2, 2));
        assert_eq!((since(Some(1), Some("b")), since(None, Some("a"))), (4, 4));
    }

    #[test]
    fn ten_minutes_are_kept_and_asked_for_from_where_one_is() {
        let figures = Figures::default();
        for second in 0..=MOST_SAMPLES as u64 + 1 {
            figures.take(totals(0, &nothing(), &nothing()), None, at(second * 1_000));
        }
        let all = figures.after(None);
        assert_eq!(all.len(), MOST_SAMPLES);
        assert_eq!(all[0].number, 1, "the oldest was dropped");
        let numbers =
            |after| figures.after(Some(after)).iter().map(|sample| sample.number).collect::<Vec<_>>();
        assert_eq!(numbers(598), [599, 600]);
        assert_eq!(numbers(600), [] as [u64; 0]);
        assert_eq!(numbers(601).len(), MOST_SAMPLES, "a number from before a restart is ignored");
    }
}
