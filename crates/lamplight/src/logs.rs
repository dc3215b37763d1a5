//! The log of the program: lines on stderr, as text for people or as JSON.

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

/// The options of the log: level and format.
#[derive(Args, Debug, Clone)]
pub struct LogArgs {
    /// How much to log: error, warn, info, debug, trace; or a filter such as `info,lamplight_server=debug`
    #[arg(long, env = "LAMPLIGHT_LOG", value_name = "LEVEL", default_value = "info", value_parser = parse_filter)]
    pub log: String,

    /// The format of the log, which goes to stderr
    #[arg(long, env = "LAMPLIGHT_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// The log levels, in ascending order of the number of lines that they write.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Parses a log filter. A word without `=` must be a level or a crate of Lamplight. `EnvFilter` would take a misspelt
/// level for a module, and log only that module.
pub fn parse_filter(text: &str) -> Result<String, String> {
    for word in text.split(',').map(str::trim) {
        let is_level = LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
        let is_part = word.starts_with("lamplight") || word.contains(['=', '[']);
        if !is_level && !is_part {
            return Err(format!(
                "{word:?} is not a level (the levels are {}); for a part of the program write NAME=LEVEL (--log, \
                 LAMPLIGHT_LOG)",
                LEVELS.join(", ")
            ));
        }
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("not a log filter: {error}")),
    }
}

/// The format of the log.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text
    Text,
    /// One JSON object per line
    Json,
}

/// Starts the log of a server. Repeated lines are limited. Logging never blocks, and never fails because of stderr. The
/// caller must keep the guard until the server has ended.
pub fn start(args: &LogArgs, metrics: &LogMetrics) -> anyhow::Result<LogGuard> {
    let filter = EnvFilter::try_new(&args.log)
        .map_err(|error| anyhow::anyhow!("--log {:?} is not a log filter: {error}", args.log))?;
    // At the level `debug`, this library logs the values of each statement: keys of apps, and texts of users.
    let filter = filter.add_directive("tokio_postgres=info".parse()?);
    let limiter = Limiter::new(metrics.clone());
    let (lines, guard) = Lines::start(stderr(), metrics.clone(), limiter.chore())?;
    // By default, this layer reports an error of its writer on stderr, and panics if that fails too. This writer never
    // fails, so the reports are switched off.
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

/// Starts the log of a short command: only warnings and errors.
pub fn start_quietly() -> anyhow::Result<()> {
    let words = fmt::layer().with_ansi(stderr().is_terminal()).log_internal_errors(false);
    registry().with(EnvFilter::new("warn")).with(words.with_writer(Unfailing)).init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_is_misspelt_is_refused_instead_of_silencing_the_log() {
        for good in [
            "info",
            "WARN",
            "off",
            "info,lamplight_server=debug",
            "lamplight_server",
            "warn,hyper=trace",
            "lamplight[{app=7}]=trace",
            "info,[{app=7}]=debug",
        ] {
            assert_eq!(parse_filter(good), Ok(good.to_owned()));
        }
        for bad in
            ["inof", "warning", "verbose", "", "info,warning", "hyper", "info,", "[[[", "lamplight=inof", "7"]
        {
            let error = parse_filter(bad).unwrap_err();
            assert!(error.contains("level") || error.contains("filter"), "{bad}: {error}");
        }
    }
}
