//! The metrics of the server API.

use super::commands;
use crate::durations::Durations;
use crate::labels::{CodeLabel, begin_at_zero};
use lamplight_model::Code;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The upper bounds of the buckets for durations, in seconds. The first bound is 100 µs, and each further bound is
/// twice the previous one.
const BOUNDS: &[f64] = &[
    0.000_1, 0.000_2, 0.000_4, 0.000_8, 0.001_6, 0.003_2, 0.006_4, 0.012_8, 0.025_6, 0.051_2, 0.102_4,
    0.204_8, 0.409_6, 0.819_2, 1.638_4, 3.276_8,
];

/// The metrics of server API calls.
#[derive(Clone)]
pub struct ApiMetrics {
    /// The number of calls and their durations, by the index of the command in the table.
    by_command: Vec<(Counter, Durations)>,
    refusals: Family<CodeLabel, Counter>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct CommandLabel {
    command: &'static str,
}

impl ApiMetrics {
    /// Creates and registers the metrics.
    pub fn new(registry: &mut Registry) -> Self {
        let requests = Family::<CommandLabel, Counter>::default();
        registry.register("api_requests", "Calls of the server API by command", requests.clone());
        let refusals = Family::<CodeLabel, Counter>::default();
        let help = "Calls of the server API that were refused or failed, by code";
        registry.register("api_refusals", help, refusals.clone());
        begin_at_zero(&refusals, CodeLabel::refusals());
        let durations: fn() -> Durations = || Durations::new(BOUNDS);
        let seconds = Family::<CommandLabel, Durations, fn() -> Durations>::new_with_constructor(durations);
        let help = "Time from the head of a call of the server API to its answer";
        registry.register("api_seconds", help, seconds.clone());
        let by_command = commands::paths()
            .map(|command| {
                let label = CommandLabel { command };
                (requests.get_or_create_owned(&label), seconds.get_or_create_owned(&label))
            })
            .collect();
        Self { by_command, refusals }
    }

    /// Counts an answered call of the command with this index, and records its duration.
    pub fn answered(&self, command: usize, took: Duration) {
        let (requests, seconds) = &self.by_command[command];
        requests.inc();
        seconds.observe(took);
    }

    /// Counts a refused or failed call by the code of its answer.
    pub fn refused(&self, code: Code) {
        self.refusals.get_or_create(&CodeLabel { code: code.number() }).inc();
    }
}
