//! Runs 100,000 steps of histories that are generated from seeds.
//!
//! - `LAMPLIGHT_SIM_SEED=7` runs one seed.
//! - `LAMPLIGHT_SIM_STEPS=500000` runs more steps. `LAMPLIGHT_SIM_STEPS_ON_NODES=500000` runs more steps on several
//!   nodes.
//! - `LAMPLIGHT_SIM_SHRINK=1` reduces a failing history to few steps.

#![allow(clippy::print_stdout, reason = "what happened is worth reading")]

use lamplight_sim::{Report, Verdict, run_seed, run_seed_on_nodes, shrink, shrink_on_nodes};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

const SEEDS: u64 = 8;
const STEPS: usize = 100_000;
const STEPS_ON_NODES: usize = 40_000;

/// Events that must occur in [`STEPS`] steps. If one does not occur, the histories do not test it.
const EXPECTED: &[&str] = &[
    "closed: account deleted",
    "closed: found dead",
    "closed: kicked by a login",
    "closed: kicked by the operator",
    "closed: superseded",
    "evicted",
    "forgotten",
    "list changed on another device",
    "listed",
    "logged in",
    "missed a part of the log",
    "queried",
    "refused 6014",
    "refused 6017",
    "refused 6208",
    "refused 70001",
    "refused 70009",
    "refused 70052",
    "refused 7008",
    "refused 70107",
    "refused 7013",
    "refused 70206",
    "refused 72001",
    "registered",
    "subscribed",
    "text cleared by a reader",
    "text cleared by the keeper",
    "text set",
    "told",
    "unsubscribed",
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn a_hundred_thousand_steps_go_as_the_model_says() {
    check("LAMPLIGHT_SIM_STEPS", STEPS, EXPECTED, run_seed, shrink);
}

/// Checks that each step has the same effect on several nodes as on one. The model knows nothing of nodes, except that
/// a node may be lost.
#[test]
fn steps_on_several_nodes_go_as_the_model_says() {
    let expected: Vec<&str> = EXPECTED.iter().copied().chain(["lost node"]).collect();
    check("LAMPLIGHT_SIM_STEPS_ON_NODES", STEPS_ON_NODES, &expected, run_seed_on_nodes, shrink_on_nodes);
}

fn check(
    variable: &str,
    most: usize,
    expected: &[&str],
    run: fn(u64, usize) -> Result<Report, Box<Verdict>>,
    shrink: fn(Verdict) -> Verdict,
) {
    let steps = number(variable).map_or(most, |steps| steps as usize);
    let seeds = match number("LAMPLIGHT_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..SEEDS + 1,
    };
    let each = steps / SEEDS as usize;
    // When one of the two threads has found a fault, the other stops.
    let found = AtomicBool::new(false);
    let judge = |seed| match run(seed, each) {
        Ok(report) => {
            println!("seed {seed}: {} steps", report.steps);
            report
        }
        Err(verdict) => {
            found.store(true, Ordering::Relaxed);
            if std::env::var_os("LAMPLIGHT_SIM_SHRINK").is_some() {
                println!("{verdict}\nshrinking …");
                panic!("{}", shrink(*verdict));
            }
            panic!("{verdict}")
        }
    };
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let (seeds, found, judge) = (&seeds, &found, &judge);
        let halves = [0, 1].map(|half| {
            scope.spawn(move || {
                let seeds = seeds.clone().filter(|seed| seed % 2 == half);
                let seeds = seeds.take_while(|_| !found.load(Ordering::Relaxed));
                seeds.map(judge).collect::<Vec<_>>()
            })
        });
        halves.into_iter().flat_map(|half| half.join().expect("judged right")).collect()
    });

    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    for (what, times) in reports.into_iter().flat_map(|report| report.tally) {
        *tally.entry(what).or_default() += times;
    }
    println!("{tally:#?}");
    if seeds.end - seeds.start == SEEDS && steps >= most {
        for what in expected {
            assert!(tally.get(*what).is_some_and(|times| *times >= 2), "{what} hardly happened");
        }
    }
}
