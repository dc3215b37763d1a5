//! The numbers of a drawing: the range of an axis, and the text of its labels. This module is pure.

use crate::report::Scale;
use std::ops::Range;

/// Returns the range of an axis for these values. A linear vertical axis begins at 0 and has some room at its end, so
/// that a constant cost looks constant. A logarithmic axis ends at least half a decade beyond its start.
pub fn range(values: impl Iterator<Item = f64>, scale: Scale, is_vertical: bool) -> Range<f64> {
    let (least, most) =
        values.fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
    match (scale, is_vertical) {
        (Scale::Linear, true) => 0.0..if most > 0.0 { most * 1.2 } else { 1.0 },
        (Scale::Linear, false) => least..if most > least { most } else { least + 1.0 },
        (Scale::Log, true) => {
            let (from, to) = (least / 1.5, most * 1.5);
            from..to.max(from * 10.0_f64.sqrt())
        }
        (Scale::Log, false) => least..if most > least { most } else { least * 10.0 },
    }
}

/// Returns the text of a label on an axis: three significant digits, with `k` for thousands and `M` for millions.
pub fn label(value: f64) -> String {
    let (value, unit) = match value.abs() {
        size if size >= 1e6 => (value / 1e6, " M"),
        size if size >= 1e3 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.05, "0.05"),
            (0.5, "0.5"),
            (2.5, "2.5"),
            (50.0, "50"),
            (200.0, "200"),
            (1_000.0, "1 k"),
            (2_500.0, "2.5 k"),
            (15_000.0, "15 k"),
            (100_000.0, "100 k"),
            (1_000_000.0, "1 M"),
        ] {
            assert_eq!(label(value), text);
        }
    }

    #[test]
    fn a_range_holds_all_values() {
        for (values, scale, is_vertical, expected) in [
            (&[5.0, 10.0][..], Scale::Linear, true, 0.0..12.0),
            (&[0.0], Scale::Linear, true, 0.0..1.0),
            (&[3.0, 8.0], Scale::Linear, false, 3.0..8.0),
            (&[3.0], Scale::Linear, false, 3.0..4.0),
            (&[1.5, 150.0], Scale::Log, true, 1.0..225.0),
            (&[10.0, 1_000.0], Scale::Log, false, 10.0..1_000.0),
            (&[10.0], Scale::Log, false, 10.0..100.0),
        ] {
            assert_eq!(range(values.iter().copied(), scale, is_vertical), expected, "{values:?}");
        }
        let narrow = range([3.0].into_iter(), Scale::Log, true);
        assert!(narrow.start < 3.0 && narrow.end / narrow.start > 3.0);
    }
}
