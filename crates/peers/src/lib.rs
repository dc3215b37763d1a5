//! One workload for Lamplight and for the systems that a team might choose instead: `cargo xtask bench peers`.
//!
//! One generator drives all of them, so its own cost is the same for each. It knows only the address and the process of
//! a server. The adapter of a server knows its protocol. `docs/performance.md` explains the rows of the table.

mod args;
mod dialect;
mod figures;
mod generator;
mod goals;
mod ledger;
mod names;
mod peers;
mod phases;
mod random;
mod ring;
mod server;
mod stage;

pub use args::Args;
pub use figures::{Figure, Phase, ROWS, Row, Run};
pub use ledger::Counts;

use anyhow::{Context, Result, ensure};
use figures::table;
use peers::{PEERS, Peer, Setup};
use phases::Lengths;
use ring::Ring;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use stage::Stage;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

/// The number of descriptors that a process needs beside those of the connections.
const SPARE_FILES: u64 = 200;
/// The load average of a quiet machine.
const QUIET_LOAD: f64 = 0.5;
/// The longest time that a server gets after the logins before its memory is read.
const LONGEST_SETTLING: Duration = Duration::from_secs(5);

/// Measures the chosen peers, prints the table, and writes the raw output. A peer that is not installed is skipped with
/// a line that says how to install it. Fails if a peer that runs cannot be measured to the end.
pub fn run(args: &Args) -> Result<()> {
    let ring = Ring::new(args.users)?;
    raise_file_limit(ring)?;
    if let Some(port) = args.bare_loop {
        return peers::serve_bare_loop(port, ring);
    }
    if args.list {
        for peer in PEERS {
            let state = peer.missing(&args.modules).unwrap_or_else(|| "installed".to_owned());
            say(&format!("{:<12} {:<16} {state}", peer.name, peer.label));
        }
        return Ok(());
    }
    let runs = measure(args)?;
    let broken = runs.iter().filter_map(|run| Some(format!("{}: {}", run.peer, run.error.as_ref()?)));
    let broken: Vec<String> = broken.collect();
    ensure!(broken.is_empty(), "not measured to the end: {}", broken.join("; "));
    Ok(())
}

/// Measures the chosen peers in turns, prints the table, and writes the raw output. Returns the runs.
pub fn measure(args: &Args) -> Result<Vec<Run>> {
    let ring = Ring::new(args.users)?;
    let chosen = chosen(&args.only)?;
    let chosen: Vec<&Peer> = chosen.into_iter().filter(|peer| is_installed(peer, &args.modules)).collect();
    fs::create_dir_all(&args.raw).with_context(|| format!("cannot create {}", args.raw.display()))?;
    let raw = args.raw.canonicalize()?;
    // A server runs in a folder of its own, so the paths must be absolute.
    let modules = std::path::absolute(&args.modules)?;
    let program = args.program.canonicalize();
    let program = program.with_context(|| format!("there is no program {}", args.program.display()))?;
    let load = Duration::from_secs(args.seconds);
    let slow = Duration::from_secs(args.slow_seconds);
    let lengths = Lengths { load, slow, settling: load.min(LONGEST_SETTLING) };
    if let Some(load) = load_average().filter(|load| *load > QUIET_LOAD) {
        say(&format!("the machine is busy (load average {load}): the figures mean little"));
    }
    let mut runs = Vec::new();
    for round in 1..=args.rounds {
        for peer in &chosen {
            say(&format!("{}, round {round} of {}, {} users", peer.label, args.rounds, args.users));
            let folder = tempfile::Builder::new().prefix("bench-peers-").tempdir()?;
            let setup = Setup {
                ring,
                folder: folder.path(),
                log: &raw.join(format!("{}-{round}.log", peer.name)),
                modules: &modules,
                lamplight: &program,
                workers: args.workers,
            };
            runs.push(measure_one(peer, &setup, round, lengths));
            write_raw(&raw, args, &runs)?;
        }
    }
    let names: Vec<(&str, &str)> = chosen.iter().map(|peer| (peer.name, peer.label)).collect();
    let text = table(&runs, &names) + &goals::goals(&runs, PEERS) + &remarks(&chosen, &runs);
    fs::write(raw.join("table.md"), &text)?;
    say(&format!("\n{text}"));
    Ok(runs)
}

