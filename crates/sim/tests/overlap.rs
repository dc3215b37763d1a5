//! Runs overlapping operations that are generated from seeds.
//!
//! - `LAMPLIGHT_SIM_SEED=7` replays one seed and prints its story. Add `LAMPLIGHT_SIM_EACH=24` to limit the replay to
//!   24 operations.
//! - `LAMPLIGHT_SIM_OPERATIONS=1000000` runs more operations.
//!
//! `cargo run -p lamplight-sim --bin overlap` also runs seeds, and counts the broken invariants by name.

#![allow(clippy::print_stdout, reason = "what happened is worth reading")]

use lamplight_sim::overlap::{
    Overlapped, Story, cluster_seed, held_up_seed, overlap, racing_seed, returns_seed, told_cluster_seed,
    with_clock_jumps, with_restrictions,
};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const OPERATIONS: usize = 100_000;
/// The number of operations for one seed.
const EACH: usize = 500;
/// The number of operations in a short run. One operation in five is in such a run.
///
/// A user's first login happens once in a run. Short runs have more first logins for the same number of operations.
const EACH_BEGINNING: usize = 24;
/// The number of operations in a run with held-up deadlines. It is enough for two checks of the invariants. One
/// operation in a hundred is in such a run.
const EACH_HELD_UP: usize = 100;
/// The number of operations in a run with devices that return early. One operation in twenty is in such a run.
const EACH_RETURNS: usize = 100;

/// The number of operations in a run on several nodes. One operation in five is in such a run. Some planted mistakes
/// are found by only one of thirty such runs.
const EACH_ON_NODES: usize = 150;

/// Events that must occur in [`OPERATIONS`] operations. If one does not occur, the runs do not test it.
const EXPECTED: &[&str] = &[
    "closed: account deleted",
    "closed: kicked by a login",
    "closed: kicked by the operator",
    "closed: superseded",
    "closed: to come back",
    "logged in",
    "refused 6014",
    "refused 6208",
    "refused 70052",
    "refused 70107",
    "refused 70500",
    "joined again",
    "lanes leased",
    "left the cluster",
    "lost node cleared",
    "answered about a hidden user",
    "hid: told once",
    "refused 20007 to a blocked sender",
    "restricted in a quiet world",
    "told of a hidden user",
    "put back: PutBack",
    "put back: Refused",
    "recorders superseded",
    "clock of the directory moved",
    "ended while cut off",
    "quiet cut",
    "quiet flush",
    "quiet kill",
    "told",
    "Bug",
    "CutOff",
    "Flood",
    "Flush",
    "KillNode",
    "Restart",
    "SigEnds",
    "Switch",
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn operations_that_overlap_leave_nothing_wrong() {
    if let Some(seed) = number("LAMPLIGHT_SIM_SEED") {
        let each = number("LAMPLIGHT_SIM_EACH").map_or(EACH, |each| each as usize);
        match overlap(seed, each, Story::SinceQuiet) {
            Ok(done) => println!("{done:#?}"),
            Err(broken) => panic!("{broken}"),
        }
        return;
    }
    let operations = number("LAMPLIGHT_SIM_OPERATIONS").map_or(OPERATIONS, |number| number as usize);
    let runs =
        short_runs(operations / 5).chain(held_up_runs(operations / 100)).chain(return_runs(operations / 20));
    let runs = runs.chain(node_runs(operations / 5)).chain(told_node_runs(operations / 20));
    let runs = runs.chain(restricting_runs(operations / 10)).chain(jumping_runs(operations / 20));
    let runs: Vec<(u64, usize)> = runs.chain(long_runs(operations * 4 / 5)).collect();
    // When one of the two threads has found a fault, the other stops.
    let (next, broken, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicBool::new(false));
    let all = Mutex::new(Overlapped::default());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !found.load(Ordering::Relaxed) {
                    let Some(&(seed, each)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    match overlap(seed, each, Story::Untold) {
                        Ok(done) => add(&mut all.lock().expect("nobody panics"), done),
                        Err(wrong) => {
                            found.store(true, Ordering::Relaxed);
                            broken.lock().expect("nobody panics").push(*wrong);
                        }
                    }
                }
            });
        }
    });
    let mut broken = broken.into_inner().expect("nobody panics");
    broken.sort_by_key(|wrong| wrong.seed);
    if let Some(wrong) = broken.first() {
        panic!("{wrong}");
    }
    let all = all.into_inner().expect("nobody panics");
    println!("{all:#?}");
    if operations >= OPERATIONS {
        for what in EXPECTED {
            assert!(all.tally.get(*what).is_some_and(|times| *times >= 2), "{what} hardly happened");
        }
    }
}

/// Returns (seed, number of operations) pairs, for ordinary seeds. The numbers of operations add up to at least
/// `operations`.
fn long_runs(operations: usize) -> impl Iterator<Item = (u64, usize)> {
    (1..=operations.div_ceil(EACH) as u64).map(|seed| (seed, EACH))
}

