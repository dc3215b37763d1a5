//! The history of the figures. The samples of every second are summed over steps of several lengths. The database
//! stores the steps of each node. The console shows an hour, a day or a month, of one node or of all nodes together.

use super::Console;
use super::error::{ApiError, FromQuery};
use super::quantiles::Quantiles;
use crate::durations::Spread;
use axum::Json;
use axum::extract::State;
use lamplight_core::{LEVELS, Level, RetentionClock, Step, Sum, Thinning};
use lamplight_facts::{Facts, FactsError, Figure, FiguresRead};
use lamplight_model::{Now, Platform, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The maximum number of names of nodes in an answer. The nodes with the latest figures are named.
const MAX_NODES: usize = 200;
/// The number of stored steps that are read at a time. A step takes about 1 KB.
const STEPS_AT_ONCE: usize = 2_000;

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

impl Tally {
    /// Combines the figures of this step with those of another node for the same step.
    ///
    /// Each node counts the users, devices, backlog and changes of the whole cluster. The result has the higher `peak`
    /// and the higher number of changes, and otherwise the figures of the node with more samples. Each node counts only
    /// its own connections, notifications and durations. These are added up.
    fn join(&mut self, other: &Self) {
        let (mut longer, shorter) = match other.samples > self.samples {
            true => (other.clone(), &*self),
            false => (self.clone(), other),
        };
        longer.peak = longer.peak.max(shorter.peak);
        longer.connections += shorter.connections;
        longer.notifications += shorter.notifications;
        longer.changes = longer.changes.max(shorter.changes);
        for (sum, more) in
            [(&mut longer.delivery, &shorter.delivery), (&mut longer.detection, &shorter.detection)]
        {
            // Nodes of two versions may have different buckets.
            if sum.len() == more.len() {
                add_buckets(sum, more);
            }
        }
        *self = longer;
    }
}

/// Adds `later` to `sum`, bucket by bucket. If the numbers of buckets differ, as between two versions of the program,
/// `later` replaces `sum`.
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
    /// The name of this node in its cluster; empty without a cluster.
    node: String,
    thinning: Thinning<Tally>,
    retention: RetentionClock,
}

impl Past {
    /// Makes the history of a node. Continues the current steps (one of each length) if an earlier process of the node
    /// has stored them. `node` is the name of the node in its cluster; empty without a cluster.
    pub async fn resume(facts: Arc<dyn Facts>, node: String, now: Timestamp) -> Self {
        let mut kept = Vec::new();
        for level in LEVELS {
            let which = FiguresRead {
                level: level.number,
                node: Some(node.clone()),
                from: level.step_of(now),
                after: None,
            };
            match facts.figures(which, 1).await {
                Ok(figures) => kept.extend(figures.iter().filter_map(step_of)),
                Err(error) => tracing::warn!(%error, "the stored figures cannot be read"),
            }
        }
        Self { facts, node, thinning: Thinning::resume(kept, now), retention: RetentionClock::default() }
    }

