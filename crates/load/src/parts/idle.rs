//! Measures the memory of an idle connection.

use super::login;
use crate::fleet::Fleet;
use crate::report::{Report, Target, say};
use crate::transport::Transport;
use anyhow::{Context, Result};
use std::time::{Duration, Instant};

/// The number of idle connections.
pub const USERS: u32 = 10_000;
/// The time for which the server is idle before its memory is measured, so that the server frees the memory of the
/// logins.
const SETTLE: Duration = Duration::from_secs(5);

/// Measures by how much the memory of a new server grows when all users connect.
pub fn measure(fleet: &mut Fleet, report: &mut Report) -> Result<()> {
    let (users, transport) = (fleet.ring().users(), fleet.target().transport);
    say(&format!("idle: {users} {transport} connections, each watching 20"));
    let meter = fleet.target().meter.context("memory needs the process: --pid")?;
    let empty = meter.memory()?;
    login::everyone(fleet)?;
    let (cpu, began) = (meter.cpu()?, Instant::now());
    while began.elapsed() < SETTLE {
        // No message is expected. An unexpected one is still checked.
        fleet.pump(Duration::from_millis(100))?.for_each(drop);
    }
    let busy = (meter.cpu()? - cpu).as_secs_f64() / began.elapsed().as_secs_f64();
    let full = meter.memory()?;
    let each = |full: u64, empty: u64| full.saturating_sub(empty) as f64 / f64::from(users) / 1_024.0;
    let name = |what: &str| format!("idle {transport} connection: {what}");
    let resident = each(full.resident, empty.resident);
    report.note(name("server memory, resident"), resident, "KiB", goal(transport));
    report.note(name("of it anonymous"), each(full.anonymous, empty.anonymous), "KiB", None);
    report.note("empty server: memory, resident", empty.resident as f64 / 1_048_576.0, "MiB", None);
    report.note("idle server: CPU of one core", busy * 100.0, "%", None);
    fleet.verify();
    Ok(())
}

/// Returns the goal for the memory of a connection, in KiB; `None` if there is none.
fn goal(transport: Transport) -> Option<Target> {
    match transport {
        Transport::Tcp => Some(Target::AtMost(2.0)),
        Transport::WebSocket => Some(Target::AtMost(3.0)),
        Transport::Tls => Some(Target::AtMost(9.0)),
        Transport::WebSocketTls => None,
    }
}
