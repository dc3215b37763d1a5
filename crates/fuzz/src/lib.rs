//! Targets for a fuzzer. Each takes any bytes, and panics if a guarantee of Lamplight is violated.
//!
//! The targets use only public interfaces. `fuzz/` runs them with libFuzzer. `tests/replay.rs` runs them with the
//! stored corpus, without a fuzzer. `docs/how-to/fuzz.md` explains how to run and to add targets.
//!
//! No server uses this crate.

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

/// A target of the fuzzer.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of the target's file in `fuzz/fuzz_targets` and of its folder in `fuzz/corpus`.
    pub name: &'static str,
    /// The function that runs one input.
    pub run: fn(&[u8]),
}

/// All targets.
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

/// Runs one input with the target of this name.
///
/// # Panics
///
/// If there is no such target, or if a guarantee is violated.
pub fn run(target: &str, data: &[u8]) {
    let target =
        TARGETS.iter().find(|known| known.name == target).expect("the target must be one of the table");
    (target.run)(data);
}

/// Stops the node that targets have started in this process.
pub fn finish() {
    #[cfg(feature = "node")]
    http::stop();
}
