//! The plots in the JSON of a report, and their bounds.

use anyhow::{Result, ensure};
use serde::Deserialize;

/// The maximum number of panels of a plot.
const MOST_PANELS: usize = 8;
/// The maximum number of curves of a panel, which is the number of colours.
const MOST_LINES: usize = 4;
/// The maximum number of points of a curve.
const MOST_POINTS: usize = 10_000;

/// The part of a report that this crate reads.
#[derive(Debug, Deserialize)]
pub struct Report {
    /// The plots.
    #[serde(default)]
    pub plots: Vec<Plot>,
}

/// A plot with panels below each other.
#[derive(Debug, Deserialize)]
pub struct Plot {
    /// The name of its file, without the ending: lower-case letters, digits and `-`.
    pub name: String,
    /// The title above all panels.
    pub title: String,
    /// The panels from top to bottom.
    pub panels: Vec<Panel>,
}

/// Curves over common axes.
#[derive(Debug, Deserialize)]
pub struct Panel {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis. A linear one begins at 0.
    pub y: Axis,
    /// The curves.
    pub lines: Vec<Line>,
}

/// An axis.
#[derive(Debug, Deserialize)]
pub struct Axis {
    /// The quantity with its unit.
    pub title: String,
    /// The scale.
    pub scale: Scale,
}

/// The scale of an axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal distances for equal differences.
    Linear,
    /// Equal distances for equal ratios. All values must be positive.
    Log,
}

/// A curve.
#[derive(Debug, Deserialize)]
pub struct Line {
    /// The name in the legend.
    pub name: String,
    /// The points from left to right, as pairs of x and y.
    pub points: Vec<(f64, f64)>,
}

impl Report {
    /// Parses a report. Fails if it is no JSON, or if one of its plots cannot be drawn.
    pub fn read(text: &str) -> Result<Self> {
        let report: Self = serde_json::from_str(text)?;
        report.plots.iter().try_for_each(Plot::check)?;
        Ok(report)
    }
}

impl Plot {
    fn check(&self) -> Result<()> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let name = &self.name;
        ensure!((1..=60).contains(&name.len()) && name.chars().all(is_plain), "`{name}` is no plain name");
        ensure!(
            (1..=MOST_PANELS).contains(&self.panels.len()),
            "{name}: 1 to {MOST_PANELS} panels are drawn"
        );
        self.panels.iter().try_for_each(|panel| panel.check(name))
    }
}

impl Panel {
    fn check(&self, name: &str) -> Result<()> {
        ensure!((1..=MOST_LINES).contains(&self.lines.len()), "{name}: 1 to {MOST_LINES} curves are drawn");
        for line in &self.lines {
            let count = line.points.len();
            ensure!((1..=MOST_POINTS).contains(&count), "{name}: `{}` has {count} points", line.name);
            let fits = |value: f64, scale| match scale {
                Scale::Log => value.is_finite() && value > 0.0,
                Scale::Linear => value.is_finite() && value >= 0.0,
            };
            ensure!(
                line.points.iter().all(|(x, y)| fits(*x, self.x.scale) && fits(*y, self.y.scale)),
                "{name}: `{}` has a value that its axis cannot show",
                line.name
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn report(name: &str, scale: &str, points: &Value) -> String {
        let axis = json!({"title": "a", "scale": scale});
        let lines = json!([{"name": "p50", "points": points}]);
        let plot = json!({"name": name, "title": "t", "panels": [{"x": axis, "y": axis, "lines": lines}]});
        json!({"figures": [], "plots": [plot]}).to_string()
    }

    #[test]
    fn only_a_plot_that_can_be_drawn_is_read() {
        for (name, scale, points, is_read) in [
            ("growth-accounts", "log", json!([[1, 2], [3.5, 4]]), true),
            ("growth-accounts", "linear", json!([[0, 0]]), true),
            ("growth-accounts", "log", json!([[0, 1]]), false),
            ("growth-accounts", "log", json!([[1, -1]]), false),
            ("growth-accounts", "linear", json!([[1, null]]), false),
            ("growth-accounts", "linear", json!([]), false),
            ("growth-accounts", "cubic", json!([[1, 1]]), false),
            ("../accounts", "linear", json!([[1, 1]]), false),
            ("", "linear", json!([[1, 1]]), false),
        ] {
            let text = report(name, scale, &points);
            assert_eq!(Report::read(&text).is_ok(), is_read, "{text}");
        }
        assert!(Report::read("{\"figures\": []}").unwrap().plots.is_empty());
        assert!(Report::read("figures").is_err());
    }
}
