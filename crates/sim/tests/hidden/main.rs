//! Checks that nothing tells a viewer that a user hides (SPEC section 6).
//!
//! Each seed runs two worlds with the real code. In one, a user hides from viewers and goes on acting. In the other,
//! the user does not hide: at the same moment, all connections of the user close, and the user does nothing more. A
//! viewer who may not see the user must receive the same in both worlds, byte for byte and at the same times.
//!
//! - `LAMPLIGHT_SIM_SEED=7` runs one seed, and prints what happened.
//! - `LAMPLIGHT_SIM_SEEDS=100000` runs more seeds, from `LAMPLIGHT_SIM_FIRST` on.
//!
//! The README of the crate describes the allowed differences between the worlds.

#![allow(clippy::wildcard_enum_match_arm, reason = "most messages have no statuses")]

mod calls;
#[path = "../../../service/tests/forgetful/mod.rs"]
mod forgetful;
mod plan;
mod twin;

use lamplight_model::Platform;
use plan::{Plan, WIDER, World};
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use twin::{Frame, Template, Twin};

/// A user, as an index.
type Who = usize;
/// An error of the test environment. No plan may cause one.
type Failed = Box<dyn Error + Send + Sync>;

/// The number of seeds, from 1 on.
const SEEDS: u64 = 2_000;
/// Seeds that are run in any case: one that finds a planted mistake, and those that failed before.
const KEPT: [u64; 4] = [1_469, 2_293, 2_518, 4_431];

/// The devices that each user may have.
const DEVICES: [(&str, Platform); 3] =
    [("phone", Platform::IPhone), ("web", Platform::Web), ("mac", Platform::Mac)];

/// Everything that the viewers received in one world.
struct Outcome {
    twin: Twin,
    /// The viewers who may not see the hider's status after the moment of hiding.
    hidden_from: BTreeSet<Who>,
}

/// Counts of events. They show whether the seeds test enough.
#[derive(Default)]
struct Tally {
    frames: AtomicU64,
    viewers: AtomicU64,
    of_hider: AtomicU64,
}

async fn run(plan: &Plan, world: World, template: &Template) -> Result<Outcome, Failed> {
    let mut twin = Twin::new(plan, template).await?;
    let mut hidden_from = BTreeSet::new();
    for (number, (only_in, act)) in plan.entries.iter().enumerate() {
        if number == plan.hides_at {
            hidden_from = twin.hidden_from().await?;
        }
        if only_in.is_none_or(|only_in| only_in == world) {
            let done = twin.act(act, number as u64 + 1).await;
            done.map_err(|error| format!("{world:?}: {act:?}: {error}"))?;
        }
    }
    if world == World::Hidden && !plan.deletes {
        twin.reveal().await?;
    }
    Ok(Outcome { twin, hidden_from })
}

/// Runs a seed in both worlds. Returns the difference if the worlds differ.
fn check(seed: u64, template: &Template, tally: &Tally) -> Result<(), String> {
    let plan = Plan::of(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let hidden = runtime.block_on(run(&plan, World::Hidden, template)).map_err(|error| error.to_string())?;
    let away = runtime.block_on(run(&plan, World::Away, template)).map_err(|error| error.to_string())?;
    if let Some(fault) = hidden.twin.faults.iter().chain(&away.twin.faults).next() {
        return Err(format!("{:?}: {fault}", plan.hiding));
    }
    let is_compared = |who: &Who| plan.compared.contains(who) && hidden.hidden_from.contains(who);
    let viewers = (0..plan::USERS).filter(is_compared).count();
    tally.viewers.fetch_add(viewers as u64, Ordering::Relaxed);
    let keys = hidden.twin.streams.keys().chain(away.twin.streams.keys());
    let keys: BTreeSet<(Who, u64)> = keys.filter(|(who, _)| is_compared(who)).copied().collect();
    for key in keys {
        let stream = |outcome: &Outcome| outcome.twin.streams.get(&key).cloned().unwrap_or_default();
        let (hidden, away) = (stream(&hidden), stream(&away));
        tally.frames.fetch_add(hidden.len() as u64, Ordering::Relaxed);
        let of_hider = hidden.iter().filter(|frame| frame.text.contains("UserStatus { user_id: \"hider\""));
        tally.of_hider.fetch_add(of_hider.count() as u64, Ordering::Relaxed);
        if hidden != away {
            return Err(difference(&plan, key, &hidden, &away));
        }
    }
    Ok(())
}

fn difference(plan: &Plan, (who, connection): (Who, u64), hidden: &[Frame], away: &[Frame]) -> String {
    let Plan { hiding, linger_ms, retention_ms, rate, limit, .. } = plan;
    let mut text = format!(
        "{hiding:?}, linger {linger_ms} ms, retention {retention_ms} ms, {rate} calls, a list of {limit}\n"
    );
    let same = hidden.iter().zip(away).take_while(|(one, other)| one == other).count();
    for (number, (only_in, act)) in plan.entries.iter().enumerate() {
        let mark = if number == plan.hides_at { "--- hidden from here on\n" } else { "" };
        let world = only_in.map_or(String::new(), |world| format!("  (only {world:?})"));
        let _ = writeln!(text, "{mark}  {:3} {act:?}{world}", number + 1);
    }
    let _ = writeln!(text, "message {same} on connection {connection} of user {who} differs");
    for (name, frames) in [("hidden", hidden), ("away", away)] {
        let frames = &frames[same.saturating_sub(1)..frames.len().min(same + 2)];
        for Frame { at, text: frame, .. } in frames {
            let _ = writeln!(text, "  {name} at {}: {frame}", at.0);
        }
    }
    text
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn nothing_tells_a_hidden_user_from_one_who_is_away() {
    let seeds: Vec<u64> = match number("LAMPLIGHT_SIM_SEED") {
        Some(seed) => vec![seed],
        None => {
            let (first, last) =
                (number("LAMPLIGHT_SIM_FIRST"), number("LAMPLIGHT_SIM_SEEDS").unwrap_or(SEEDS));
            let seeds = first.unwrap_or(1)..=last;
            // One plan in five is wider.
            let wider = if first.is_none() { last / 4 } else { 0 };
            let wider = WIDER + 1..=WIDER + wider;
            KEPT.into_iter().chain(seeds).chain(wider).collect()
        }
    };
    let (tally, found) = (Tally::default(), AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let template = runtime.block_on(Template::new()).expect("the files of the facts");
    std::thread::scope(|scope| {
        for half in [0, 1] {
            let (seeds, template, tally, found) = (&seeds, &template, &tally, &found);
            scope.spawn(move || {
                let seeds = seeds.iter().copied().filter(|seed| seed % 2 == half);
                for seed in seeds.take_while(|_| !found.load(Ordering::Relaxed)) {
                    if let Err(difference) = check(seed, template, tally) {
                        found.store(true, Ordering::Relaxed);
                        panic!("LAMPLIGHT_SIM_SEED={seed} {difference}");
                    }
                }
            });
        }
    });
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    let (viewers, frames, of_hider) = (count(&tally.viewers), count(&tally.frames), count(&tally.of_hider));
    println!("{viewers} viewers received {frames} messages, {of_hider} of them about the hidden user");
    if number("LAMPLIGHT_SIM_SEED").is_none() {
        assert!(of_hider > seeds.len() as u64, "the viewers hardly looked");
    }
}
