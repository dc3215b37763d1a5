//! The measurements, with a module for each, and the choice of the one to run.

mod bench;
mod changes;
mod death;
mod growth;
mod idle;
mod login;
mod messages;
mod query;
mod slow;
mod start;
mod storm;
mod webhooks;

use crate::args::{PartArgs, ServerArgs, What};
use crate::fleet::Fleet;
use crate::process_meter::ProcessMeter;
use crate::report::Report;
use crate::ring::Ring;
use crate::server_process::{ServerProcess, ServerSettings};
use crate::target::Target;
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use lamplight_model::{AppId, AppKey};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The default number of users of most measurements.
const USERS: u32 = 5_000;
/// The maximum number of bytes of a key that are read from stdin.
const MOST_KEY_BYTES: u64 = 1_024;
/// The number of logins in progress at a time.
const LOGIN_WINDOW: usize = 64;

/// Runs the requested measurement.
pub fn run(what: What) -> Result<()> {
    let mut report = Report::default();
    let out = match what {
        What::Bench(args) => {
            bench::run(&args, &mut report)?;
            args.out
        }
        What::Login(args) => {
            let (_server, mut fleet) = ready(&args.part, USERS, ServerSettings::default())?;
            login::measure(&mut fleet, args.rounds, &mut report)?;
            end(&fleet, &mut report);
            args.part.out
        }
        What::Idle(args) => {
            let (_server, mut fleet) = ready(&args, idle::USERS, ServerSettings::default())?;
            idle::measure(&mut fleet, &mut report)?;
            end(&fleet, &mut report);
            args.out
        }
        What::Open(args) => {
            let (_server, mut fleet) = ready(&args.part, USERS, ServerSettings::default())?;
            login::everyone(&mut fleet)?;
            changes::open(&mut fleet, args.changes, args.rate, 0, &mut report)?;
            end(&fleet, &mut report);
            args.part.out
        }
        What::Closed(args) => {
            let (_server, mut fleet) = ready(&args.part, USERS, ServerSettings::default())?;
            login::everyone(&mut fleet)?;
            let load = changes::ClosedLoad {
                changes: args.changes,
                outstanding: args.outstanding,
                repeat: args.repeat,
                answered: !args.unanswered,
            };
            changes::closed(&mut fleet, &load, 0, &mut report)?;
            end(&fleet, &mut report);
            args.part.out
        }
        What::Storm(args) => {
            let (_server, mut fleet) = ready(&args, USERS, ServerSettings::default())?;
            login::everyone(&mut fleet)?;
            storm::measure(&mut fleet, &mut report)?;
            end(&fleet, &mut report);
            args.out
        }
        What::Slow(args) => {
            let (_server, mut fleet) = ready(&args.part, slow::USERS, ServerSettings::default())?;
            slow::measure(&mut fleet, args.changes, &mut report)?;
            end(&fleet, &mut report);
            args.part.out
        }
        What::Query(args) => {
            let (_server, mut fleet) = ready(&args.part, USERS, query::SETTINGS)?;
            query::everyone(&mut fleet)?;
            let load =
                query::QueryLoad { calls: args.calls, connections: args.connections, detail: args.detail };
            query::measure(&mut fleet, load, &mut report)?;
            end(&fleet, &mut report);
            args.part.out
        }
        What::Messages(args) => {
            let (_server, mut fleet) = ready(&args.part, messages::USERS, ServerSettings::default())?;
            messages::measure(&mut fleet, args.messages, args.outstanding, &mut report)?;
            end(&fleet, &mut report);
            args.part.out
        }
        What::Webhooks(args) => {
            let receiver = webhooks::Receiver::start(args.listen)?;
            let (_server, mut fleet) = ready(&args.part, webhooks::USERS, webhooks::settings(&receiver))?;
            webhooks::measure(&mut fleet, &receiver, args.events, &mut report)?;
            end(&fleet, &mut report);
            args.part.out
        }
        What::Start(args) => {
            start::measure(&args, &mut report)?;
            args.out
        }
        What::Growth(args) => {
            growth::run(&args, &mut report)?;
            args.out
        }
        What::Cluster(args) => return crate::cluster::run(&args),
        What::Death(args) => {
            let (mut server, mut fleet) = ready(&args, death::USERS, death::SETTINGS)?;
            death::measure(&mut fleet, server.ours(), death::ROUNDS, &mut report)?;
            end(&fleet, &mut report);
            args.out
        }
    };
    report.end(out.as_deref())
}

