//! The history of the figures. The samples of every second are summed over steps of several lengths. The database
//! stores the steps. The console shows an hour, a day or a month.

use super::Console;
use super::error::{ApiError, FromQuery};
use super::quantiles::Quantiles;
use crate::durations::Spread;
use axum::Json;
use axum::extract::State;
use lamplight_core::{LEVELS, Level, RetentionClock, Step, Sum, Thinning};
use lamplight_facts::{Facts, FactsError, Figure};
use lamplight_model::{Now, Platform, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The figures of a period. `online`, `devices`, `connections` and `backlog` are sums over the period's samples.
/// `changes` and `notifications` count events.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    pub samples: u64,
    pub milliseconds: u64,
    pub online: u64,
    /// The highest number of online users in one sample.
    pub peak: u64,
    pub devices: [u64; Platform::ALL.len()],
    pub connections: u64,
    pub changes: u64,
    pub notifications: u64,
    pub backlog: u64,
    /// The number of samples that have a backlog, for computing its average.
    pub backlogs: u64,
    /// The number of delivery latencies in each bucket of the histogram.
    pub delivery: Vec<u64>,
    /// The number of detection times in each bucket of the histogram.
    pub detection: Vec<u64>,
}

impl Sum for Tally {
    fn add(&mut self, later: &Self) {
        self.samples += later.samples;
        self.milliseconds += later.milliseconds;
        self.online += later.online;
        self.peak = self.peak.max(later.peak);
        self.devices.iter_mut().zip(&later.devices).for_each(|(sum, more)| *sum += more);
        self.connections += later.connections;
        self.changes += later.changes;
        self.notifications += later.notifications;
        self.backlog += later.backlog;
        self.backlogs += later.backlogs;
        add_buckets(&mut self.delivery, &later.delivery);
        add_buckets(&mut self.detection, &later.detection);
    }
}

/// Adds the counts of `later` to `sum`, bucket by bucket. If their numbers of buckets differ, replaces `sum` with
/// `later`: another version of the program has stored `sum`.
fn add_buckets(sum: &mut Vec<u64>, later: &[u64]) {
    if sum.len() == later.len() {
        sum.iter_mut().zip(later).for_each(|(count, more)| *count += more);
    } else {
        *sum = later.to_vec();
    }
}

/// Sums the figures over steps of several lengths, and writes the sums to the database.
pub struct Past {
    facts: Arc<dyn Facts>,
    thinning: Thinning<Tally>,
    retention: RetentionClock,
}

impl Past {
    /// Reads the current steps, one of each length. Continues steps that an earlier process has stored.
    pub async fn resume(facts: Arc<dyn Facts>, now: Timestamp) -> Self {
        let mut kept = Vec::new();
        for level in LEVELS {
            match facts.figures(level.number, level.step_of(now), 1).await {
                Ok(figures) => kept.extend(figures.iter().filter_map(step_of)),
                Err(error) => tracing::warn!(%error, "the stored figures cannot be read"),
            }
        }
        Self { facts, thinning: Thinning::resume(kept, now), retention: RetentionClock::default() }
    }

    /// Adds the figures of a sample, and writes the steps that are due. A failed write loses the sums over the shortest
    /// steps. Longer steps are written later. After a leap of the wall clock, no old figures are deleted for some time.
    pub async fn take(&mut self, now: Now, counted: &Tally) {
        let retained_by = self.retention.read(now);
        let due = self.thinning.take(now.wall, counted);
        if due.is_empty() {
            return;
        }
        let figures = due.iter().filter_map(|step| {
            let content = serde_json::to_string(&step.sum).ok()?;
            Some(Figure { level: step.level, at: step.at, content })
        });
        let oldest = |at| LEVELS.iter().map(move |level| (level.number, level.oldest(at)));
        let forgotten = retained_by.into_iter().flat_map(oldest).collect();
        if let Err(error) = self.facts.put_figures(figures.collect(), forgotten).await {
            tracing::warn!(%error, "the figures for the charts of the console could not be stored");
        }
    }
}

/// Reads a stored step; `None` for a step in the format of another version.
fn step_of(figure: &Figure) -> Option<Step<Tally>> {
    let sum = serde_json::from_str(&figure.content).ok()?;
    Some(Step { level: figure.level, at: figure.at, sum })
}

/// The period that the charts show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    Hour,
    Day,
    Month,
}

impl Range {
    fn level(self) -> Level {
        let [hour, day, month] = LEVELS;
        match self {
            Self::Hour => hour,
            Self::Day => day,
            Self::Month => month,
        }
    }
}

/// The query for the figures of a range.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    range: Range,
}

