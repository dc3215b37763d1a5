//! The report of a measurement, as text and as JSON.

use crate::picture::Faults;
use crate::plot::Plot;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// The target of a figure.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The figure should be at most this number.
    AtMost(f64),
    /// The figure should be at least this number.
    AtLeast(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    fn words(self) -> (&'static str, f64) {
        match self {
            Self::AtMost(most) => ("at most", most),
            Self::AtLeast(least) => ("at least", least),
        }
    }
}

/// One measured number.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Figure {
    /// The name of the figure.
    pub name: String,
    /// The number.
    pub value: f64,
    /// The unit.
    pub unit: &'static str,
    /// The target; `None` for a figure without a target.
    pub target: Option<Target>,
}

/// The figures of one run.
#[derive(Default, Debug, Serialize)]
pub struct Report {
    /// The figures in the order of measurement.
    pub figures: Vec<Figure>,
    /// The numbers of wrong notifications.
    pub faults: Faults,
    /// The plots, in the order of measurement.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plots: Vec<Plot>,
}

impl Report {
    /// Adds and prints a figure.
    pub fn note(&mut self, name: impl Into<String>, value: f64, unit: &'static str, target: Option<Target>) {
        let figure = Figure { name: name.into(), value, unit, target };
        say(&row(&figure));
        self.figures.push(figure);
    }

    /// Returns the figures that have a target, as a table in Markdown.
    pub fn table(&self) -> String {
        let mut table = "| figure | goal | measured |\n|---|---|---|\n".to_owned();
        for figure in &self.figures {
            let Some(target) = figure.target else { continue };
            let (word, bound) = target.words();
            let miss = if target.is_met(figure.value) { "" } else { ", not met" };
            let (bound, value, unit) = (number(bound), number(figure.value), figure.unit);
            table.push_str(format!("| {} | {word} {bound} {unit}", figure.name).trim_end());
            table.push_str(format!(" | {value} {unit}").trim_end());
            table.push_str(&format!("{miss} |\n"));
        }
        table
    }

    /// Adds the wrong notifications of a measurement.
    pub fn note_faults(&mut self, faults: Faults) {
        if !faults.none() {
            say(&format!("  WRONG: {}", faults_text(faults)));
        }
        self.faults.add(faults);
    }

    /// Prints the summary, and writes the file if `out` is given. Fails if there was a wrong notification.
    pub fn end(&self, out: Option<&Path>) -> Result<()> {
        let (met, all) = self.figures.iter().fold((0, 0), |(met, all), figure| match figure.target {
            Some(target) => (met + usize::from(target.is_met(figure.value)), all + 1),
            None => (met, all),
        });
        if all > 0 {
            say(&format!("{met} of {all} targets met"));
        }
        say(&faults_text(self.faults));
        if let Some(path) = out {
            let text = serde_json::to_string_pretty(self)? + "\n";
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if !self.faults.none() {
            bail!("notifications were missing, duplicate, out of order, or for a user who is not watched");
        }
        Ok(())
    }
}

/// Prints a line to stdout.
pub fn say(line: &str) {
    // An error is ignored, because the file must be written even if nobody reads the output.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn row(figure: &Figure) -> String {
    let mut row = format!("  {:<58} {:>12} {:<8}", figure.name, number(figure.value), figure.unit);
    if let Some(target) = figure.target {
        let (word, bound) = target.words();
        let met = if target.is_met(figure.value) { "met" } else { "NOT MET" };
        // Writing to a `String` never fails.
        let _ = write!(row, " {word} {}: {met}", number(bound));
    }
    row.trim_end().to_owned()
}

fn number(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 1_000.0 || value == value.trunc() => {
            let digits = format!("{:.0}", value.abs());
            let mut text = String::new();
            for (index, digit) in digits.chars().enumerate() {
                if index > 0 && (digits.len() - index).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            if value <= -1.0 { format!("-{text}") } else { text }
        }
        magnitude if magnitude >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

fn faults_text(faults: Faults) -> String {
    let Faults { duplicates, backwards, strangers, misses } = faults;
    format!("misses {misses}, duplicates {duplicates}, backwards {backwards}, strangers {strangers}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_for_people() {
        for (value, text) in [
            (0.0, "0"),
            (0.25, "0.250"),
            (12.34, "12.3"),
            (123.0, "123"),
            (70_000.4, "70,000"),
            (-1_234_567.0, "-1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_table_has_the_figures_with_a_target() {
        let mut report = Report::default();
        report.note("a", 2.0, "ms", Some(Target::AtMost(1.0)));
        report.note("b", 2.0, "", None);
        report.note("c", 2.0, "", Some(Target::AtLeast(1_000.0)));
        let rows = "| a | at most 1 ms | 2 ms, not met |\n| c | at least 1,000 | 2, not met |\n";
        assert!(report.table().ends_with(rows), "{}", report.table());
    }

    #[test]
    fn what_was_told_wrongly_is_a_failure_and_a_missed_target_is_none() {
        let mut report = Report::default();
        report.note("a", 2.0, "x", Some(Target::AtMost(1.0)));
        assert!(row(&report.figures[0]).ends_with("at most 1: NOT MET"));
        report.end(None).unwrap();
        report.note_faults(Faults { misses: 1, ..Faults::default() });
        assert!(report.end(None).is_err());
    }
}
