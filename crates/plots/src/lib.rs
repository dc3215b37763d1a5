//! Draws the plots of a report of `lamplight load` as SVG, for the pictures of `docs/performance.md`.
//!
//! A report describes each plot completely: its curves, axes and scales (`load/src/plot.rs`). This crate knows nothing
//! about measurements.

mod draw;
mod layout;
mod report;

pub use draw::svg;
pub use report::{Axis, Line, Panel, Plot, Report, Scale};

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// Draws all plots of these reports into a folder, which is created if it does not exist. Returns the written files.
/// Fails if a report cannot be read, contains no plot, or contains a plot that cannot be drawn.
pub fn draw_reports(reports: &[PathBuf], folder: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut files = Vec::new();
    for path in reports {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let report = Report::read(&text).with_context(|| format!("{} is no report", path.display()))?;
        ensure!(!report.plots.is_empty(), "{} has no plots", path.display());
        for plot in &report.plots {
            let file = folder.join(format!("{}.svg", plot.name));
            let svg = svg(plot).with_context(|| format!("cannot draw {}", plot.name))?;
            fs::write(&file, svg).with_context(|| format!("cannot write {}", file.display()))?;
            files.push(file);
        }
    }
    Ok(files)
}
