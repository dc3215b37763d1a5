//! Draws a plot with plotters. The background is white, so a plot can be read on light and dark pages.

use crate::layout::{label, range};
use crate::report::{Panel, Plot, Scale};
use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use std::fmt::Display;

const WIDTH: u32 = 720;
const TITLE_HEIGHT: u32 = 40;
const PANEL_HEIGHT: u32 = 270;
/// The height of the legend above each panel.
const LEGEND_HEIGHT: u32 = 30;
/// The size of the texts. In the file, it is divided by 1.24: this is a font size of 13 pixels.
const TEXT_SIZE: u32 = 16;
const TITLE_SIZE: u32 = 20;
/// The average width of a character of the legend in pixels. Without a font, it can only be estimated.
const CHARACTER_WIDTH: i32 = 8;
/// The distance of the legend from the left edge, which is that of the vertical axis.
const LEFT: u32 = 84;
const MARGIN: u32 = 10;
const FONT: &str = "sans-serif";
/// The colours of the curves. They can be told apart with any colour vision (Okabe and Ito).
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Returns a plot as the text of an SVG file.
pub fn svg(plot: &Plot) -> Result<String> {
    let mut text = String::new();
    {
        let height = TITLE_HEIGHT + PANEL_HEIGHT * u32::try_from(plot.panels.len())?;
        let root = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE).map_err(of_plotters)?;
        let (top, rest) = root.split_vertically(TITLE_HEIGHT);
        let style = (FONT, TITLE_SIZE).into_font().color(&BLACK);
        top.draw(&Text::new(plot.title.as_str(), (12, 14), style)).map_err(of_plotters)?;
        for (panel, area) in plot.panels.iter().zip(rest.split_evenly((plot.panels.len(), 1))) {
            let (legend, chart) = area.split_vertically(LEGEND_HEIGHT);
            draw_legend(&legend, panel)?;
            draw_panel(&chart, panel)?;
        }
        root.present().map_err(of_plotters)?;
    }
    Ok(text)
}

/// Draws the names of the curves beside each other, each after a piece of its line.
fn draw_legend(area: &Area, panel: &Panel) -> Result<()> {
    let (mut x, y) = (LEFT as i32, LEGEND_HEIGHT as i32 / 2);
    for (line, colour) in panel.lines.iter().zip(&COLOURS) {
        let stroke = PathElement::new([(x, y), (x + 24, y)], colour.stroke_width(2));
        area.draw(&stroke).map_err(of_plotters)?;
        let style = (FONT, TEXT_SIZE).into_font().color(&BLACK);
        area.draw(&Text::new(line.name.as_str(), (x + 30, y - TEXT_SIZE as i32 / 2), style))
            .map_err(of_plotters)?;
        x += 30 + CHARACTER_WIDTH * line.name.chars().count() as i32 + 24;
    }
    Ok(())
}

fn draw_panel(area: &Area, panel: &Panel) -> Result<()> {
    let points = || panel.lines.iter().flat_map(|line| &line.points);
    let x = range(points().map(|point| point.0), panel.x.scale, false);
    let y = range(points().map(|point| point.1), panel.y.scale, true);
    match (panel.x.scale, panel.y.scale) {
        (Scale::Linear, Scale::Linear) => draw_chart(area, panel, x, y),
        (Scale::Linear, Scale::Log) => draw_chart(area, panel, x, y.log_scale()),
        (Scale::Log, Scale::Linear) => draw_chart(area, panel, x.log_scale(), y),
        (Scale::Log, Scale::Log) => draw_chart(area, panel, x.log_scale(), y.log_scale()),
    }
}

fn draw_chart<X, Y>(area: &Area, panel: &Panel, x: X, y: Y) -> Result<()>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .margin_left(MARGIN)
        .margin_right(28)
        .margin_bottom(8)
        .x_label_area_size(50)
        .y_label_area_size(LEFT - MARGIN)
        .build_cartesian_2d(x, y)
        .map_err(of_plotters)?;
    chart
        .configure_mesh()
        .x_desc(panel.x.title.as_str())
        .y_desc(panel.y.title.as_str())
        .x_labels(8)
        .y_labels(6)
        .x_label_formatter(&|value| label(*value))
        .y_label_formatter(&|value| label(*value))
        .label_style((FONT, TEXT_SIZE))
        .axis_desc_style((FONT, TEXT_SIZE))
        .bold_line_style(BLACK.mix(0.15))
        .light_line_style(TRANSPARENT)
        .draw()
        .map_err(of_plotters)?;
    for (line, colour) in panel.lines.iter().zip(&COLOURS) {
        let points = line.points.iter().copied();
        chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2))).map_err(of_plotters)?;
        chart.draw_series(points.map(|point| Circle::new(point, 3, colour.filled()))).map_err(of_plotters)?;
    }
    Ok(())
}

/// Converts an error of plotters, which may borrow the drawing.
fn of_plotters(error: impl Display) -> anyhow::Error {
    anyhow!("{error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use serde_json::json;

    #[test]
    fn a_plot_has_its_texts_and_a_white_background() {
        for x in ["linear", "log"] {
            for y in ["linear", "log"] {
                let panel = json!({
                    "x": {"title": "connections", "scale": x},
                    "y": {"title": "latency < 1, ms", "scale": y},
                    "lines": [
                        {"name": "p50", "points": [[1_000, 0.5], [15_000, 0.7]]},
                        {"name": "p99", "points": [[1_000, 2.5], [15_000, 3.1]]},
                    ],
                });
                let report = json!({"plots": [{"name": "a", "title": "A change", "panels": [panel, panel]}]});
                let report = Report::read(&report.to_string()).unwrap();
                let svg = svg(&report.plots[0]).unwrap();
                for text in ["A change", "connections", "latency &lt; 1, ms", "p50", "p99", "10 k"] {
                    assert!(svg.contains(text), "{x}, {y}: no {text} in {svg}");
                }
                assert!(svg.contains("fill=\"#FFFFFF\""), "{svg}");
                let sizes = svg.split("font-size=\"").skip(1).filter_map(|rest| rest.split('"').next());
                for size in sizes {
                    assert!(size.parse::<f64>().unwrap() >= 12.0, "{size}");
                }
            }
        }
    }
}
