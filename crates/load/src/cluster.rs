//! `lamplight load cluster`: measures several nodes that share a Redis Cluster and a PostgreSQL.

mod costs;
mod crowd;
mod faults;
mod mail;
mod rows;
mod stage;
mod witness;

use crate::args::{ClusterArgs, Row};
use crate::report::{Report, say};
use anyhow::{Context, Result, ensure};
use lamplight_testbed::TestbedSettings;
use stage::{Sizes, Stage};
use std::path::PathBuf;
use std::time::Duration;

/// The number of users below which each user would change faster than the conflation rate.
const MANY_USERS: u32 = 5_000;

/// A function that measures one row.
type Measure = fn(&mut Stage) -> Result<()>;

const FULL: Sizes = Sizes {
    users: 10_000,
    slow_changes: 15_000,
    fast_changes: 20_000,
    login_rounds: 5,
    grace: Duration::from_secs(30),
};

const QUICK: Sizes = Sizes {
    users: 300,
    slow_changes: 1_000,
    fast_changes: 1_000,
    login_rounds: 1,
    grace: Duration::from_secs(5),
};

/// Runs the chosen rows. Prints their figures, and a table of the figures that have a goal.
pub fn run(args: &ClusterArgs) -> Result<()> {
    let mut sizes = if args.quick { QUICK } else { FULL };
    sizes.users = args.users.unwrap_or(sizes.users);
    ensure!(args.nodes >= 2, "a cluster has at least two nodes");
    let program = match &args.program {
        Some(program) => program.clone(),
        None => std::env::current_exe()
            .context("cannot find the path of this program; give one with --program")?,
    };
    let chosen = |row: Row| args.only.is_empty() || args.only.contains(&row);
    let mut report = Report::default();

    let large = [Row::Memory, Row::Unwatched, Row::Crossing, Row::Login, Row::Rolling, Row::Kill, Row::Flush];
    if large.into_iter().any(chosen) {
        let settings = settings(program.clone(), args.nodes, args.shards, &sizes);
        report = on_stage(settings, sizes, args.raw.clone(), report, |stage| {
            rows::memory(stage, chosen(Row::Memory))?;
            let rows: [(Row, Measure); 6] = [
                (Row::Unwatched, rows::unwatched),
                (Row::Crossing, rows::crossing),
                (Row::Login, rows::login),
                (Row::Rolling, faults::rolling),
                (Row::Kill, faults::kill),
                (Row::Flush, faults::flush),
            ];
            for (row, measure) in rows.into_iter().filter(|(row, _)| chosen(*row)) {
                say(&format!("{row}:"));
                measure(stage).with_context(|| format!("the row `{row}`"))?;
            }
            Ok(())
        })?;
    }
    if chosen(Row::RoundTrips) {
        let sizes = Sizes { users: sizes.users.min(2_100), ..sizes };
        let settings = settings(program, 1, 1, &sizes);
        say("round trips, over a single Redis:");
        report = on_stage(settings, sizes, args.raw.clone(), report, |stage| {
            rows::memory(stage, false)?;
            rows::round_trips(stage)
        })?;
    }
    say(&format!("\n{}", report.table()));
    report.end(args.out.as_deref())
}

/// Starts a cluster, and runs `measure` with it. Keeps the logs of the cluster's servers, even if `measure` fails.
fn on_stage(
    settings: TestbedSettings,
    sizes: Sizes,
    raw: Option<PathBuf>,
    report: Report,
    measure: impl FnOnce(&mut Stage) -> Result<()>,
) -> Result<Report> {
    say(&format!("cluster: {} nodes, {} Redis, {} users", settings.nodes, settings.shards, sizes.users));
    let mut stage = Stage::start(&settings, sizes, raw, report)?;
    let outcome = measure(&mut stage);
    if outcome.is_err() {
        say(&stage.crowd.state());
        stage.keep("failure")?;
    }
    stage.keep_logs()?;
    outcome.map(|()| stage.report)
}

fn settings(program: PathBuf, nodes: usize, shards: usize, sizes: &Sizes) -> TestbedSettings {
    let mut environment = vec![
        ("LAMPLIGHT_LOG".to_owned(), "warn".to_owned()),
        // All connections of the load come from a few addresses.
        ("LAMPLIGHT_LIMITS__CONNECTIONS_PER_ADDRESS".to_owned(), "1000000".to_owned()),
        ("LAMPLIGHT_NODE_LOSS_GRACE_MS".to_owned(), sizes.grace.as_millis().to_string()),
    ];
    if sizes.users < MANY_USERS {
        // A few users change faster than the conflation rate.
        for limit in ["CHANGES_TOLD_PER_SECOND", "REQUESTS_PER_SECOND"] {
            environment.push((format!("LAMPLIGHT_LIMITS__{limit}"), "0".to_owned()));
        }
    }
    TestbedSettings {
        program,
        nodes,
        shards,
        command: vec!["serve".to_owned()],
        environment,
        app: Vec::new(),
        postgres: vec!["shared_preload_libraries=pg_stat_statements".to_owned()],
    }
}
