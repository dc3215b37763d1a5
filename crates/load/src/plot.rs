//! The plots of a report: curves with axes. `crates/plots` draws them as SVG from the JSON of a report.

use serde::Serialize;

/// A plot with one or more panels, which are drawn below each other.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Plot {
    /// The name of its file, without the ending: lower-case letters, digits and `-`.
    pub name: String,
    /// The title above all panels.
    pub title: String,
    /// The panels from top to bottom.
    pub panels: Vec<Panel>,
}

/// Curves over common axes.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Panel {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis. A linear one begins at 0.
    pub y: Axis,
    /// The curves.
    pub lines: Vec<Line>,
}

/// An axis.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Axis {
    /// The quantity with its unit.
    pub title: String,
    /// The scale.
    pub scale: Scale,
}

/// The scale of an axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal distances for equal differences.
    Linear,
    /// Equal distances for equal ratios.
    Log,
}

/// A curve.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// The name in the legend.
    pub name: String,
    /// The points from left to right, as pairs of x and y.
    pub points: Vec<(f64, f64)>,
}

impl Axis {
    /// Creates a linear axis.
    pub fn linear(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Linear }
    }

    /// Creates a logarithmic axis.
    pub fn log(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Log }
    }
}

impl Line {
    /// Creates a curve.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points }
    }
}
