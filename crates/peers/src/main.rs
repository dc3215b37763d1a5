//! The program of `cargo xtask bench peers`.

use clap::Parser;
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match lamplight_peers::run(&lamplight_peers::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The exit code says the same if stderr is closed.
            let _ = writeln!(std::io::stderr().lock(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
