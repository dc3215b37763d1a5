//! Runs seeds of overlapping operations, and prints the names of the broken invariants.
//!
//! `cargo run -p lamplight-sim --bin overlap -- [--seeds A..B] [--operations N] [--each N] [--until-found NAME]
//! [--keep-going] [--story|--whole-story]`
//!
//! - A single seed (`--seeds 7`) also prints a description of each broken invariant.
//! - With `--story` or `--whole-story`, each seed without a broken invariant prints a hash of its story. Two runs of a
//!   seed must print the same hash.
//! - `--keep-going` runs all seeds of the range and prints each failure at once.
//! - Without `--keep-going`, the run ends after `--operations` operations, and the summary lists the first seeds of
//!   each broken invariant.
//!
//! The exit status is nonzero if a seed failed.

#![allow(clippy::print_stdout, reason = "what it finds is for the terminal")]

use lamplight_sim::overlap::{Name, Story, overlap};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (mut first, mut last, mut total, mut each) = (1, u64::MAX, 20_000usize, 500usize);
    let (mut until, mut story, mut keep_going) = (None, Story::Untold, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seeds" => {
                let text = value()?;
                match text.split_once("..") {
                    Some((from, to)) => (first, last) = (from.parse()?, to.parse()?),
                    None => {
                        first = text.parse()?;
                        last = first + 1;
                    }
                }
            }
            "--operations" => total = value()?.parse()?,
            "--each" => each = value()?.parse()?,
            "--until-found" => {
                let text = value()?;
                let name = Name::ALL.into_iter().find(|name| name.text() == text);
                until = Some(name.ok_or(format!("no rule has the name {text}"))?);
            }
            "--story" => story = Story::SinceQuiet,
            "--whole-story" => story = Story::Whole,
            "--keep-going" => keep_going = true,
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    if keep_going && last == u64::MAX {
        return Err("--keep-going needs --seeds with an end".into());
    }
    let began = Instant::now();
    let mut broken: BTreeMap<Name, Vec<u64>> = BTreeMap::new();
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    let (mut operations, mut phases, mut seeds) = (0, 0, 0);
    for seed in first..last {
        if operations >= total && !keep_going {
            break;
        }
        seeds += 1;
        match overlap(seed, each, story) {
            Ok(done) => {
                if story != Story::Untold {
                    println!("seed {seed}: {:016x}", done.digest);
                }
                for (what, times) in done.tally {
                    *tally.entry(what).or_default() += times;
                }
                operations += done.operations;
                phases += done.phases;
            }
            Err(wrong) => {
                operations += wrong.operations.max(1);
                let names: std::collections::BTreeSet<Name> =
                    wrong.found.iter().map(|found| found.name).collect();
                if story != Story::Untold
                    || keep_going
                    || last - first == 1
                    || until.is_some_and(|until| names.contains(&until))
                {
                    println!("{wrong}");
                }
                names.iter().for_each(|name| broken.entry(*name).or_default().push(seed));
                if until.is_some_and(|until| names.contains(&until)) {
                    break;
                }
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{operations} operations of {seeds} seeds, judged {phases} times, in {seconds:.1} s ({:.0}/s)",
        operations as f64 / seconds
    );
    if broken.is_empty() {
        println!("{tally:#?}");
    }
    for (name, seeds) in &broken {
        let shown = if keep_going { seeds.len() } else { 8 };
        let some: Vec<String> = seeds.iter().take(shown).map(u64::to_string).collect();
        println!("  {name:26} {:5} seeds: {}", seeds.len(), some.join(" "));
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
