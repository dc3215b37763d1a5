//! Transcripts of the session. `script.rs` describes the language.

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

/// A live session that has the statuses of `me` and `ann`.
const LIVE: &str = "login\nup\nanswer @ login me:1 ann:5\n";

/// Runs a script from a live session, and compares its transcript with the expected one.
fn check_live(script: &str, expected: Expect) {
    check_after(LIVE, script, expected);
}

/// Runs a script after another one, and compares its part of the transcript with the expected one.
fn check_after(before: &str, script: &str, expected: Expect) {
    let mut world = World::new(Platform::Linux);
    world.run(before);
    world.transcript.clear();
    world.run(script);
    expected.assert_eq(&world.transcript);
}
