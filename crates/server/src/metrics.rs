//! What a node measures of itself, in the names that Prometheus users expect.

use lamplight_directory::Directory;
use lamplight_model::Platform;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;

/// Every metric of a node.
pub struct Metrics {
    registry: Registry,
    by_worker: Vec<WorkerMetrics>,
}

/// What one worker counts; no other writes to these.
#[derive(Clone)]
pub struct WorkerMetrics {
    /// Connections open now, logged in or not.
    pub connections: Gauge,
    /// Connections taken in.
    pub accepted: Counter,
    /// Logins that succeeded.
    pub logins: Counter,
    /// Requests answered.
    pub requests: Counter,
    /// Refusals, by code.
    pub refusals: Family<CodeLabel, Counter>,
    /// Status changes heard from the log.
    pub changes: Counter,
    /// Statuses sent in notifications.
    pub notifications: Counter,
    /// Writes to sockets that carried notifications: with `notifications`, how well they travel together.
    pub writes: Counter,
    /// Connections whose socket would take no more, and that wait with conflated mailboxes.
    pub stalls: Counter,
    /// Connections given up after the heartbeat timeout.
    pub timeouts: Counter,
    /// Connections closed for what they sent or did not send.
    pub protocol_errors: Counter,
    /// Times when the log was missed and everything watched was read again.
    pub rereads: Counter,
    /// From the logging of a change to the end of the round that wrote it to the sockets.
    pub delivery_seconds: Histogram,
}

/// A code of a refusal.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub struct CodeLabel {
    /// The number.
    pub code: u32,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct WorkerLabel {
    worker: u32,
}

impl Metrics {
    /// The metrics of a node with so many workers.
    pub fn new(workers: usize, directory: Arc<dyn Directory>) -> Self {
        let mut registry = Registry::with_prefix("lamplight");
        registry.register_collector(Box::new(DirectoryMetrics(directory)));
        let connections = Family::<WorkerLabel, Gauge>::default();
        registry.register("connections", "Connections open now", connections.clone());
        let mut counter = |name: &str, help: &str| {
            let family = Family::<WorkerLabel, Counter>::default();
            registry.register(name, help, family.clone());
            family
        };
        let accepted = counter("connections_accepted", "Connections taken in");
        let logins = counter("logins", "Logins that succeeded");
        let requests = counter("requests", "Requests answered");
        let changes = counter("changes_heard", "Status changes heard from the log");
        let notifications = counter("notifications", "Statuses sent in notifications");
        let writes = counter("notification_writes", "Socket writes that carried notifications");
        let stalls = counter("stalls", "Times a socket would take no more and its mailbox had to wait");
        let timeouts = counter("heartbeat_timeouts", "Connections given up after the heartbeat timeout");
        let protocol_errors =
            counter("protocol_errors", "Connections closed for what they sent or did not send");
        let rereads =
            counter("log_rereads", "Times the log was missed and everything watched was read again");
        let refusals = Family::<CodeLabel, Counter>::default();
        registry.register("refusals", "Refusals by code", refusals.clone());
        let delivery = Family::<WorkerLabel, Histogram, fn() -> Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.000_05, 2.0, 18))
        });
        let help = "From the logging of a change to the end of the round that wrote it";
        registry.register("delivery_seconds", help, delivery.clone());

        let by_worker = (0..workers as u32)
            .map(|worker| {
                let label = WorkerLabel { worker };
                WorkerMetrics {
                    connections: connections.get_or_create_owned(&label),
                    accepted: accepted.get_or_create_owned(&label),
                    logins: logins.get_or_create_owned(&label),
                    requests: requests.get_or_create_owned(&label),
                    refusals: refusals.clone(),
                    changes: changes.get_or_create_owned(&label),
                    notifications: notifications.get_or_create_owned(&label),
                    writes: writes.get_or_create_owned(&label),
                    stalls: stalls.get_or_create_owned(&label),
                    timeouts: timeouts.get_or_create_owned(&label),
                    protocol_errors: protocol_errors.get_or_create_owned(&label),
                    rereads: rereads.get_or_create_owned(&label),
                    delivery_seconds: delivery.get_or_create_owned(&label),
                }
            })
            .collect();
        Self { registry, by_worker }
    }

    /// The metrics of one worker.
    pub fn worker(&self, index: usize) -> WorkerMetrics {
        self.by_worker[index].clone()
    }

    /// Connections open now.
    pub fn connections(&self) -> i64 {
        self.by_worker.iter().map(|worker| worker.connections.get()).sum()
    }

    /// Everything, in the text form of OpenMetrics.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// What the directory counts itself, read when it is asked for.
struct DirectoryMetrics(Arc<dyn Directory>);

impl fmt::Debug for DirectoryMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DirectoryMetrics")
    }
}

impl Collector for DirectoryMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.0.stats();
        let mut gauge = |name: &str, help: &str, value: u64| {
            let gauge = ConstGauge::new(value as i64);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        gauge("records", "Live records", stats.records)?;
        gauge("users_online", "Users that are ONLINE", stats.online)?;
        let devices = Family::<PlatformLabel, Gauge>::default();
        for platform in Platform::ALL {
            let label = PlatformLabel { platform: platform.name() };
            devices.get_or_create(&label).set(stats.devices[platform as usize - 1] as i64);
        }
        let help = "Devices that count as connected";
        devices.encode(encoder.encode_descriptor("devices_online", help, None, devices.metric_type())?)?;
        let errors = ConstCounter::new(stats.journal_errors);
        let help = "Live records that could not be written to disk";
        errors.encode(encoder.encode_descriptor("journal_errors", help, None, errors.metric_type())?)
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct PlatformLabel {
    platform: &'static str,
}