/// Returns (seed, number of operations) pairs. In the histories of these seeds, logins compete. The numbers of
/// operations add up to at least `operations`.
fn short_runs(operations: usize) -> impl Iterator<Item = (u64, usize)> {
    (0..operations.div_ceil(EACH_BEGINNING) as u64).map(|number| (racing_seed(number), EACH_BEGINNING))
}

/// Returns (seed, number of operations) pairs. In the histories of these seeds, writes fail for users with a pending
/// deadline. The numbers of operations add up to at least `operations`.
fn held_up_runs(operations: usize) -> impl Iterator<Item = (u64, usize)> {
    (0..operations.div_ceil(EACH_HELD_UP) as u64).map(|number| (held_up_seed(number), EACH_HELD_UP))
}

/// Returns (seed, number of operations) pairs. In the histories of these seeds, devices return early. The numbers of
/// operations add up to at least `operations`.
fn return_runs(operations: usize) -> impl Iterator<Item = (u64, usize)> {
    (0..operations.div_ceil(EACH_RETURNS) as u64).map(|number| (returns_seed(number), EACH_RETURNS))
}

/// Returns (seed, number of operations) pairs. The histories of these seeds have several nodes. The numbers of
/// operations add up to at least `operations`.
fn node_runs(operations: usize) -> impl Iterator<Item = (u64, usize)> {
    (0..operations.div_ceil(EACH_ON_NODES) as u64).map(|number| (cluster_seed(number), EACH_ON_NODES))
}

/// Returns (seed, number of operations) pairs. The histories of these seeds have several nodes and a backend. The
/// numbers of operations add up to at least `operations`.
fn told_node_runs(operations: usize) -> impl Iterator<Item = (u64, usize)> {
    (0..operations.div_ceil(EACH_RETURNS) as u64).map(|number| (told_cluster_seed(number), EACH_RETURNS))
}

/// Returns (seed, number of operations) pairs. In the histories of these seeds, users change who may see their
/// statuses. Some of the histories have several nodes. The numbers of operations add up to at least `operations`.
fn restricting_runs(operations: usize) -> impl Iterator<Item = (u64, usize)> {
    let seed = |number: u64| match number % 4 {
        0 | 1 => number,
        2 => cluster_seed(number / 4),
        _ => told_cluster_seed(number / 4),
    };
    let numbers = 0..operations.div_ceil(EACH_ON_NODES) as u64;
    numbers.map(move |number| (with_restrictions(seed(number)), EACH_ON_NODES))
}

/// Returns pairs of a seed and its number of operations. The histories of these seeds have several nodes and a directory
/// whose clock jumps. The numbers add up to at least `operations`.
fn jumping_runs(operations: usize) -> impl Iterator<Item = (u64, usize)> {
    let seed = |number: u64| match number % 3 {
        0 => cluster_seed(number / 3),
        1 => told_cluster_seed(number / 3),
        _ => with_restrictions(cluster_seed(number / 3)),
    };
    let numbers = 0..operations.div_ceil(EACH_ON_NODES) as u64;
    numbers.map(move |number| (with_clock_jumps(seed(number)), EACH_ON_NODES))
}

fn add(all: &mut Overlapped, done: Overlapped) {
    all.operations += done.operations;
    all.phases += done.phases;
    let tally: &mut BTreeMap<String, usize> = &mut all.tally;
    for (what, times) in done.tally {
        *tally.entry(what).or_default() += times;
    }
}

/// A node is killed after it has recorded a login in the facts, and the login has not entered the record. The run once broke
/// the invariant `facts-differ`.
#[test]
fn a_login_that_a_killed_node_has_not_completed_ends() {
    if let Err(broken) = overlap(told_cluster_seed(369), EACH_ON_NODES, Story::SinceQuiet) {
        panic!("{broken}");
    }
}

/// The clock of the directory jumps in these runs. Each of them once broke an invariant.
#[test]
fn nodes_agree_after_a_jump_of_the_clock_of_the_directory() {
    let on_nodes = |number| with_clock_jumps(cluster_seed(number));
    let runs = [on_nodes(5), on_nodes(10), on_nodes(1_235)].into_iter();
    let told = [1_080, 1_124, 1_177].map(|number| with_clock_jumps(told_cluster_seed(number)));
    let restricting = [1_079, 1_084].map(|number| with_restrictions(on_nodes(number)));
    for seed in runs.chain(told).chain(restricting) {
        if let Err(broken) = overlap(seed, EACH_ON_NODES, Story::SinceQuiet) {
            panic!("{broken}");
        }
    }
}

#[test]
fn a_seed_always_goes_the_same_way() {
    let restricting = [with_restrictions(1), with_restrictions(cluster_seed(1))];
    let jumping = [with_clock_jumps(cluster_seed(1)), with_clock_jumps(told_cluster_seed(1))];
    let on_nodes = [cluster_seed(0), cluster_seed(1), told_cluster_seed(0)];
    for seed in (1..8).chain(on_nodes).chain(restricting).chain(jumping) {
        let once = overlap(seed, 120, Story::SinceQuiet);
        let again = overlap(seed, 120, Story::SinceQuiet);
        assert_eq!(once, again, "seed {seed}");
    }
}