/// Measures one peer. If an error ends the run, the result has the figures that were measured before.
fn measure_one(peer: &Peer, setup: &Setup<'_>, round: u32, lengths: Lengths) -> Run {
    let failed = |error: anyhow::Error| {
        say(&format!("  failed: {error:#}"));
        Some(format!("{error:#}"))
    };
    match Stage::new(peer, setup, round) {
        Ok(mut stage) => {
            stage.run.error = phases::run(&mut stage, lengths).err().and_then(failed);
            stage.run
        }
        Err(error) => {
            let (version, figures, phases) = (String::new(), Vec::new(), Vec::new());
            Run { peer: peer.name, version, round, figures, phases, error: failed(error) }
        }
    }
}

fn chosen(only: &[String]) -> Result<Vec<&'static Peer>> {
    let unknown = only.iter().find(|name| PEERS.iter().all(|peer| peer.name != **name));
    ensure!(unknown.is_none(), "no peer `{}`; --list names them", unknown.map_or("", String::as_str));
    let is_chosen = |peer: &&Peer| only.is_empty() || only.iter().any(|name| name == peer.name);
    Ok(PEERS.iter().filter(is_chosen).collect())
}

fn is_installed(peer: &Peer, modules: &Path) -> bool {
    let missing = peer.missing(modules);
    if let Some(package) = &missing {
        say(&format!("{} is skipped, because it is not installed: {package}", peer.label));
    }
    missing.is_none()
}

/// Returns the remarks about figures that are not comparable, and the versions and errors of the peers.
fn remarks(peers: &[&Peer], runs: &[Run]) -> String {
    let mut text = String::from("\nNot comparable:\n\n");
    for peer in peers {
        for note in peer.notes {
            text += &format!("- {}: {note}\n", peer.label);
        }
    }
    text += "\nVersions and errors:\n\n";
    for peer in peers {
        let mut mine = runs.iter().filter(|run| run.peer == peer.name);
        let version = mine.clone().map(|run| run.version.as_str()).find(|version| !version.is_empty());
        if let Some(version) = version {
            text += &format!("- {}: {version}\n", peer.label);
        }
        if let Some((run, error)) = mine.find_map(|run| Some((run, run.error.as_ref()?))) {
            text += &format!("- {}, round {}, was not measured to the end: {error}\n", peer.label, run.round);
        }
    }
    text
}

fn write_raw(folder: &Path, args: &Args, runs: &[Run]) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let raw = json!({
        "users": args.users,
        "seconds": args.seconds,
        "slow_seconds": args.slow_seconds,
        "workers": args.workers,
        "cores": cores,
        "load_average_at_the_end": load_average(),
        "runs": runs,
    });
    let file = folder.join("peers.json");
    let text = serde_json::to_string_pretty(&raw)? + "\n";
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Returns the load average of the last minute.
fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// Raises the limit of open files to its maximum. Fails if it is too low for the users. Servers inherit the limit.
fn raise_file_limit(ring: Ring) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let needed = u64::from(ring.users()) + SPARE_FILES;
    if let Some(maximum) = limit.maximum {
        ensure!(
            maximum >= needed,
            "{needed} open files are needed, but only {maximum} are allowed (ulimit -Hn)"
        );
    }
    // If the limit cannot be raised, opening a connection fails with an error that says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    Ok(())
}

/// Prints a line to stdout.
pub(crate) fn say(line: &str) {
    // An error is ignored, because the files must be written even if nobody reads the output.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
