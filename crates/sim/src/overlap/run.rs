//! Runs, which are generated from a seed. The invariants are checked whenever the world is quiet. A run ends with the
//! first broken invariant.

use super::judge::{Found, Name};
use super::people::user_of;
use super::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The result of a run without a broken invariant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overlapped {
    /// The number of started operations.
    pub operations: usize,
    /// The number of phases. The invariants are checked at the end of each phase.
    pub phases: usize,
    /// The number of times that each kind of event has occurred.
    pub tally: BTreeMap<String, usize>,
    /// A hash of the whole story. Two runs with the same hash had the same events in the same order. With
    /// [`Story::Untold`], the hash is the same in all runs.
    pub digest: u64,
}

/// The part of the story that is reported with a broken invariant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Story {
    /// Nothing.
    Untold,
    /// The events since the world was last quiet.
    SinceQuiet,
    /// All events.
    Whole,
}

/// The result of a run with a broken invariant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The seed.
    pub seed: u64,
    /// The number of operations that had started.
    pub operations: usize,
    /// The broken invariants.
    pub found: Vec<Found>,
    /// The requested part of the story.
    pub story: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.story {
            writeln!(f, "{line}")?;
        }
        let names: BTreeSet<Name> = self.found.iter().map(|found| found.name).collect();
        write!(f, "LAMPLIGHT_SIM_SEED={} breaks after {} operations:", self.seed, self.operations)?;
        names.iter().try_for_each(|name| write!(f, " {name}"))?;
        for Found { name, what } in &self.found {
            write!(f, "\n  {name}: {what}")?;
        }
        Ok(())
    }
}

/// Runs a seed with this number of operations. For a broken invariant, also returns the part of the story that `wanted`
/// selects.
pub fn overlap(seed: u64, operations: usize, wanted: Story) -> Result<Overlapped, Box<Broken>> {
    let mut story = Vec::new();
    let mut world = match World::new(seed, wanted != Story::Untold) {
        Ok(world) => world,
        Err(error) => {
            let what = format!("cannot create the world: {error}");
            let found = vec![Found { name: Name::Panic, what }];
            return Err(Box::new(Broken { seed, operations: 0, found, story: Vec::new() }));
        }
    };
    let mut done = Overlapped::default();
    while done.operations < operations {
        // A panic counts as a broken invariant, so that the story that led to it is reported.
        if catch_unwind(AssertUnwindSafe(|| run_phase(&mut world, &mut done, operations))).is_err() {
            world.judge.found(Name::Panic, "above".to_owned());
        }
        if wanted != Story::Whole {
            story.clear();
        }
        story.extend(world.judge.story());
        let found = world.judge.take();
        if !found.is_empty() {
            return Err(Box::new(Broken { seed, operations: done.operations, found, story }));
        }
    }
    done.tally = world.judge.tally();
    done.digest = world.judge.digest();
    Ok(done)
}

fn run_phase(world: &mut World, done: &mut Overlapped, operations: usize) {
    let plan = world.plan.clone();
    let mut climate = plan.weather(world.random());
    if plan.curses && world.random().once_in(2) {
        let cursed = Some(user_of(world.random().below(plan.users)));
        // Failing writes to the live record and to the facts alternate, so that both are frequent.
        if done.phases.is_multiple_of(2) {
            climate.cursed_live = cursed;
        } else {
            climate.cursed = cursed;
        }
    }
    let mut is_cursed = climate.cursed.is_some() || climate.cursed_live.is_some();
    world.set_weather(climate);
    let length = 10 + world.random().below(50);
    let mut idle = 0;
    for step in 0..length {
        if plan.curses_who_is_due && step == length / 2 {
            is_cursed = world.curse_who_is_due();
        }
        if done.operations == operations || world.judge.is_broken() || idle > 1_000 {
            break;
        }
        if world.begin() {
            done.operations += 1;
        } else {
            idle += 1;
        }
        let random = world.random();
        let gap = match random.below(20) {
            0..7 => 0,
            7..15 => random.below(20),
            15..19 => random.below(300),
            _ => random.below(3_000),
        };
        world.pass(gap as u64);
        world.look_for_overdue();
    }
    if is_cursed || plan.settings.timing.login_retention_ms == 60_000 && world.random().once_in(3) {
        for _ in 0..110 {
            world.pass(1_000);
            world.look_for_overdue();
            if world.judge.is_broken() {
                return;
            }
        }
    }
    world.come_to_rest(done.phases);
    done.phases += 1;
    if world.judge.is_broken() {
        return;
    }
    if plan.nodes == 0 {
        if world.random().once_in(20) {
            world.restart_quietly();
        }
    } else if world.random().once_in(2) {
        world.lose_something_quietly();
    } else if world.random().once_in(2) {
        world.cut_off_quietly();
    }
}
