//! The command `bench growth`: measures how the cost of a change grows, and draws the results.

use crate::ground::{Ground, run};
use anyhow::{Context, Result};
use std::fs;
use std::process::ExitCode;

/// The folder of the reports. A trial is also drawn to it.
const REPORTS: &str = "target/bench-growth";
/// The folder of the pictures in the documentation.
const PICTURES: &str = "docs/images";
const PROGRAM: &str = "target/release/lamplight";

/// The argument of a trial, whose pictures must not replace those of a complete run.
const QUICK: &str = "--quick";

/// Builds a release, measures, and draws the pictures. `args` go to `lamplight load growth`.
pub fn bench(ground: &Ground, args: &[&str]) -> Result<ExitCode> {
    let reports = ground.path(REPORTS);
    fs::create_dir_all(&reports).with_context(|| format!("cannot make {}", reports.display()))?;
    run(&mut ground.cargo("build --release --locked --package lamplight"))?;
    let is_trial = args.contains(&QUICK);

    let growth = format!("{REPORTS}/growth.json");
    run(ground.command(ground.path(PROGRAM)).args(["load", "growth", "--out", &growth]).args(args))?;
    let open = format!("{REPORTS}/open.json");
    let size = if is_trial { "--users 100 --changes 1000" } else { "--changes 30000" };
    let size = size.split_whitespace();
    run(ground.command(ground.path(PROGRAM)).args(["load", "open", "--out", &open]).args(size))?;

    let pictures = if is_trial { REPORTS } else { PICTURES };
    run(&mut ground.cargo(&format!(
        "run --quiet --locked --package lamplight-plots -- --out {pictures} {growth} {open}"
    )))?;
    Ok(ExitCode::SUCCESS)
}
