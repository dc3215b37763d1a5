//! The program that draws the plots of `lamplight load` for `cargo xtask bench growth`.

use clap::Parser;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Draws the plots of reports as SVG files
#[derive(Parser)]
struct Args {
    /// Reports, as `lamplight load growth` and `lamplight load open` write them with --out
    #[arg(required = true, value_name = "FILE")]
    reports: Vec<PathBuf>,
    /// The folder for the SVG files; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match lamplight_plots::draw_reports(&args.reports, &args.out) {
        Ok(files) => {
            for file in files {
                // The files are written even if nobody reads their names.
                let _ = writeln!(std::io::stdout().lock(), "{}", file.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            // The exit code says the same if stderr is closed.
            let _ = writeln!(std::io::stderr().lock(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
