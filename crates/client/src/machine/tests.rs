//! Tests of the session with scripts and transcripts. `script.rs` describes their language.

mod calls;
mod invariants;
mod links;
mod lists;
mod returns;
mod script;
mod sessions;
mod shared;
mod watching;

use expect_test::Expect;
use lamplight_model::Platform;
use script::World;

/// A script that creates a live session with the statuses of `me` and `ann`.
const LIVE: &str = "login\nup\nanswer @ login me:1 ann:5\n";

/// Runs a script on a live session, and compares its transcript with the expected one.
fn check_live(script: &str, expected: Expect) {
    check_after(LIVE, script, expected);
}

/// Runs `before`, then `script`, and compares the transcript of `script`.
fn check_after(before: &str, script: &str, expected: Expect) {
    let mut world = World::new(Platform::Linux);
    world.run(before);
    world.transcript.clear();
    world.run(script);
    expected.assert_eq(&world.transcript);
}
