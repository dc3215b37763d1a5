//! Measures a reconnection storm: all connections are dropped at once, and all clients reconnect.

use super::login::milliseconds;
use crate::fleet::{Fleet, LoginKind};
use crate::report::{Report, say};
use anyhow::Result;
use std::time::Instant;

/// The number of logins in progress at a time.
const WINDOW: usize = 256;

/// Measures the time until all users are connected again. Each client reconnects with the versions that it knows, as an
/// SDK does.
pub fn measure(fleet: &mut Fleet, report: &mut Report) -> Result<()> {
    let users: Vec<u32> = (0..fleet.ring().users()).collect();
    say(&format!("storm: {} users, {WINDOW} logins under way at a time", users.len()));
    fleet.quiet()?;
    let (cpu, began) = (fleet.server_cpu()?, Instant::now());
    fleet.drop_links(&users, false);
    let mut took = fleet.log_in(&users, WINDOW, LoginKind::Resume)?;
    let back = began.elapsed();
    fleet.quiet()?;
    let cpu = fleet.server_cpu()? - cpu;
    fleet.verify();
    took.sort_unstable();
    let p99 = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    report.note("storm: until the last one is back", back.as_secs_f64(), "s", None);
    report.note("storm: p99 of a login", milliseconds(p99), "ms", None);
    report.note("storm: CPU of the server for each", milliseconds(cpu) / users.len() as f64, "ms", None);
    Ok(())
}
