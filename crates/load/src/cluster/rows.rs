//! The rows of the table for which no part of the cluster fails.

use crate::cluster::costs::{self, Costs, RedisMemory, Spent, milliseconds};
use crate::cluster::stage::Stage;
use crate::course::{Course, CourseSettings, Delivered, Pace};
use crate::fleet::LoginKind;
use crate::report::Target;
use crate::ring::WATCHED;
use anyhow::{Context, Result};
use std::time::Duration;

/// The rate of changes to which the goal of the row `crossing` applies, per second.
const RATE: u32 = 500;
/// The numbers of outstanding changes of a course without a fixed rate. With a higher number, nodes and Redis read and
/// write several changes at once.
const OUTSTANDING: [usize; 2] = [32, MANY_OUTSTANDING];
/// The number of outstanding changes at which Redis receives the commands of many changes together.
const MANY_OUTSTANDING: usize = 512;
/// The time in which Redis gives back the memory of tables and buffers that it no longer needs.
const SHRINKING: Duration = Duration::from_secs(4);

/// Connects all users, and subscribes each user to the neighbours. Measures the memory that Redis uses for each user.
pub fn memory(stage: &mut Stage, is_chosen: bool) -> Result<()> {
    let empty = RedisMemory::read(&stage.testbed)?;
    let nodes = stage.testbed.nodes.len();
    for user in 0..stage.crowd.users() {
        stage.crowd.call_in(user, Some(user as usize % nodes));
    }
    stage.crowd.settle(Duration::from_secs(300))?;
    stage.crowd.subscribe()?;
    if is_chosen {
        let busy = RedisMemory::read(&stage.testbed)?;
        costs::forget_recent_calls(&stage.testbed)?;
        stage.crowd.run_for(SHRINKING)?;
        let full = RedisMemory::read(&stage.testbed)?;
        let users = f64::from(stage.crowd.users());
        let of_batches = (full.batches - empty.batches) / users;
        let each = (full.used - empty.used) / users - of_batches;
        let of_calls = (busy.used - full.used) / users;
        stage.report.note(
            "Redis: memory of a user online, who watches 20",
            each,
            "B",
            Some(Target::AtMost(600.0)),
        );
        stage.report.note("Redis: log batches beside them, for each user", of_batches, "B", None);
        stage.report.note(
            "Redis: rate limits of the calls just made, and buffers, for each user",
            of_calls,
            "B",
            None,
        );
        stage.keep("memory")?;
    }
    Ok(())
}

/// Measures the cost of a change for the last node. This node has no clients, and therefore watches nobody.
pub fn unwatched(stage: &mut Stage) -> Result<()> {
    let last = stage.testbed.nodes.len() - 1;
    stage.crowd.set_accepting(last, false);
    stage.crowd.place(|user| user as usize % last)?;
    let idle = stage.idle()?;
    let slow = (format!("{RATE} changes/s"), Pace::PerSecond(RATE), stage.sizes.slow_changes);
    let fast = OUTSTANDING.map(|number| {
        let pace = Pace::Outstanding(number);
        (format!("{number} changes outstanding"), pace, stage.sizes.fast_changes)
    });
    for (what, pace, changes) in [slow].into_iter().chain(fast) {
        let (spent, _) = course(stage, &idle, pace, changes, false)?;
        let micros = spent.nodes[last] * 1e6 / changes as f64;
        stage.report.note(
            format!("a change on a node that watches nobody involved, {what}: CPU"),
            micros,
            "us",
            Some(Target::AtMost(2.0)),
        );
        stage.report.note(format!("{what}: changes"), changes as f64 / spent.seconds, "per s", None);
    }
    stage.crowd.set_accepting(last, true);
    let nodes = last + 1;
    stage.crowd.place(|user| user as usize % nodes)?;
    stage.keep("unwatched")
}

/// Measures the latency of changes between nodes, and the cost of a change for Redis.
pub fn crossing(stage: &mut Stage) -> Result<()> {
    let idle = stage.idle()?;
    // The first second warms up.
    course(stage, &idle, Pace::PerSecond(RATE), RATE.into(), true)?;
    let changes = stage.sizes.slow_changes;
    let (spent, run) = course(stage, &idle, Pace::PerSecond(RATE), changes, true)?;
    let name = |what: &str| format!("a change crosses nodes, {RATE} changes/s: {what}");
    let report = &mut stage.report;
    report.note(name("p50"), run.latency_ms(0.5), "ms", Some(Target::AtMost(3.0)));
    report.note(name("p99"), run.latency_ms(0.99), "ms", Some(Target::AtMost(25.0)));
    report.note(name("the worst"), run.latency.max() as f64 / 1_000.0, "ms", None);
    let expected = (changes * WATCHED as u64) as f64;
    report.note(name("delivered"), run.copies as f64, "", Some(Target::AtLeast(expected)));
    let each = |seconds: f64| seconds * 1e6 / changes as f64;
    let target = Some(Target::AtMost(30.0));
    report.note(format!("Redis: CPU of a change, {RATE} changes/s"), each(spent.redis), "us", target);
    report.note(
        "Redis: commands of a change, with those of scripts",
        spent.redis_commands / changes as f64,
        "",
        None,
    );
    report.note("all nodes: CPU of a change, with 20 deliveries", each(spent.nodes.iter().sum()), "us", None);
    report.note("load generator: CPU of one core", spent.load / spent.seconds * 100.0, "%", None);

    let changes = stage.sizes.fast_changes;
    let outstanding = MANY_OUTSTANDING.min(stage.crowd.users() as usize / 4);
    let (spent, _) = course(stage, &idle, Pace::Outstanding(outstanding), changes, true)?;
    let report = &mut stage.report;
    let name = format!("Redis: CPU of a change, {outstanding} changes outstanding");
    report.note(name, spent.redis * 1e6 / changes as f64, "us", target);
    let name = format!("{outstanding} changes outstanding: changes");
    report.note(name, changes as f64 / spent.seconds, "per s", None);
    report.note("the same: reads of Redis for each change", spent.redis_reads / changes as f64, "", None);
    stage.keep("crossing")
}

