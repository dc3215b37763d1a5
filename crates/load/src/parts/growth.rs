//! Measures how the cost of a change grows: with accounts, subscriptions, connections and watchers.

mod fit;
mod import;
mod points;

use super::Server;
use crate::args::{GrowthArgs, Series};
use crate::course::{Course, CourseSettings, Delivered, Pace};
use crate::fleet::Fleet;
use crate::plot::{Axis, Line, Panel, Plot};
use crate::report::{Report, Target, say};
use crate::server_process::ServerSettings;
use anyhow::{Context, Result};
use points::Point;
use std::time::{Duration, Instant};

/// The time for which the idle server is measured. Its CPU time is subtracted from that of the changes.
const IDLE: Duration = Duration::from_secs(2);
const IDLE_QUICK: Duration = Duration::from_millis(200);
/// The number of changes that are outstanding in the second load of a ring.
const OUTSTANDING: usize = 32;
/// The number of subscriptions in one request.
const AT_ONCE: usize = 1_000;
/// The number of requests under way while users subscribe to many others.
const SUBSCRIBING_WINDOW: usize = 8;
/// The goal for the fitted growth of a cost that should be constant: 1 is constant.
const GOAL: f64 = 1.5;

/// The measured results of one point.
struct Measured {
    size: u32,
    /// The CPU time of a change at the fixed rate, in microseconds.
    cpu: f64,
    /// The CPU time of a notification at the fixed rate, in microseconds.
    cpu_each: f64,
    /// The CPU time of a change with 32 outstanding, in microseconds; `None` if that was not measured.
    cpu_together: Option<f64>,
    p50: f64,
    p99: f64,
    /// The resident memory of the server, in MiB.
    memory: f64,
}

/// Measures the chosen series, or all.
pub fn run(args: &GrowthArgs, report: &mut Report) -> Result<()> {
    let chosen = |series: &Series| args.series.is_empty() || args.series.contains(series);
    for series in Series::ALL.into_iter().filter(chosen) {
        let points = points::of(series, args.quick);
        let measured: Result<Vec<_>> =
            points.iter().map(|point| measure(args, series, point, report)).collect();
        conclude(series, &measured?, report);
    }
    Ok(())
}

/// Measures one point with a server of its own.
fn measure(args: &GrowthArgs, series: Series, point: &Point, report: &mut Report) -> Result<Measured> {
    let ring = point.ring()?;
    say(&format!(
        "growth: {series}, {}: {} connections, {} watchers for each changing user, {} changes a second",
        point.size,
        ring.users(),
        ring.watchers(),
        point.rate
    ));
    let settings = ServerSettings {
        workers: args.workers,
        // Heartbeats would add a cost that belongs to connections, not to changes.
        heartbeat_timeout_s: Some(3_600),
        api_rate: Some(60_000),
        subscriptions: (point.subscriptions > 0).then_some(point.subscriptions),
        every_change: point.closed_changes > 0,
        ..ServerSettings::default()
    };
    let server = Server::start(args.program.clone(), settings)?;
    let meter = server.target().meter.context("the process is known")?;
    let began = Instant::now();
    let offline: Vec<u32> = (ring.users()..ring.users() + point.offline).collect();
    import::import(server.target(), ring.users()..ring.users() + point.offline)?;
    let mut fleet = Fleet::new(server.target().clone(), ring)?;
    super::login::everyone(&mut fleet)?;
    if point.subscriptions > 0 {
        let users: Vec<u32> = (0..ring.users()).collect();
        for whom in offline.chunks(AT_ONCE) {
            fleet.subscribe_to(&users, SUBSCRIBING_WINDOW, |_| whom.to_vec())?;
        }
    }
    fleet.quiet()?;
    report.note(name(series, point.size, "time to prepare"), began.elapsed().as_secs_f64(), "s", None);

    let settings = CourseSettings { in_turn: point.closed_changes == 0, ..CourseSettings::everyone(ring) };
    let mut course = Course::new(&fleet, settings, 0)?;
    let pace = Pace::PerSecond(point.rate);
    course.run(&mut fleet, (point.changes / 6).max(1), pace)?;
    fleet.quiet()?;
    let (idle_from, idle_since) = (meter.threads_cpu()?, Instant::now());
    while idle_since.elapsed() < if args.quick { IDLE_QUICK } else { IDLE } {
        fleet.pump(Duration::from_millis(100))?.for_each(drop);
    }
    let idle =
        meter.threads_cpu()?.saturating_sub(idle_from).as_secs_f64() / idle_since.elapsed().as_secs_f64();

    let mut cost_of = |fleet: &mut Fleet, changes, pace| -> Result<(Delivered, f64)> {
        let before = meter.threads_cpu()?;
        let run = course.run(fleet, changes, pace)?;
        let cpu = meter.threads_cpu()?.saturating_sub(before).as_secs_f64();
        let cpu = (cpu - idle * run.took.as_secs_f64()).max(0.0) * 1e6;
        fleet.quiet()?;
        Ok((run, cpu))
    };
    let (open, cpu) = cost_of(&mut fleet, point.changes, pace)?;
    let together = match point.closed_changes {
        0 => None,
        changes => Some(cost_of(&mut fleet, changes, Pace::Outstanding(OUTSTANDING))?),
    };
    fleet.verify();
    super::end(&fleet, report);
    let measured = Measured {
        size: point.size,
        cpu: cpu / open.changes as f64,
        cpu_each: cpu / open.copies.max(1) as f64,
        cpu_together: together.map(|(run, cpu)| cpu / run.changes as f64),
        p50: open.latency_ms(0.5),
        p99: open.latency_ms(0.99),
        memory: meter.memory()?.resident as f64 / 1_048_576.0,
    };
    note(series, &measured, report);
    Ok(measured)
}

