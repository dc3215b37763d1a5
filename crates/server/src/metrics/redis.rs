//! The metrics of the directory in Redis. All series exist from the start, and without Redis their values are 0.

use super::count;
use crate::labels::begin_at_zero;
use lamplight_directory_redis::{CallFigures, RedisCall, RedisFigures};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::time::Duration;

/// The figures of a directory, read with this function when the metrics are requested.
struct RedisMetrics<F>(F);

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct CallLabel {
    call: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct FailureLabel {
    call: &'static str,
    error: &'static str,
}

/// Registers the metrics. `figures` returns the current figures. Without Redis, it returns [`RedisFigures::default`].
pub(super) fn register(registry: &mut Registry, figures: impl Fn() -> RedisFigures + Send + Sync + 'static) {
    registry.register_collector(Box::new(RedisMetrics(figures)));
}

impl<F> fmt::Debug for RedisMetrics<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisMetrics")
    }
}

impl<F: Fn() -> RedisFigures + Send + Sync + 'static> Collector for RedisMetrics<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let figures = (self.0)();
        let (calls, failures) =
            (Family::<CallLabel, Counter>::default(), Family::<FailureLabel, Counter>::default());
        let mut spent = Duration::ZERO;
        for (kind, of) in RedisCall::ALL.into_iter().zip(figures.calls) {
            let CallFigures { calls: ended, spent: own, unavailable, contended, corrupt } = of;
            spent += own;
            let label = CallLabel { call: kind.name() };
            begin_at_zero(&calls, [label.clone()]);
            calls.get_or_create(&label).inc_by(ended);
            for (error, number) in
                [("unavailable", unavailable), ("contended", contended), ("corrupt", corrupt)]
            {
                failures.get_or_create(&FailureLabel { call: kind.name(), error }).inc_by(number);
            }
        }
        let help = "Calls to Redis that ended, failed or not";
        calls.encode(encoder.encode_descriptor("redis_calls", help, None, calls.metric_type())?)?;
        let help = "Calls to Redis that failed";
        failures.encode(encoder.encode_descriptor(
            "redis_failures",
            help,
            None,
            failures.metric_type(),
        )?)?;
        let bounds = RedisFigures::BOUNDS.into_iter().chain([f64::MAX]);
        let buckets: Vec<(f64, u64)> = bounds.zip(figures.durations).collect();
        let help = "Time from the beginning of a call to Redis to its end";
        encoder
            .encode_descriptor("redis_call_seconds", help, None, MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(
                spent.as_secs_f64(),
                figures.durations.iter().sum(),
                &buckets,
                None,
            )?;
        for (name, help, value) in [
            (
                "redis_conflicts",
                "Attempts to change a live record that were repeated because another change came first",
                figures.conflicts,
            ),
            (
                "redis_moved",
                "Commands that Redis refused because their slot was moved to another server",
                figures.moved,
            ),
            ("redis_log_batches", "Batches of the change log heard on this node", figures.batches),
            (
                "redis_log_passed_over",
                "Pushed batches of the change log that concerned no worker of this node",
                figures.passed_over,
            ),
            ("redis_log_gaps", "Gaps in the pushed change log, whose batches were read", figures.gaps),
            (
                "redis_log_repaired",
                "Batches of the change log that were not pushed and were read",
                figures.repaired,
            ),
            ("redis_log_missed", "Partitions whose change log was missed in part", figures.missed),
            (
                "redis_epochs",
                "Partitions that have begun another epoch, because records may have been lost",
                figures.epochs,
            ),
            ("redis_connects", "Times that a server of Redis was connected", figures.connects),
            (
                "redis_failed_connects",
                "Failed attempts to find or to connect the servers of Redis",
                figures.failed_connects,
            ),
        ] {
            count(&mut encoder, name, help, value)?;
        }
        for (name, help, value) in [
            ("redis_servers", "Servers of Redis that are connected", figures.servers),
            (
                "redis_unserved_partitions",
                "Partitions of live records that no connected server serves",
                figures.unserved,
            ),
            (
                "redis_log_waiting_batches",
                "Batches of the change log that wait for an earlier one",
                figures.waiting_batches,
            ),
            (
                "redis_log_waiting_entries",
                "Entries of the change log that wait for the parts of this node",
                figures.waiting_entries,
            ),
            ("redis_log_waiting_bytes", "Size of these entries", figures.waiting_bytes),
            (
                "redis_log_interests",
                "Users whose entries of the change log the workers want, summed over the workers",
                figures.interests,
            ),
        ] {
            let gauge = ConstGauge::new(value as i64);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    fn text(figures: RedisFigures) -> String {
        let mut registry = Registry::default();
        register(&mut registry, move || figures.clone());
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn each_series_exists_from_the_start() {
        let text = text(RedisFigures::default());
        for call in RedisCall::ALL {
            assert!(text.contains(&format!("redis_calls_total{{call=\"{}\"}} 0\n", call.name())), "{text}");
        }
        assert_eq!(text.matches("redis_failures_total{").count(), 3 * RedisCall::ALL.len());
        for name in
            ["conflicts_total", "log_missed_total", "servers", "log_waiting_bytes", "call_seconds_count"]
        {
            assert!(text.contains(&format!("redis_{name} 0\n")), "{name}: {text}");
        }
    }

    #[test]
    fn figures_are_told_under_their_names() {
        let mut figures = RedisFigures { conflicts: 3, servers: 2, ..RedisFigures::default() };
        figures.calls[RedisCall::Update as usize] = CallFigures {
            calls: 7,
            spent: Duration::from_millis(1_500),
            contended: 4,
            ..CallFigures::default()
        };
        figures.durations[0] = 6;
        figures.durations[15] = 1;
        let text = text(figures);
        for line in [
            "redis_calls_total{call=\"update\"} 7",
            "redis_failures_total{call=\"update\",error=\"contended\"} 4",
            "redis_call_seconds_sum 1.5",
            "redis_call_seconds_count 7",
            "redis_call_seconds_bucket{le=\"0.0001\"} 6",
            "redis_call_seconds_bucket{le=\"+Inf\"} 7",
            "redis_conflicts_total 3",
            "redis_servers 2",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line}: {text}");
        }
    }
}