/// Returns the text of a key: `given`, or for `-` the text on stdin. Refuses a text that is the name of a file.
fn key_text(given: &str) -> Result<String> {
    if given != "-" {
        let is_file = Path::new(given).metadata().is_ok_and(|about| !about.is_dir());
        anyhow::ensure!(
            !is_file,
            "--key takes the text itself, and this is the name of a file; did you mean `--key - < FILE`?"
        );
        return Ok(given.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .take(MOST_KEY_BYTES)
        .read_to_string(&mut text)
        .context("cannot read the key from stdin")?;
    let key = text.trim();
    anyhow::ensure!(!key.is_empty(), "there is no key on stdin");
    Ok(key.to_owned())
}

/// Returns the path of the program to start: the given one, or this program.
fn program_or_this(program: Option<PathBuf>) -> Result<PathBuf> {
    let this =
        || std::env::current_exe().context("cannot find the path of this program; give one with --program");
    program.map_or_else(this, Ok)
}

/// The server of a measurement.
enum Server {
    /// A server that this process has started, and that ends with the measurement.
    Ours(Box<ServerProcess>),
    /// A server that was already running, and goes on running after the measurement.
    Running(Target),
}

impl Server {
    fn find(args: &ServerArgs, settings: ServerSettings) -> Result<Self> {
        let (Some(address), Some(app), Some(key)) = (args.server, args.app, &args.key) else {
            let settings = ServerSettings { workers: args.workers, ..settings };
            return Self::start(args.program.clone(), settings);
        };
        let key = AppKey { id: 1, text: key_text(key)? };
        let meter = args.pid.map(ProcessMeter::new);
        let ServerSettings { transport, .. } = settings;
        Ok(Self::Running(Target { address, http: args.http, app: AppId(app), key, meter, transport }))
    }

    fn start(program: Option<PathBuf>, settings: ServerSettings) -> Result<Self> {
        Ok(Self::Ours(Box::new(ServerProcess::start(&program_or_this(program)?, settings)?)))
    }

    fn target(&self) -> &Target {
        match self {
            Self::Ours(process) => process.target(),
            Self::Running(target) => target,
        }
    }

    /// Returns the server if this process has started it, and may therefore kill it; otherwise `None`.
    fn ours(&mut self) -> Option<&mut ServerProcess> {
        match self {
            Self::Ours(process) => Some(process),
            Self::Running(_) => None,
        }
    }
}

/// Starts or finds a server, and creates a fleet with the users of a measurement. The connections are not open yet.
fn ready(args: &PartArgs, users: u32, settings: ServerSettings) -> Result<(Server, Fleet)> {
    let users = args.users.unwrap_or(users);
    let settings = ServerSettings { transport: args.transport, ..for_users(users, settings) };
    let server = Server::find(&args.server, settings)?;
    let fleet = Fleet::new(server.target().clone(), Ring::new(users)?)?;
    Ok((server, fleet))
}

/// Returns the settings of a server for this number of users. If there are so few users that each of them changes
/// faster than the conflation rate, conflation is switched off.
fn for_users(users: u32, settings: ServerSettings) -> ServerSettings {
    ServerSettings { every_change: users < USERS, ..settings }
}

/// Adds the wrong notifications of a measurement to the report.
fn end(fleet: &Fleet, report: &mut Report) {
    report.note_faults(fleet.picture.faults());
}

/// Returns a histogram of microseconds from 1 to 60,000,000, with three significant digits. With the default bounds,
/// values above two microseconds would be cut off.
fn microseconds() -> Histogram<u32> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in ascending order")
}

/// Returns the median of several measurements.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_back_as_it_was_counted() {
        for micros in [1_u64, 40, 5_000, 1_200_000, 59_000_000] {
            let mut times = microseconds();
            times.saturating_record(micros);
            let mut all = microseconds();
            all.add(&times).unwrap();
            let read = all.value_at_quantile(0.5);
            assert!(read.abs_diff(micros) <= micros / 500, "{micros} is read as {read}");
        }
    }
}
