//! A histogram of durations. Prometheus reads the counts since the start. From these counts, the console computes the
//! counts of recent periods.

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A histogram of durations. Clones share the same buckets.
#[derive(Clone, Debug)]
pub struct Durations {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The upper bound of each bucket in seconds, ascending. One more bucket counts longer durations.
    bounds: &'static [f64],
    counts: Box<[AtomicU64]>,
    nanoseconds: AtomicU64,
}

impl Durations {
    /// Makes an empty histogram.
    pub fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { inner: Arc::new(Inner { bounds, counts, nanoseconds: AtomicU64::new(0) }) }
    }

    /// Counts one duration.
    pub fn observe(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = self.inner.bounds.partition_point(|bound| *bound < seconds);
        self.inner.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.inner.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Returns the counts since the start of the process.
    pub fn read(&self) -> Spread {
        let counts = self.inner.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        Spread { bounds: self.inner.bounds, counts }
    }
}

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let Spread { bounds, counts } = self.read();
        let bounds = bounds.iter().copied().chain([f64::MAX]);
        let buckets: Vec<(f64, u64)> = bounds.zip(counts.iter().copied()).collect();
        let seconds = Duration::from_nanos(self.inner.nanoseconds.load(Ordering::Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(seconds, counts.iter().sum(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Durations {
    const TYPE: MetricType = MetricType::Histogram;
}

/// The distribution of some durations over the buckets.
#[derive(Clone, PartialEq, Debug)]
pub struct Spread {
    bounds: &'static [f64],
    counts: Vec<u64>,
}

impl Spread {
    /// Makes an empty distribution.
    pub fn none(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1] }
    }

    /// Makes a distribution with the same buckets from stored counts; `None` if the number of buckets differs.
    pub fn with_counts(&self, counts: &[u64]) -> Option<Self> {
        (counts.len() == self.counts.len()).then(|| Self { bounds: self.bounds, counts: counts.to_vec() })
    }

    /// Returns the count of each bucket.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Returns the number of durations.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds the counts of another distribution with the same buckets.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// Returns the distribution of the durations that were counted since `earlier` was read.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let counts = self.counts.iter().zip(&earlier.counts);
        Self { bounds: self.bounds, counts: counts.map(|(now, then)| now.saturating_sub(*then)).collect() }
    }

    /// Estimates a quantile in seconds; a `share` of 0.5 is the median. Assumes that the durations within a bucket are
    /// evenly spread. Returns `None` if there are no durations.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let rank = share * self.count() as f64;
        let mut below = 0;
        for (bucket, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            if (below + count) as f64 >= rank {
                let lower = if bucket == 0 { 0.0 } else { self.bounds[bucket - 1] };
                let Some(upper) = self.bounds.get(bucket) else { return Some(lower) };
                let within = ((rank - below as f64) / *count as f64).clamp(0.0, 1.0);
                return Some(lower + (upper - lower) * within);
            }
            below += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: &[f64] = &[0.001, 0.01, 0.1];

    fn spread(milliseconds: &[u64]) -> Spread {
        let durations = Durations::new(BOUNDS);
        milliseconds.iter().for_each(|each| durations.observe(Duration::from_millis(*each)));
        durations.read()
    }

    #[test]
    fn a_duration_counts_into_the_bucket_whose_bound_it_does_not_exceed() {
        assert_eq!(spread(&[0, 1, 2, 10, 11, 100, 101, 5_000]).counts, [2, 2, 2, 2]);
    }

    #[test]
    fn a_quantile_is_read_off_its_bucket() {
        let close = |spread: Spread, share, expected: f64| {
            let found = spread.quantile(share).unwrap();
            assert!((found - expected).abs() < 1e-9, "{share}: {found} instead of {expected}");
        };
        assert_eq!(spread(&[]).quantile(0.5), None);
        close(spread(&[5, 5]), 0.5, 0.0055);
        close(spread(&[5, 5, 5, 50]), 0.99, 0.1 - 0.09 * 0.04);
        close(spread(&[1, 1, 50, 50]), 0.5, 0.001);
        // The last bucket has no upper bound, so the quantile is its lower bound.
        close(spread(&[500]), 0.5, 0.1);
    }

    #[test]
    fn what_was_added_lately_is_the_difference_of_two_readings() {
        let durations = Durations::new(BOUNDS);
        durations.observe(Duration::from_millis(1));
        let before = durations.read();
        durations.observe(Duration::from_millis(20));
        let added = durations.read().since(&before);
        assert_eq!(added, spread(&[20]));
        let mut sum = Spread::none(BOUNDS);
        sum.add(&before);
        sum.add(&added);
        assert_eq!(sum, durations.read());
    }

    #[test]
    fn prometheus_gets_what_it_expects_of_a_histogram() {
        let mut registry = prometheus_client::registry::Registry::default();
        let durations = Durations::new(BOUNDS);
        registry.register("d", "D", durations.clone());
        for each in [1, 20, 500] {
            durations.observe(Duration::from_millis(each));
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "# TYPE d histogram",
            "d_sum 0.521",
            "d_count 3",
            "d_bucket{le=\"0.001\"} 1",
            "d_bucket{le=\"0.1\"} 2",
            "d_bucket{le=\"+Inf\"} 3",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
    }
}
