//! Judges how a cost grows. This module is pure.

/// Returns the exponent `e` of the curve `y = c · x^e` that fits the points best: the least squares of the logarithms.
/// The exponent is 0 for a constant cost, and 1 for a proportional one. `None` if fewer than two different x are
/// given, or if a coordinate is not positive.
pub fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    if points.iter().any(|(x, y)| !(x.is_finite() && y.is_finite() && *x > 0.0 && *y > 0.0)) {
        return None;
    }
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len() as f64;
    let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / count;
    let spread: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let common: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    (spread > 1e-12).then(|| common / spread)
}

/// Returns the factor by which the fitted curve grows from the smallest to the largest x. It is 1 for a constant cost.
/// Noise of a single point has less influence than on the ratio of the last to the first point. `None` as for
/// [`exponent`].
pub fn growth(points: &[(f64, f64)]) -> Option<f64> {
    let exponent = exponent(points)?;
    let least = points.iter().map(|(x, _)| *x).fold(f64::INFINITY, f64::min);
    let most = points.iter().map(|(x, _)| *x).fold(0.0, f64::max);
    Some((most / least).powf(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_and_the_growth_of_a_curve() {
        for (points, expected) in [
            (&[(1.0, 7.0), (10.0, 7.0), (100.0, 7.0)][..], Some((0.0, 1.0))),
            (&[(1.0, 3.0), (10.0, 30.0), (100.0, 300.0)], Some((1.0, 100.0))),
            (&[(2.0, 4.0), (4.0, 16.0), (8.0, 64.0)], Some((2.0, 16.0))),
            (&[(100.0, 1.0), (1.0, 10.0)], Some((-0.5, 0.1))),
            // One point in the middle is too high: the fit still is flat.
            (&[(1.0, 5.0), (10.0, 9.0), (100.0, 5.0)], Some((0.0, 1.0))),
            (&[(10.0, 5.0)], None),
            (&[(10.0, 5.0), (10.0, 6.0)], None),
            (&[(0.0, 5.0), (10.0, 6.0)], None),
            (&[(1.0, 0.0), (10.0, 6.0)], None),
            (&[(1.0, f64::NAN), (10.0, 6.0)], None),
            (&[], None),
        ] {
            let found = exponent(points).zip(growth(points));
            match (found, expected) {
                (Some((exponent, growth)), Some((exact_exponent, exact_growth))) => {
                    assert!((exponent - exact_exponent).abs() < 1e-9, "{points:?}: {exponent}");
                    assert!((growth - exact_growth).abs() < 1e-9, "{points:?}: {growth}");
                }
                (found, expected) => assert_eq!(found, expected, "{points:?}"),
            }
        }
    }
}