/// The points of a range, oldest first. A step without samples has no point.
#[derive(Serialize)]
pub struct ShownPast {
    range: Range,
    step_ms: u64,
    from: Timestamp,
    to: Timestamp,
    platforms: [&'static str; Platform::ALL.len()],
    points: Vec<Point>,
}

/// The average figures of one step.
#[derive(Clone, PartialEq, Debug, Serialize)]
struct Point {
    at: Timestamp,
    online: f64,
    peak: u64,
    devices: [f64; Platform::ALL.len()],
    connections: f64,
    /// Changes per second.
    changes: f64,
    /// Notifications per second.
    notifications: f64,
    backlog: Option<f64>,
    delivery: Option<Quantiles>,
    detection: Option<Quantiles>,
}

/// `GET figures/history?range=hour|day|month`: shows the points of a range.
pub async fn show(
    State(console): State<Arc<Console>>,
    FromQuery(Which { range }): FromQuery<Which>,
) -> Result<Json<ShownPast>, ApiError> {
    let (level, to) = (range.level(), console.clock.now().wall);
    let from = level.oldest(to);
    let figures = console.past.figures(level.number, from, level.most()).await?;
    let (delivery, detection) = crate::metrics::no_durations();
    // Points lie in the future if the clock was ahead and has been set back; they are skipped.
    let figures = figures.iter().filter(|figure| figure.at <= to);
    let points = figures.filter_map(step_of).map(|step| point(&step, &delivery, &detection));
    Ok(Json(ShownPast {
        range,
        step_ms: level.step.as_millis() as u64,
        from,
        to,
        platforms: Platform::ALL.map(Platform::name),
        points: points.collect(),
    }))
}

/// Reads stored figures from the database.
pub struct PastReader(pub Arc<dyn Facts>);

impl PastReader {
    async fn figures(&self, level: u8, from: Timestamp, limit: usize) -> Result<Vec<Figure>, FactsError> {
        self.0.figures(level, from, limit).await
    }
}

fn point(step: &Step<Tally>, delivery: &Spread, detection: &Spread) -> Point {
    let tally = &step.sum;
    let mean = |sum: u64, over: u64| if over == 0 { 0.0 } else { sum as f64 / over as f64 };
    let per_second = |count: u64| mean(count * 1_000, tally.milliseconds);
    Point {
        at: step.at,
        online: mean(tally.online, tally.samples),
        peak: tally.peak,
        devices: tally.devices.map(|sum| mean(sum, tally.samples)),
        connections: mean(tally.connections, tally.samples),
        changes: per_second(tally.changes),
        notifications: per_second(tally.notifications),
        backlog: (tally.backlogs > 0).then(|| mean(tally.backlog, tally.backlogs)),
        delivery: delivery.with_counts(&tally.delivery).as_ref().and_then(Quantiles::of),
        detection: detection.with_counts(&tally.detection).as_ref().and_then(Quantiles::of),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use lamplight_core::STEADY_FOR;
    use lamplight_facts_sqlite::SqliteFacts;
    use lamplight_model::Moment;
    use std::time::Duration;

    const BOUNDS: &[f64] = &[0.001, 0.01, 0.1];

    fn tally(online: u64, changes: u64, delivery: &[u64]) -> Tally {
        Tally {
            samples: 1,
            milliseconds: 1_000,
            online,
            peak: online,
            changes,
            delivery: delivery.to_vec(),
            ..Tally::default()
        }
    }

    #[test]
    fn a_point_has_means_of_levels_and_rates_of_events() {
        let mut sum = tally(3, 10, &[0, 2, 0, 0]);
        sum.add(&tally(6, 0, &[0, 0, 0, 0]));
        sum.add(&Tally { backlog: 8, backlogs: 1, ..tally(0, 5, &[0, 2, 0, 0]) });
        let none = Spread::none(BOUNDS);
        let point = point(&Step { level: 1, at: Timestamp(7), sum }, &none, &none);
        assert_eq!((point.online, point.peak, point.changes, point.backlog), (3.0, 6, 5.0, Some(8.0)));
        assert_eq!(point.delivery.map(|it| it.count()), Some(4));
        assert!(point.detection.is_none());
    }

    #[tokio::test]
    async fn a_clock_that_leaps_ahead_for_a_while_takes_no_figure() {
        let folder = tempfile::tempdir().unwrap();
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let (day, step) = (Duration::from_secs(24 * 3_600), LEVELS[0].step);
        let begin = Now { moment: Moment(5), wall: Timestamp(1_700_000_000_000) };
        let old: Vec<_> = (1..=100)
            .map(|n| Figure { level: 3, at: Timestamp(begin.wall.0 - n * 900_000), content: "{}".to_owned() })
            .collect();
        facts.put_figures(old, Vec::new()).await.unwrap();
        let kept = async || facts.figures(3, Timestamp(0), 200).await.unwrap().len();

        let mut past = Past::resume(Arc::clone(&facts), begin.wall).await;
        let ahead = |now: Now| Now { wall: now.wall.after(3_000 * day), ..now };
        let mut now = begin;
        // The clock leaps ahead twice: right after the start, and after an hour in which it was right.
        for _ in 0..2 {
            for _ in 0..30 {
                now = now.after(step);
                past.take(ahead(now), &tally(1, 1, &[])).await;
            }
            assert!(kept().await >= 100);
            past.take(now, &tally(1, 1, &[])).await;
            now = now.after(STEADY_FOR);
            past.take(now, &tally(1, 1, &[])).await;
        }
        assert!(kept().await >= 100);
        // Now the time has really passed, as after the node was stopped or suspended.
        past.take(ahead(now), &tally(1, 1, &[])).await;
        past.take(ahead(now.after(STEADY_FOR)), &tally(1, 1, &[])).await;
        assert!(kept().await < 10);
    }

    #[test]
    fn what_another_program_has_kept_is_passed_over() {
        let other = tally(1, 1, &[1, 1]);
        let mut sum = other.clone();
        sum.add(&tally(1, 1, &[0, 0, 0, 7]));
        assert_eq!(sum.delivery, [0, 0, 0, 7], "buckets that differ are not added up");
        let none = Spread::none(BOUNDS);
        assert!(point(&Step { level: 1, at: Timestamp(7), sum: other }, &none, &none).delivery.is_none());
        let figure = |content: &str| Figure { level: 1, at: Timestamp(0), content: content.to_owned() };
        assert!(step_of(&figure("{}")).is_none() && step_of(&figure("x")).is_none());
    }
}
