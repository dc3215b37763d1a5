//! The metrics of a node's webhooks.

use crate::durations::Durations;
use crate::labels::begin_at_zero;
use lamplight_facts::LaneState;
use lamplight_model::{Hook, Timestamp};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The upper bounds of the histogram buckets for request durations, in seconds.
const REQUEST_BOUNDS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

/// The metrics of a node's webhooks. Clones share their counters.
#[derive(Clone)]
pub struct WebhookMetrics {
    deliveries: Family<OutcomeLabel, Counter>,
    dropped: Family<WhereLabel, Counter>,
    seconds: Durations,
    backlog: Family<HookLabel, Gauge>,
    oldest: Family<HookLabel, Gauge>,
    dead: Family<HookLabel, Gauge>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct WhereLabel {
    at: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct HookLabel {
    webhook: &'static str,
}

impl WebhookMetrics {
    /// Makes the metrics and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            deliveries: Family::default(),
            dropped: Family::default(),
            seconds: Durations::new(REQUEST_BOUNDS),
            backlog: Family::default(),
            oldest: Family::default(),
            dead: Family::default(),
        };
        let help = "Requests to webhooks, by outcome: delivered, failed (and tried again), dead, unwanted";
        registry.register("webhook_deliveries", help, metrics.deliveries.clone());
        let help = "Notices that were lost because there was no room for them, by place";
        registry.register("webhook_dropped", help, metrics.dropped.clone());
        registry.register(
            "webhook_request_seconds",
            "How long requests to webhooks take",
            metrics.seconds.clone(),
        );
        registry.register("webhook_backlog", "Notices that wait", metrics.backlog.clone());
        let help = "How long the oldest notice has been waiting";
        registry.register("webhook_oldest_seconds", help, metrics.oldest.clone());
        registry.register(
            "webhook_dead_letters",
            "Notices that were given up and kept",
            metrics.dead.clone(),
        );
        let outcomes = ["delivered", "failed", "dead", "unwanted"];
        begin_at_zero(&metrics.deliveries, outcomes.map(|outcome| OutcomeLabel { outcome }));
        begin_at_zero(&metrics.dropped, ["record", "outbox", "dead_letters"].map(|at| WhereLabel { at }));
        metrics.backlog(&[], Timestamp::default());
        metrics
    }

    /// Counts a finished request by its outcome, and records its duration `took`. The duration is `None` if no request
    /// was sent.
    pub fn sent(&self, outcome: &'static str, took: Option<Duration>) {
        self.deliveries.get_or_create(&OutcomeLabel { outcome }).inc();
        if let Some(took) = took {
            self.seconds.observe(took);
        }
    }

    /// Counts events that were dropped because a live record was full.
    pub fn record_full(&self, count: u64) {
        self.drop_at("record", count);
    }

    /// Counts notices that were dropped because the outbox was full.
    pub fn outbox_full(&self, count: u64) {
        self.drop_at("outbox", count);
    }

    /// Counts dead letters that were deleted to make room for newer dead letters.
    pub fn dead_forgotten(&self, count: u64) {
        self.drop_at("dead_letters", count);
    }

    fn drop_at(&self, at: &'static str, count: u64) {
        if count > 0 {
            self.dropped.get_or_create(&WhereLabel { at }).inc_by(count);
        }
    }

    /// Sets the numbers of waiting notices and dead letters, and the age of the oldest notice, for each kind of
    /// webhook.
    pub fn backlog(&self, lanes: &[LaneState], now: Timestamp) {
        for hook in Hook::ALL {
            let label = HookLabel { webhook: hook.name() };
            let own = || lanes.iter().filter(|state| state.lane.hook == hook);
            let oldest = own().filter_map(|state| state.oldest).min();
            self.backlog.get_or_create(&label).set(own().map(|state| state.waiting as i64).sum());
            self.oldest
                .get_or_create(&label)
                .set(oldest.map_or(0, |oldest| now.since(oldest).as_secs() as i64));
            self.dead.get_or_create(&label).set(own().map(|state| state.dead as i64).sum());
        }
    }
}