/// Makes changes, and returns their cost without the cost of the idle cluster.
fn course(
    stage: &mut Stage,
    idle: &Spent,
    pace: Pace,
    changes: u64,
    between_nodes: bool,
) -> Result<(Spent, Delivered)> {
    let crowd = &mut stage.crowd;
    let nodes = (0..crowd.users()).map(|user| crowd.fleet.node_of(user)).collect();
    let settings = CourseSettings {
        between_nodes: between_nodes.then_some(nodes),
        ..CourseSettings::new((0..crowd.users()).collect())
    };
    let mut course = Course::new(&crowd.fleet, settings, crowd.last_text())?;
    let before = Costs::read(&stage.testbed)?;
    let delivered = course.run(&mut crowd.fleet, changes, pace);
    let delivered = delivered.with_context(|| format!("a course of changes; {}", crowd.state()))?;
    let after = Costs::read(&stage.testbed)?;
    crowd.set_last_text(course.last_text());
    crowd.settle(Duration::from_secs(30))?;
    Ok((before.until(&after).without(idle), delivered))
}

/// Measures the CPU time of a login on one node, while all other users are connected to all nodes.
pub fn login(stage: &mut Stage) -> Result<()> {
    const NODE: usize = 0;
    let idle = stage.idle()?;
    let (mut cpu, mut all, mut logins) = (0.0, 0.0, 0);
    for round in 0..stage.sizes.login_rounds {
        let some = stage.crowd.fleet.ring().spread(round, u32::MAX);
        leave(stage, &some)?;
        let before = Costs::read(&stage.testbed)?;
        for user in &some {
            stage.crowd.set_login(*user, LoginKind::Start);
            stage.crowd.call_in(*user, Some(NODE));
        }
        stage.crowd.settle(Duration::from_secs(60))?;
        let spent = before.until(&Costs::read(&stage.testbed)?).without(&idle);
        cpu += spent.nodes[NODE];
        all += spent.nodes.iter().sum::<f64>();
        logins += some.len();
    }
    let each = |seconds: f64| seconds * 1e3 / logins as f64;
    let target = Some(Target::AtMost(0.5));
    stage.report.note("login of a known device, 20 watchers told: CPU of its node", each(cpu), "ms", target);
    stage.report.note("the same: CPU of all nodes", each(all), "ms", None);
    let nodes = stage.testbed.nodes.len();
    stage.crowd.place(|user| user as usize % nodes)?;
    stage.keep("login")
}

/// Measures the round trips of a login, one login at a time. The cluster has a single Redis server. Commands that are
/// sent together take a single read, so the reads are the round trips.
pub fn round_trips(stage: &mut Stage) -> Result<()> {
    let some = stage.crowd.fleet.ring().spread(0, 200);
    let idle = stage.idle()?;
    leave(stage, &some)?;
    let before = Costs::read(&stage.testbed)?;
    for user in &some {
        stage.crowd.set_login(*user, LoginKind::Start);
        stage.crowd.call_in(*user, None);
        stage.crowd.run_until("a login", Duration::from_secs(10), |crowd| Ok(crowd.missing() == 0))?;
        stage.crowd.run_for(Duration::from_millis(5))?;
    }
    let spent = before.until(&Costs::read(&stage.testbed)?).without(&idle);
    let each = |count: f64| count / some.len() as f64;
    let report = &mut stage.report;
    report.note("login: round trips to Redis", each(spent.redis_reads), "", Some(Target::AtMost(3.0)));
    report.note("login: commands of Redis, with those of scripts", each(spent.redis_commands), "", None);
    match spent.statements {
        Some(count) => {
            report.note("login: statements of PostgreSQL", each(count), "", Some(Target::AtMost(1.0)));
        }
        None => crate::report::say("  pg_stat_statements is not installed: statements are not counted"),
    }
    report.note(
        "login, one after another: CPU of the node",
        spent.nodes[0] * 1e3 / some.len() as f64,
        "ms",
        None,
    );
    stage.keep("round-trips")
}

/// Closes the connections of these users in an orderly way, and waits until their watchers are notified.
fn leave(stage: &mut Stage, users: &[u32]) -> Result<()> {
    stage.crowd.begin();
    for user in users {
        stage.crowd.send_away(*user);
    }
    let expected = users.len() * WATCHED;
    stage.crowd.run_until("watchers are not told who has left", Duration::from_secs(60), |crowd| {
        Ok(crowd.witness.absences.len() >= expected)
    })
}

/// Adds to the report the figures about clients that returned.
pub fn returns(stage: &mut Stage, row: &str) {
    let mut returns = std::mem::take(&mut stage.crowd.returns);
    returns.sort_unstable();
    if let (Some(last), Some(median)) = (returns.last(), returns.get(returns.len() / 2)) {
        stage.report.note(format!("{row}: links that broke"), returns.len() as f64, "", None);
        stage.report.note(format!("{row}: a client is back after, p50"), milliseconds(*median), "ms", None);
        stage.report.note(format!("{row}: the last client is back after"), milliseconds(*last), "ms", None);
    }
}
