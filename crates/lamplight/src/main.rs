//! The program `lamplight`: a server, and the commands for its operator.
//!
//! This crate parses arguments and prints results. `lamplight-server` executes the operations. The commands send
//! operations over the control socket of the data folder.

// A command-line program has to print.
#![allow(clippy::print_stdout)]

mod args;
mod commands;
mod csv;
mod demo;
#[cfg(test)]
mod deployment;
mod doctor;
#[cfg(test)]
mod documentation;
mod logs;
mod node_file;
mod operator;
mod output;
mod secret_arg;
mod signing;
mod supervisor;
mod time_text;
mod watch;

use clap::Parser;
use commands::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_usage(&error),
    };
    let json = cli.common.json;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(commands::run(cli));
            // Blocking tasks that still run are not awaited, because the command has ended.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of stdout has closed the pipe, so it needs no more output.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&error, json);
            ExitCode::FAILURE
        }
    }
}

/// Prints an error in the arguments, or the requested help. With `--json`, also prints the error as JSON.
fn refuse_usage(error: &clap::Error) -> ExitCode {
    // A failure to print is ignored, because the reader is gone.
    let _ = error.print();
    let wants_json = std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json");
    if error.use_stderr() && wants_json {
        let text = error.render().to_string();
        let text = text.split("\n\n").next().unwrap_or_default().trim().trim_start_matches("error: ");
        output::print_usage_error(text);
    }
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
