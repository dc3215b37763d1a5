//! The arguments of the program.

use clap::Parser;
use std::path::PathBuf;

/// Drive Lamplight and the systems that a team might choose instead with one workload, and print one table
///
/// Every user has a connection, and is told of twenty others. docs/performance.md explains the rows.
#[derive(Parser, Debug, Clone)]
#[command(name = "cargo xtask bench peers")]
pub struct Args {
    /// Measure these peers only, separated by commas; --list names them
    #[arg(long, value_name = "PEER", value_delimiter = ',')]
    pub only: Vec<String>,
    /// List the peers, and how to install them
    #[arg(long)]
    pub list: bool,
    /// Users, each with a connection, each told of twenty others
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    pub users: u32,
    /// Rounds; in each, every peer takes its turn with a server of its own
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Seconds for which each load is measured
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Seconds for which one reader is stalled
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub slow_seconds: u64,
    /// Worker threads of Lamplight [default: one for each core]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// The program `lamplight`
    #[arg(long, value_name = "FILE", default_value = "target/release/lamplight")]
    pub program: PathBuf,
    /// The folder whose `node_modules` has Socket.IO
    #[arg(long, value_name = "DIR", default_value = "target/bench-peers/npm")]
    pub modules: PathBuf,
    /// Keep the raw output and the logs of the servers in this folder
    #[arg(long, value_name = "DIR", default_value = "target/bench-peers")]
    pub raw: PathBuf,
    /// Be the bare loop at this port; started by the benchmark itself
    #[arg(long, value_name = "PORT", hide = true)]
    pub bare_loop: Option<u16>,
}
