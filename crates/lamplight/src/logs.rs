//! Where the program's own words about itself go: to stderr, as lines for people or as JSON.

mod limit;
mod limiter;
mod lines;

pub use lines::LogGuard;

use clap::{Args, ValueEnum};
use lamplight_server::LogMetrics;
use limiter::Limiter;
use lines::{Lines, Unfailing};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{IsTerminal, stderr};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

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

/// Begins to log, for a server: what repeats is limited, and nobody waits for stderr or fails with it. The guard is to be
/// held until the server has ended.
pub fn start(args: &LogArgs, metrics: &LogMetrics) -> anyhow::Result<LogGuard> {
    let filter = EnvFilter::try_new(&args.log)
        .map_err(|error| anyhow::anyhow!("--log {:?} is no log filter: {error}", args.log))?;
    let limiter = Limiter::new(metrics.clone());
    let (lines, guard) = Lines::start(stderr(), metrics.clone(), limiter.chore())?;
    // An error of the writer would be told on stderr, with a panic where that fails too. There is none.
    let words = fmt::layer().with_ansi(stderr().is_terminal()).log_internal_errors(false).with_writer(lines);
    let words = match args.log_format {
        LogFormat::Text => words.boxed(),
        LogFormat::Json => words.json().flatten_event(true).boxed(),
    };
    registry().with(filter).with(limiter).with(words).init();
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        let thread = std::thread::current();
        let at = panic.location().map(ToString::to_string);
        let text = panic.payload_as_str().unwrap_or_default();
        tracing::error!(thread = thread.name(), at, text, backtrace, "a bug: a thread has panicked");
    }));
    Ok(guard)
}

/// Logs what a person at a terminal should know of, for the commands that are soon over.
pub fn start_quietly() -> anyhow::Result<()> {
    let words = fmt::layer().with_ansi(stderr().is_terminal()).log_internal_errors(false);
    registry().with(EnvFilter::new("warn")).with(words.with_writer(Unfailing)).init();
    Ok(())
}
