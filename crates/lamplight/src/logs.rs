//! Where the program's own words about itself go: to stderr, as lines for people or as JSON.

use clap::{Args, ValueEnum};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// How much is logged, and in which form.
#[derive(Args, Debug, Clone)]
pub struct LogArgs {
    /// How much to log: error, warn, info, debug, trace; or a filter such as `info,lamplight_server=debug`
    #[arg(long, env = "LAMPLIGHT_LOG", value_name = "LEVEL", default_value = "info")]
    pub log: String,

    /// How to write the log, which goes to stderr
    #[arg(long, env = "LAMPLIGHT_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// The form of a line of the log.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people
    Text,
    /// One JSON object a line
    Json,
}

/// Begins to log.
pub fn start(args: &LogArgs) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&args.log)
        .map_err(|error| anyhow::anyhow!("--log {:?} is no log filter: {error}", args.log))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match args.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Logs what a person at a terminal should know of, for the commands that are soon over.
pub fn start_quietly() -> anyhow::Result<()> {
    start(&LogArgs { log: "warn".to_owned(), log_format: LogFormat::Text })
}
