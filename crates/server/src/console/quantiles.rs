//! Quantiles of durations, as the console shows them.

use crate::durations::Spread;
use serde::Serialize;

/// The median and the 99th percentile of some durations, in seconds, and their number.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Quantiles {
    p50: f64,
    p99: f64,
    count: u64,
}

impl Quantiles {
    /// Computes the quantiles of some durations; `None` if there are no durations.
    pub fn of(durations: &Spread) -> Option<Self> {
        let (p50, p99) = (durations.quantile(0.5)?, durations.quantile(0.99)?);
        Some(Self { p50, p99, count: durations.count() })
    }

    /// The number of durations.
    #[cfg(test)]
    pub fn count(&self) -> u64 {
        self.count
    }
}
