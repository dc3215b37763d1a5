//! The measurements of changes: as fast as they are delivered, and at a fixed rate.

use super::middle;
use crate::bare_loop::BareLoop;
use crate::course::{Course, CourseSettings, Delivered, Pace};
use crate::fleet::Fleet;
use crate::plot::{Axis, Line, Panel, Plot};
use crate::report::{Report, Target, say};
use crate::ring::WATCHED;
use anyhow::Result;

/// The number of outstanding changes at which `NARROW_TARGET` applies.
pub const NARROW: usize = 32;
/// The number of outstanding changes at which `WIDE_TARGET` applies.
pub const WIDE: usize = 512;
/// The target with [`NARROW`] outstanding changes: deliveries per second of the server's CPU time.
const NARROW_TARGET: f64 = 70_000.0;
/// The target with [`WIDE`] outstanding changes. It is higher, because the server writes the changes of one round
/// together.
const WIDE_TARGET: f64 = 2.0 * NARROW_TARGET;
/// The number of measured changes for each change of the warm-up.
const WARM_UP: u64 = 10;

/// The settings of a load in which each completed change starts the next one.
#[derive(Clone, Copy, Debug)]
pub struct ClosedLoad {
    /// The number of measured changes.
    pub changes: u64,
    /// The number of outstanding changes.
    pub outstanding: usize,
    /// The number of runs. The result is the median of their results.
    pub repeat: u32,
    /// Whether each change requests an answer.
    pub answered: bool,
}

/// Measures the cost of a delivery, and the cost of the same writes in the bare loop. Returns the number of the last
/// custom status that was set.
pub fn closed(fleet: &mut Fleet, load: &ClosedLoad, after: u32, report: &mut Report) -> Result<u32> {
    let ring = fleet.ring();
    say(&format!(
        "closed: {} users, {} changes, {} outstanding, {} times",
        ring.users(),
        load.changes,
        load.outstanding,
        load.repeat
    ));
    fleet.quiet()?;
    let settings = CourseSettings { answered: load.answered, ..CourseSettings::everyone(ring) };
    let mut course = Course::new(fleet, settings, after)?;
    let pace = Pace::Outstanding(load.outstanding);
    let together = course.run(fleet, load.changes / WARM_UP, pace)?.together;

    let mut single_loop = BareLoop::new(ring, 1.0)?;
    let mut runs: Vec<Delivered> = Vec::new();
    let (mut single, mut grouped) = (Vec::new(), Vec::new());
    for _ in 0..load.repeat {
        runs.push(course.run(fleet, load.changes, pace)?);
        single.push(single_loop.run(load.changes, load.outstanding)?.per_cpu_second());
    }
    drop(single_loop);
    let together = runs.last().map_or(together, |run| run.together).clamp(1.0, WATCHED as f64);
    let mut grouped_loop = BareLoop::new(ring, together)?;
    for _ in 0..load.repeat {
        grouped.push(grouped_loop.run(load.changes, load.outstanding)?.per_cpu_second());
    }
    drop(grouped_loop);
    fleet.quiet()?;
    fleet.verify();

    let count = runs.len();
    let per_cpu_second = middle(runs.iter().map(Delivered::per_cpu_second).collect());
    let target = match load.outstanding {
        NARROW => Some(Target::AtLeast(NARROW_TARGET)),
        WIDE => Some(Target::AtLeast(WIDE_TARGET)),
        _ => None,
    };
    let name = |what: &str| format!("{} outstanding: {what}", load.outstanding);
    if fleet.target().meter.is_some() {
        report.note(name("delivered per CPU-second of the server"), per_cpu_second, "", target);
        let all: Vec<_> = runs.iter().map(Delivered::per_cpu_second).collect();
        report.note(name("the least of them"), all.iter().copied().fold(f64::MAX, f64::min), "", None);
        report.note(name("the most of them"), all.iter().copied().fold(0.0, f64::max), "", None);
    }
    let mean = |of: fn(&Delivered) -> f64| runs.iter().map(of).sum::<f64>() / count as f64;
    report.note(
        name("delivered per second"),
        mean(|run| run.copies as f64 / run.took.as_secs_f64()),
        "",
        None,
    );
    report.note(name("notifications in one write"), mean(|run| run.together), "", None);
    report.note(name("bytes of a notification"), mean(|run| run.bytes), "B", None);
    report.note(name("latency p50"), mean(|run| run.latency_ms(0.5)), "ms", None);
    report.note(name("latency p99"), mean(|run| run.latency_ms(0.99)), "ms", None);
    let (single, grouped) = (middle(single), middle(grouped));
    report.note(name("bare loop, one in a write, per CPU-second"), single, "", None);
    report.note(name("bare loop, as many in a write, per CPU-second"), grouped, "", None);
    if fleet.target().meter.is_some() {
        report.note(name("server : bare loop, one in a write"), per_cpu_second / single, "", None);
        report.note(name("server : bare loop, as many in a write"), per_cpu_second / grouped, "", None);
    }
    Ok(course.last_text())
}

/// Returns the plot of the latency in each second of a run.
fn latency_over_time(users: u32, rate: u32, run: &Delivered) -> Plot {
    let curves = [("p50", 0.5), ("p99", 0.99), ("worst", 1.0)];
    Plot {
        name: "latency-over-time".to_owned(),
        title: format!("{rate} changes a second, {users} connections, 20 watchers for each user"),
        panels: vec![Panel {
            x: Axis::linear("time, s"),
            y: Axis::log("latency in each second, ms"),
            lines: curves.map(|(name, at)| Line::new(name, run.latency_by_second(at))).into(),
        }],
    }
}

/// Measures the latency of changes at a fixed rate. Returns the number of the last custom status that was set.
pub fn open(fleet: &mut Fleet, changes: u64, rate: u32, after: u32, report: &mut Report) -> Result<u32> {
    let users = fleet.ring().users();
    say(&format!("open: {users} users, {changes} changes at {rate} a second"));
    fleet.quiet()?;
    let mut course = Course::new(fleet, CourseSettings::new((0..users).collect()), after)?;
    course.run(fleet, (changes / WARM_UP).min(u64::from(rate)), Pace::PerSecond(rate))?;
    let run = course.run(fleet, changes, Pace::PerSecond(rate))?;
    fleet.quiet()?;
    fleet.verify();
    let name = |what: &str| format!("{rate} changes a second: {what}");
    report.note(name("latency p50"), run.latency_ms(0.5), "ms", None);
    report.note(name("latency p99"), run.latency_ms(0.99), "ms", Some(Target::AtMost(20.0)));
    report.note(name("latency, the worst"), run.latency.max() as f64 / 1_000.0, "ms", None);
    let expected = run.changes * WATCHED as u64;
    report.note(name("delivered"), run.copies as f64, "", Some(Target::AtLeast(expected as f64)));
    if fleet.target().meter.is_some() {
        report.note(name("delivered per CPU-second of the server"), run.per_cpu_second(), "", None);
    }
    report.plots.push(latency_over_time(users, rate, &run));
    Ok(course.last_text())
}
