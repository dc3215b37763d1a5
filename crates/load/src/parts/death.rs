//! Measures the time until watchers are notified of clients that have died, or were lost with the server.

use super::LOGIN_WINDOW;
use super::login::{self, milliseconds};
use crate::fleet::{Fleet, LoginKind};
use crate::news::News;
use crate::report::{Report, Target, say};
use crate::ring::WATCHED;
use crate::server_process::{ServerProcess, ServerSettings};
use crate::transport::Transport;
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

/// The number of users. In a ring of this size, `Ring::spread` finds three users who have no common neighbours.
pub const USERS: u32 = 63;
/// The number of rounds for each way of dying.
pub const ROUNDS: u32 = 3;
/// The app's heartbeat timeout in seconds, on a server that this process starts.
const HEARTBEAT_TIMEOUT_S: u32 = 2;
/// The setting of the server that this process starts: the time for which its clients count as connected after it was
/// killed.
const GRACE: Duration = Duration::from_secs(3);
/// The settings of the server for this measurement.
pub const SETTINGS: ServerSettings = ServerSettings {
    heartbeat_timeout_s: Some(HEARTBEAT_TIMEOUT_S),
    grace_ms: Some(GRACE.as_millis() as u32),
    workers: None,
    api_rate: None,
    every_change: false,
    webhook: None,
    subscriptions: None,
    transport: Transport::Tcp,
};
/// The longest wait for notifications after the time at which they are due.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures the time until all watchers are notified. If this process has started the server (`ours`), also kills the
/// server.
pub fn measure(
    fleet: &mut Fleet,
    ours: Option<&mut ServerProcess>,
    rounds: u32,
    report: &mut Report,
) -> Result<()> {
    say(&format!("death: {} users, {rounds} times", fleet.ring().users()));
    login::everyone(fleet)?;
    let timeout = fleet.heartbeat_timeout();

    let mut late = Lateness::default();
    for round in 0..rounds {
        let victims = fleet.ring().spread(round, u32::MAX);
        let died = Instant::now();
        fleet.drop_links(&victims, true);
        late.wait(fleet, &victims, died, PATIENCE)?;
        fleet.log_in(&victims, LOGIN_WINDOW, LoginKind::Resume)?;
        fleet.quiet()?;
    }
    report.note("killed client: all watchers know after at most", late.most_ms(), "ms", None);

    let mut late = Lateness::default();
    for round in 0..rounds {
        let victims = fleet.ring().spread(round, u32::MAX);
        let died = Instant::now();
        for victim in &victims {
            fleet.last_sign(*victim)?;
            fleet.picture.went(*victim);
        }
        late.wait(fleet, &victims, died, timeout + PATIENCE)?;
        fleet.drop_links(&victims, true);
        fleet.log_in(&victims, LOGIN_WINDOW, LoginKind::Resume)?;
        fleet.quiet()?;
    }
    let timeout_ms = milliseconds(timeout);
    report.note("half-open client: heartbeat timeout", timeout_ms, "ms", None);
    let bound = Some(Target::AtMost(timeout_ms + 1_000.0));
    report.note("half-open client: all watchers know after at most", late.most_ms(), "ms", bound);
    report.note(
        "half-open client: and none before",
        late.least_ms(),
        "ms",
        Some(Target::AtLeast(timeout_ms - 1.0)),
    );
    fleet.verify();

    if let Some(server) = ours {
        kill_server(fleet, server, report)?;
        fleet.verify();
    }
    Ok(())
}

/// Kills and restarts the server. Most clients reconnect; a few do not.
fn kill_server(fleet: &mut Fleet, server: &mut ServerProcess, report: &mut Report) -> Result<()> {
    let victims = fleet.ring().spread(0, u32::MAX);
    let everyone: Vec<u32> = (0..fleet.ring().users()).collect();
    let survivors: Vec<u32> = everyone.iter().copied().filter(|user| !victims.contains(user)).collect();
    server.kill();
    let died = Instant::now();
    fleet.drop_links(&everyone, true);
    server.start_again()?;
    fleet.set_target(server.target().clone());
    fleet.log_in(&survivors, LOGIN_WINDOW, LoginKind::Resume)?;
    let back = died.elapsed();
    let mut late = Lateness::default();
    late.wait(fleet, &victims, died, back + GRACE + PATIENCE)?;
    fleet.quiet()?;
    report.note("killed server: who comes back is back after", milliseconds(back), "ms", None);
    report.note("killed server: grace", milliseconds(GRACE), "ms", None);
    report.note("killed server: who does not is gone to all after", late.most_ms(), "ms", None);
    let false_leaves = late.others as f64;
    report.note(
        "killed server: told that somebody left who did not",
        false_leaves,
        "",
        Some(Target::AtMost(0.0)),
    );
    Ok(())
}

/// The times from deaths to the watchers' notifications.
#[derive(Default)]
struct Lateness {
    knew: Vec<Duration>,
    /// The number of notifications that report OFFLINE for a user who has not died.
    others: u64,
}

impl Lateness {
    /// Waits until every watcher was notified that the victims are OFFLINE.
    fn wait(&mut self, fleet: &mut Fleet, victims: &[u32], died: Instant, at_most: Duration) -> Result<()> {
        let expected = self.knew.len() + victims.len() * WATCHED;
        while self.knew.len() < expected {
            for news in fleet.pump(Duration::from_millis(10))? {
                match news {
                    News::Told { watcher, notice, at, .. } if !notice.online && watcher != notice.user => {
                        if victims.contains(&notice.user) {
                            self.knew.push(at.saturating_duration_since(died));
                        } else {
                            self.others += 1;
                        }
                    }
                    News::Told { .. }
                    | News::LoggedIn(_)
                    | News::Answered(_)
                    | News::Sent { .. }
                    | News::Received { .. }
                    | News::Rare(_) => {}
                    News::Gone(user) => ensure!(
                        victims.contains(&user),
                        "the server has closed the connection of user {user}, who is alive"
                    ),
                }
            }
            ensure!(
                died.elapsed() < at_most,
                "{} notifications of a death did not come within {at_most:?}",
                expected - self.knew.len()
            );
        }
        Ok(())
    }

    fn most_ms(&self) -> f64 {
        milliseconds(self.knew.iter().copied().max().unwrap_or_default())
    }

    fn least_ms(&self) -> f64 {
        milliseconds(self.knew.iter().copied().min().unwrap_or_default())
    }
}
