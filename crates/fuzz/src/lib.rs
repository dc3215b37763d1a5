//! Functions for a fuzzer: each takes any bytes, and panics where something that Lamplight promises is broken.
//!
//! They reach the code through its public doors only. `fuzz/` gives them to libFuzzer; `tests/replay.rs` runs them over
//! the corpus in the tree, without a fuzzer. `docs/how-to/fuzz.md` tells how to run them and how to add one.
//!
//! Nothing here is part of a server: an input that breaks a promise is told by a panic, on purpose.

#![allow(clippy::unwrap_used)]

mod cuts;
mod frames;
#[cfg(feature = "node")]
mod http;
mod journal;
mod json;
mod jwt;
mod user_sig;
mod websocket;

/// One thing to fuzz.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of its file in `fuzz/fuzz_targets` and of its folder in `fuzz/corpus`.
    pub name: &'static str,
    /// Tries one input.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "frames", run: frames::run },
    Target { name: "json", run: json::run },
    Target { name: "websocket", run: websocket::run },
    Target { name: "user_sig", run: user_sig::run },
    Target { name: "jwt", run: jwt::run },
    Target { name: "journal", run: journal::run },
    #[cfg(feature = "node")]
    Target { name: "console", run: http::console::run },
    #[cfg(feature = "node")]
    Target { name: "query", run: http::query::run },
    #[cfg(feature = "node")]
    Target { name: "commands", run: http::commands::run },
];

/// Tries one input at the target of this name.
///
/// # Panics
///
/// Where there is no such target, or where a promise is broken.
pub fn run(target: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|known| known.name == target).expect("a target of the table");
    (target.run)(data);
}

/// Ends what the targets have started in this process.
pub fn finish() {
    #[cfg(feature = "node")]
    http::stop();
}