fn name(series: Series, size: u32, what: &str) -> String {
    format!("{series} {size}: {what}")
}

fn note(series: Series, measured: &Measured, report: &mut Report) {
    let Measured { size, cpu, cpu_each, cpu_together, p50, p99, memory } = *measured;
    let mut note = |what, value, unit| report.note(name(series, size, what), value, unit, None);
    note("CPU of a change", cpu, "µs");
    note("CPU of a notification", cpu_each, "µs");
    if let Some(cpu) = cpu_together {
        note("CPU of a change, 32 outstanding", cpu, "µs");
    }
    note("latency p50", p50, "ms");
    note("latency p99", p99, "ms");
    note("server memory, resident", memory, "MiB");
}

/// Judges the growth of a series, and adds its plot.
fn conclude(series: Series, measured: &[Measured], report: &mut Report) {
    let curve = |of: fn(&Measured) -> f64| -> Vec<(f64, f64)> {
        measured.iter().map(|one| (f64::from(one.size), of(one))).collect()
    };
    let (cpu, each, memory) = (curve(|one| one.cpu), curve(|one| one.cpu_each), curve(|one| one.memory));
    let together: Vec<(f64, f64)> =
        measured.iter().filter_map(|one| Some((f64::from(one.size), one.cpu_together?))).collect();
    let judged: Vec<(&str, Vec<(f64, f64)>)> = match series {
        Series::Watchers => {
            // With few watchers, most of the cost is that of the change itself, so the fit would hide the slope.
            vec![("CPU of a notification", each.iter().copied().filter(|(size, _)| *size >= 100.0).collect())]
        }
        Series::Accounts | Series::Subscriptions | Series::Connections => {
            vec![("CPU of a change", cpu.clone()), ("CPU of a change, 32 outstanding", together.clone())]
        }
    };
    for (what, curve) in judged {
        if let (Some(growth), Some(exponent)) = (fit::growth(&curve), fit::exponent(&curve)) {
            let name = |figure: &str| format!("{series}: {what}, {figure}");
            report.note(name("growth over the series"), growth, "", Some(Target::AtMost(GOAL)));
            report.note(name("fitted exponent"), exponent, "", None);
        }
    }

    let (axis, cost): (&str, _) = match series {
        Series::Accounts => ("offline accounts", Axis::linear("CPU of the server, µs")),
        Series::Subscriptions => ("subscriptions of each connection", Axis::linear("CPU of the server, µs")),
        Series::Connections => ("connections", Axis::linear("CPU of the server, µs")),
        Series::Watchers => ("online watchers of the user who changes", Axis::log("CPU of the server, µs")),
    };
    let lines = match series {
        Series::Watchers => vec![Line::new("a change", cpu), Line::new("a notification", each)],
        Series::Accounts | Series::Subscriptions | Series::Connections => {
            vec![Line::new("a change, fixed rate", cpu), Line::new("a change, 32 outstanding", together)]
        }
    };
    let panel = |y, lines| Panel { x: Axis::log(axis), y, lines };
    let latency = vec![Line::new("p50", curve(|one| one.p50)), Line::new("p99", curve(|one| one.p99))];
    report.plots.push(Plot {
        name: format!("growth-{series}"),
        title: format!("A change and its notifications, by {axis}"),
        panels: vec![
            panel(cost, lines),
            panel(Axis::log("latency, ms"), latency),
            panel(Axis::linear("memory, MiB"), vec![Line::new("resident memory of the server", memory)]),
        ],
    });
}
