//! Attacks a server and prints the costs. The attacks run one after the other, each with its own server.
//!
//! Most attacks send, at full rate, data that a peer without a key can send. Others simulate mishaps of an operator's
//! machine. During an attack, a witness measures the delay of notifications. The witness consists of clients that are
//! not part of the attack. `SECURITY.md` has the threat model.

mod attacks;
mod line;
mod peer;
mod scene;
mod server;
mod witness;

use anyhow::{Context, Result, ensure};
use attacks::ATTACKS;
use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use scene::{Attack, Outcome, Run};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Attack a server with default settings, and show what each attack costs the server and its other clients.
#[derive(Parser)]
struct Args {
    /// The program to attack
    #[arg(long, value_name = "FILE", required_unless_present = "list")]
    program: Option<PathBuf>,
    /// Run only this attack; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List the attacks
    #[arg(long)]
    list: bool,
    /// Run small and short attacks, to check that they work; the figures mean little
    #[arg(long)]
    quick: bool,
    /// Let the uninvolved clients use a server of their own, which nobody attacks. The attackers run on this machine
    /// too, so the cost of an attack for these clients is its cost for every process of the machine. `3000-watchers`
    /// always measures this
    #[arg(long)]
    control: bool,
    /// Write the figures to a file too, as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    if args.list {
        for attack in ATTACKS {
            say(&format!("{:<20} {}", attack.name, attack.about));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let unknown = args.only.iter().find(|name| ATTACKS.iter().all(|attack| attack.name != **name));
    ensure!(unknown.is_none(), "no attack `{}`; --list lists them", unknown.map_or("", String::as_str));
    let program = args.program.context("--program is required")?;
    let program = program.canonicalize().with_context(|| format!("no program {}", program.display()))?;
    raise_file_limit()?;
    let chosen = |attack: &&Attack| args.only.is_empty() || args.only.iter().any(|name| name == attack.name);
    let mut outcomes = Vec::new();
    for attack in ATTACKS.iter().filter(chosen) {
        say(&format!("{}: {}", attack.name, attack.about));
        let outcome = attack.run(&program, Run { quick: args.quick, control: args.control });
        for note in &outcome.notes {
            say(&format!("  {note}"));
        }
        for broken in &outcome.broken {
            say(&format!("  NOT HELD: {broken}"));
        }
        outcomes.push(outcome);
    }
    say(&table(&outcomes));
    if let Some(path) = args.out {
        let text = serde_json::to_string_pretty(&outcomes)? + "\n";
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let all = outcomes.iter().all(|outcome| outcome.held);
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the table: a line for each attack, with each figure and its bound.
fn table(outcomes: &[Outcome]) -> String {
    let mut table = format!(
        "\n{:<20} {:>16} {:>14} {:>14} {:>32}  held\n",
        "attack", "memory MiB", "CPU s in s", "descriptors", "others' p99 ms"
    );
    for outcome in outcomes {
        let held = if outcome.held { "yes" } else { "NOT HELD" };
        let line = match &outcome.cost {
            Some(cost) => {
                let memory = format!("{:.1} of {:.0}", cost.memory_mib, cost.memory_bound_mib);
                let cpu = format!("{:.1} in {:.0}", cost.cpu_seconds, cost.seconds);
                let descriptors = format!("{} of {}", cost.descriptors, cost.descriptors_bound);
                let control = cost.p99_control_ms.map(|control| format!(" (control {control:.1})"));
                let p99 = format!(
                    "{:.1}{} → {:.1} of {:.1}",
                    cost.p99_before_ms,
                    control.unwrap_or_default(),
                    cost.p99_during_ms,
                    cost.p99_bound_ms
                );
                format!("{:<20} {memory:>16} {cpu:>14} {descriptors:>14} {p99:>32}  {held}", outcome.name)
            }
            None => format!("{:<20} {:>16} {:>14} {:>14} {:>32}  {held}", outcome.name, "–", "–", "–", "–"),
        };
        // Writing to a String never fails.
        let _ = writeln!(table, "{line}");
    }
    let held = outcomes.iter().filter(|outcome| outcome.held).count();
    let _ = write!(table, "{held} of {} held", outcomes.len());
    table
}

/// Raises the limit of open files as far as possible, because an attack has thousands of connections.
fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
        .context("cannot raise the limit of open files")
}

fn say(line: &str) {
    // A failure is ignored: the attacks go on even if nobody reads the output.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
