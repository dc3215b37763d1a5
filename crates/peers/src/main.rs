//! The program of `cargo xtask bench peers`.

use anyhow::Result;
use clap::Parser;

fn main() -> Result<()> {
    lamplight_peers::run(&lamplight_peers::Args::parse())
}