    /// Adds the figures of a sample, and writes the steps that are due. If the write fails, the sums over the shortest
    /// steps are lost; longer steps are written later. After a leap of the wall clock, old figures are kept for some
    /// time.
    pub async fn take(&mut self, now: Now, counted: &Tally) {
        let retained_by = self.retention.read(now);
        let due = self.thinning.take(now.wall, counted);
        if due.is_empty() {
            return;
        }
        let figures = due.iter().filter_map(|step| {
            let content = serde_json::to_string(&step.sum).ok()?;
            Some(Figure { level: step.level, at: step.at, node: self.node.clone(), content })
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
    /// The name of a node; absent for all nodes together.
    #[serde(default)]
    node: Option<String>,
}

/// The points of a range, oldest first. A step without samples has no point.
#[derive(Serialize)]
pub struct ShownPast {
    range: Range,
    step_ms: u64,
    from: Timestamp,
    to: Timestamp,
    platforms: [&'static str; Platform::ALL.len()],
    /// The names of the nodes with figures in the range, in ascending order. The name of a server without a cluster is
    /// empty.
    nodes: Vec<String>,
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
    /// The number of changes per second.
    changes: f64,
    /// The number of notifications per second.
    notifications: f64,
    backlog: Option<f64>,
    delivery: Option<Quantiles>,
    detection: Option<Quantiles>,
}

/// `GET figures/history?range=hour|day|month&node=`: shows the points of a range.
pub async fn show(
    State(console): State<Arc<Console>>,
    FromQuery(Which { range, node }): FromQuery<Which>,
) -> Result<Json<ShownPast>, ApiError> {
    let (level, to) = (range.level(), console.clock.now().wall);
    let from = level.oldest(to);
    let Joined { steps, nodes } = console.past.read(level, from, to, node.as_deref()).await?;
    let (delivery, detection) = crate::metrics::no_durations();
    let points = steps.into_iter().map(|(at, sum)| {
        let step = Step { level: level.number, at, sum };
        point(&step, &delivery, &detection)
    });
    Ok(Json(ShownPast {
        range,
        step_ms: level.step.as_millis() as u64,
        from,
        to,
        platforms: Platform::ALL.map(Platform::name),
        nodes,
        points: points.collect(),
    }))
}

/// The steps of a range by their times, and the names of the nodes that have figures in the range.
struct Joined {
    steps: BTreeMap<Timestamp, Tally>,
    nodes: Vec<String>,
}

/// Reads stored figures from the database.
pub struct PastReader(pub Arc<dyn Facts>);

impl PastReader {
    /// Reads the steps from `from` to `to`: those of `node`, or the joined steps of all nodes if `node` is `None`. The
    /// memory depends on the number of steps, not on the number of nodes.
    async fn read(
        &self,
        level: Level,
        from: Timestamp,
        to: Timestamp,
        node: Option<&str>,
    ) -> Result<Joined, FactsError> {
        let mut which = FiguresRead { level: level.number, node: None, from, after: None };
        let mut steps: BTreeMap<Timestamp, Tally> = BTreeMap::new();
        let mut last_of: BTreeMap<String, Timestamp> = BTreeMap::new();
        loop {
            let page = self.0.figures(which.clone(), STEPS_AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            which.after = Some((last.at, last.node.clone()));
            let is_last = page.len() < STEPS_AT_ONCE || last.at > to;
            // If the clock was ahead and has been set back, some steps lie in the future. They are skipped.
            for figure in page.into_iter().filter(|figure| figure.at <= to) {
                if node.is_none_or(|node| node == figure.node)
                    && let Some(step) = step_of(&figure)
                {
                    steps
                        .entry(step.at)
                        .and_modify(|joined| joined.join(&step.sum))
                        .or_insert_with(|| step.sum.clone());
                }
                note_node(&mut last_of, figure.node, figure.at);
            }
            if is_last || steps.len() > level.most() {
                break;
            }
        }
        Ok(Joined { steps, nodes: last_of.into_keys().collect() })
    }
}

/// Notes the time of the last figures of a node. If there are more than [`MAX_NODES`] nodes, forgets the node with the
/// oldest figures.
fn note_node(last_of: &mut BTreeMap<String, Timestamp>, node: String, at: Timestamp) {
    last_of.insert(node, at);
    if last_of.len() > MAX_NODES {
        let oldest = last_of.iter().min_by_key(|(_, at)| **at).map(|(node, _)| node.clone());
        oldest.map(|node| last_of.remove(&node));
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

    #[test]
    fn the_figures_of_nodes_are_added_up_where_each_node_counts_its_own() {
        let node = |samples, connections| Tally {
            samples,
            milliseconds: samples * 1_000,
            online: samples * 7,
            connections: samples * connections,
            notifications: 4,
            backlog: samples * 2,
            backlogs: samples,
            detection: vec![1],
            ..tally(7, 5, &[0, 2, 0, 0])
        };
        // Another node has counted for a part of the step, and the buckets of its version differ.
        let late = Tally { peak: 9, detection: vec![1, 1], ..node(2, 3) };
        let none = Spread::none(BOUNDS);
        for tallies in [[node(4, 10), node(4, 1), late.clone()], [late, node(4, 1), node(4, 10)]] {
            let [mut sum, others @ ..] = tallies;
            others.iter().for_each(|other| sum.join(other));
            let shown = point(&Step { level: 1, at: Timestamp(7), sum: sum.clone() }, &none, &none);
            assert_eq!((shown.online, shown.peak, shown.backlog), (7.0, 9, Some(2.0)));
            // The connections of the late node count only for half of the step.
            assert_eq!((shown.connections, shown.notifications, shown.changes), (12.5, 3.0, 1.25));
            assert_eq!(shown.delivery.map(|it| it.count()), Some(6));
            assert_eq!(sum.detection, [2]);
        }
    }

    #[test]
    fn the_nodes_with_the_oldest_figures_are_not_named_above_the_bound() {
        let mut last_of = BTreeMap::new();
        for n in 0..MAX_NODES as u64 + 2 {
            note_node(&mut last_of, format!("{n}"), Timestamp(n));
            note_node(&mut last_of, "1".to_owned(), Timestamp(n));
        }
        assert_eq!(last_of.len(), MAX_NODES);
        let missing: Vec<_> =
            (0..MAX_NODES + 2).map(|n| n.to_string()).filter(|node| !last_of.contains_key(node)).collect();
        assert_eq!(missing, ["0", "2"]);
    }

    #[tokio::test]
    async fn each_node_has_figures_of_its_own_and_all_are_shown_together() {
        let folder = tempfile::tempdir().unwrap();
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let mut now = Now { moment: Moment(5), wall: Timestamp(1_700_000_000_000) };
        let (begin, level) = (now.wall, LEVELS[0]);
        let resume = async |node: &str, at| Past::resume(Arc::clone(&facts), node.to_owned(), at).await;
        let (mut a, mut b) = (resume("a", now.wall).await, resume("b", now.wall).await);
        for turn in 0..30 {
            if turn == 15 {
                // Node b is started again in the middle of a step of the longest level.
                b = resume("b", now.wall).await;
            }
            now = now.after(level.step);
            a.take(now, &Tally { connections: 3, ..tally(7, 1, &[]) }).await;
            b.take(now, &Tally { connections: 1, ..tally(7, 1, &[]) }).await;
        }
        let reader = PastReader(facts);
        // Node b lacks the step in which it was started again.
        let restart = begin.after(level.step * 15);
        for (node, connections, count) in [(None, 4, 29), (Some("a"), 3, 29), (Some("b"), 1, 28)] {
            let Joined { mut steps, nodes } = reader.read(level, begin, now.wall, node).await.unwrap();
            assert_eq!(nodes, ["a", "b"]);
            assert_eq!(steps.len(), count);
            let at_restart = steps.remove(&restart).map(|it| it.connections);
            assert_eq!(at_restart, if node == Some("b") { None } else { Some(3) });
            assert!(steps.values().all(|it| (it.samples, it.online) == (1, 7)), "{steps:?}");
            assert!(steps.values().all(|it| it.connections == connections), "{node:?}: {steps:?}");
            let coarse = reader.read(LEVELS[2], Timestamp(0), now.wall, node).await.unwrap().steps;
            let samples: u64 = coarse.values().map(|it| it.samples).sum();
            assert!((28..=29).contains(&samples), "{node:?}: {coarse:?}");
        }
        let none = reader.read(level, begin, now.wall, Some("c")).await.unwrap();
        assert_eq!((none.steps.len(), none.nodes.len()), (0, 2));
    }

    #[tokio::test]
    async fn a_clock_that_leaps_ahead_for_a_while_takes_no_figure() {
        let folder = tempfile::tempdir().unwrap();
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let (day, step) = (Duration::from_secs(24 * 3_600), LEVELS[0].step);
        let begin = Now { moment: Moment(5), wall: Timestamp(1_700_000_000_000) };
        let old: Vec<_> = (1..=100)
            .map(|n| Figure {
                level: 3,
                at: Timestamp(begin.wall.0 - n * 900_000),
                node: "gone".to_owned(),
                content: "{}".to_owned(),
            })
            .collect();
        facts.put_figures(old, Vec::new()).await.unwrap();
        let all = || FiguresRead { level: 3, ..FiguresRead::default() };
        let kept = async || facts.figures(all(), 200).await.unwrap().len();

        let mut past = Past::resume(Arc::clone(&facts), String::new(), begin.wall).await;
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
        // Now this time has really passed, as if the node had been stopped or suspended for that long.
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
        let figure = |content: &str| Figure {
            level: 1,
            at: Timestamp(0),
            node: String::new(),
            content: content.to_owned(),
        };
        assert!(step_of(&figure("{}")).is_none() && step_of(&figure("x")).is_none());
    }
}
