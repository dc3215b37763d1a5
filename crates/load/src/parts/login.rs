//! Measures logins: of new accounts, of all known devices at once, and of some devices while all others are connected.

use super::LOGIN_WINDOW;
use crate::fleet::{Fleet, LoginKind};
use crate::report::{Report, Target, say};
use anyhow::Result;
use std::time::{Duration, Instant};

/// Logs all users in for the first time, and subscribes each to its neighbours.
pub fn everyone(fleet: &mut Fleet) -> Result<()> {
    let users: Vec<u32> = (0..fleet.ring().users()).collect();
    fleet.log_in(&users, LOGIN_WINDOW, LoginKind::Start)?;
    fleet.quiet()?;
    fleet.subscribe(&users, LOGIN_WINDOW)?;
    fleet.quiet()?;
    fleet.verify();
    Ok(())
}

/// Measures each kind of login. Afterwards, all users are connected.
pub fn measure(fleet: &mut Fleet, rounds: u32, report: &mut Report) -> Result<()> {
    let users: Vec<u32> = (0..fleet.ring().users()).collect();
    say(&format!("login: {} users, {LOGIN_WINDOW} logins under way at a time", users.len()));

    let first =
        Cost::of(fleet, users.len(), |fleet| fleet.log_in(&users, LOGIN_WINDOW, LoginKind::Start).map(drop))?;
    report.note("first login, makes the account: CPU of the server", first.cpu_ms, "ms", None);
    report.note("first logins", first.per_second, "per s", None);
    let subscribed = Cost::of(fleet, users.len(), |fleet| fleet.subscribe(&users, LOGIN_WINDOW))?;
    report.note("subscribing to 20: CPU of the server", subscribed.cpu_ms, "ms", None);
    fleet.verify();

    fleet.drop_links(&users, false);
    fleet.quiet()?;
    let together =
        Cost::of(fleet, users.len(), |fleet| fleet.log_in(&users, LOGIN_WINDOW, LoginKind::Start).map(drop))?;
    report.note("login, all come one after the other: CPU of the server", together.cpu_ms, "ms", None);
    report.note("logins, all come one after the other", together.per_second, "per s", None);
    fleet.verify();

    let (mut cpu, mut took) = (Duration::ZERO, Vec::new());
    for round in 0..rounds {
        let some = fleet.ring().spread(round, u32::MAX);
        fleet.drop_links(&some, false);
        fleet.quiet()?;
        let before = fleet.server_cpu()?;
        took.extend(fleet.log_in(&some, LOGIN_WINDOW, LoginKind::Start)?);
        fleet.quiet()?;
        cpu += fleet.server_cpu()? - before;
    }
    fleet.verify();
    took.sort_unstable();
    let cpu_ms = milliseconds(cpu) / took.len() as f64;
    let target = Some(Target::AtMost(0.3));
    report.note("login, 20 watchers told: CPU of the server", cpu_ms, "ms", target);
    let p50 = took.get(took.len() / 2).copied().unwrap_or_default();
    report.note("login, 20 watchers told: p50 until answered", milliseconds(p50), "ms", None);
    Ok(())
}

/// The cost of an operation on several users, divided by their number.
struct Cost {
    cpu_ms: f64,
    per_second: f64,
}

impl Cost {
    fn of(fleet: &mut Fleet, users: usize, work: impl FnOnce(&mut Fleet) -> Result<()>) -> Result<Self> {
        let (cpu, began) = (fleet.server_cpu()?, Instant::now());
        work(fleet)?;
        let took = began.elapsed();
        // Notifications to watchers are sent after the operation, and are part of its cost.
        fleet.quiet()?;
        let cpu = fleet.server_cpu()? - cpu;
        Ok(Self { cpu_ms: milliseconds(cpu) / users as f64, per_second: users as f64 / took.as_secs_f64() })
    }
}

/// Converts a duration to milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
