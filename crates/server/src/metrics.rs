//! The metrics of a node. Their names follow the conventions of Prometheus.

mod process;
mod redis;

use crate::durations::{Durations, Spread};
use crate::facts_store::FactsStore;
use crate::health::Health;
use crate::http::HttpMetrics;
use crate::labels::{CodeLabel, begin_at_zero};
use crate::live_store::LiveStore;
use crate::log_metrics::LogMetrics;
use crate::rest::ApiMetrics;
use crate::token_keys::TokenKeyMetrics;
use crate::webhooks::WebhookMetrics;
use lamplight_directory::{Directory, DirectoryStats};
use lamplight_model::Platform;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The upper bounds of the buckets for delivery latency, in seconds. The first bound is 50 µs, and each further
/// bound is twice the previous one.
const DELIVERY_BOUNDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_2, 0.000_4, 0.000_8, 0.001_6, 0.003_2, 0.006_4, 0.012_8, 0.025_6, 0.051_2,
    0.102_4, 0.204_8, 0.409_6, 0.819_2, 1.638_4, 3.276_8, 6.553_6,
];

/// The upper bounds of the buckets for detection times, in seconds. Most values lie just above the heartbeat timeouts
/// of 60 s and 400 s.
const DETECTION_BOUNDS: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 59.75, 60.0, 60.25, 60.5, 61.0, 75.0, 90.0, 120.0, 180.0,
    240.0, 300.0, 399.75, 400.0, 400.25, 400.5, 401.0, 450.0, 600.0, 900.0, 1_800.0, 3_600.0,
];

/// All metrics of a node.
pub struct Metrics {
    registry: Registry,
    /// The metrics with standard names, which have no prefix `lamplight`.
    common: Registry,
    by_worker: Vec<WorkerMetrics>,
    api: ApiMetrics,
    http: HttpMetrics,
    webhooks: WebhookMetrics,
    token_keys: TokenKeyMetrics,
    keeper: KeeperMetrics,
    cluster: ClusterMetrics,
    directory: Arc<dyn Directory>,
}

/// The objects whose state is read when the metrics are requested.
pub struct Sources {
    /// The database.
    pub facts: FactsStore,
    /// The live records.
    pub live: LiveStore,
    /// The health of the parts.
    pub health: Arc<Health>,
    /// The counters of log lines that were not written.
    pub log: LogMetrics,
}

/// The metrics of the keeper.
#[derive(Clone, Default)]
pub struct KeeperMetrics {
    /// The number of operations in the retry list.
    pub retries_waiting: Gauge,
    /// The number of operations that were dropped because the retry list was full.
    pub retries_dropped: Gauge,
    /// The number of connections that were ended because a live record had them and no worker had them.
    pub lost_connections: Counter,
    /// The number of deleted apps whose data is not completely deleted yet.
    pub apps_being_deleted: Gauge,
    /// The number of custom statuses that were cleared because their duration had passed.
    pub custom_expired: Counter,
}

/// The metrics of the node as a member of its cluster. Without a cluster, all metrics are 0.
#[derive(Clone, Default)]
pub struct ClusterMetrics {
    /// The number of nodes in the register.
    pub nodes: Gauge,
    /// The number of nodes that are not silent.
    pub live_nodes: Gauge,
    /// The number of lost nodes. Their connections are being ended.
    pub lost_nodes: Gauge,
    /// 1 if this node has not read the register for a whole lease; otherwise 0.
    pub cut_off: Gauge,
    /// The number of failed renewals of the lease.
    pub failed_renewals: Counter,
    /// The time in seconds by which the machine's wall clock is ahead of the directory's clock.
    pub clock_ahead: Gauge<f64, AtomicU64>,
    /// The number of connections of lost nodes that this node has ended.
    pub cleared_connections: Counter,
}

impl ClusterMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let mut gauge = |name: &str, help: &str, gauge: &Gauge| registry.register(name, help, gauge.clone());
        gauge("cluster_nodes", "Nodes in the register of the cluster; 0 without a cluster", &metrics.nodes);
        let help = "Nodes that renew their leases, with this one; 0 without a cluster";
        gauge("cluster_live_nodes", help, &metrics.live_nodes);
        let help = "Nodes that are lost, and whose connections are being ended";
        gauge("cluster_lost_nodes", help, &metrics.lost_nodes);
        let help = "1 if this node has not read the register of nodes for a whole lease; 0 otherwise";
        gauge("cluster_cut_off", help, &metrics.cut_off);
        let help = "Renewals of this node's lease that failed";
        registry.register("cluster_failed_renewals", help, metrics.failed_renewals.clone());
        let help = "Connections of lost nodes that this node has ended";
        registry.register("cluster_cleared_connections", help, metrics.cleared_connections.clone());
        let help = "Time by which the clock of this machine is ahead of the clock of the cluster";
        registry.register_with_unit("cluster_clock_ahead", help, Unit::Seconds, metrics.clock_ahead.clone());
        metrics
    }
}

/// The metrics of one worker. Only that worker updates them.
#[derive(Clone)]
pub struct WorkerMetrics {
    /// The number of open connections, logged in or not.
    pub connections: Gauge,
    /// The number of accepted connections.
    pub accepted: Counter,
    /// The number of failed attempts to accept a connection.
    pub accept_failures: Counter,
    /// The number of successful logins.
    pub logins: Counter,
    /// The number of answered requests.
    pub requests: Counter,
    /// The number of refusals, by code.
    pub refusals: Family<CodeLabel, Counter>,
    /// The number of successful calls about visibility and block lists, by call.
    pub restriction_calls: Family<CallLabel, Counter>,
    /// The number of entries that the worker has read from the change log.
    pub changes: Counter,
    /// The number of status changes that were not sent because of the rate limit. A newer change of the same user has
    /// replaced each of them.
    pub replaced: Counter,
    /// The number of times that a connection was paused because its requests came faster than the limit.
    pub paused: Counter,
    /// The number of statuses sent in notifications.
    pub notifications: Counter,
    /// The number of socket writes that contained notifications. `notifications` divided by `writes` is the average
    /// number of statuses in a write.
    pub writes: Counter,
    /// The number of changes of lists that were sent in notifications.
    pub list_changes: Counter,
    /// The number of times that a client was asked to read its lists again. Either too many changes were queued for the
    /// client, or changes were missed.
    pub list_reloads: Counter,
    /// The number of times that a socket's send buffer was full. While the buffer is full, statuses for the connection
    /// are conflated in its mailbox.
    pub stalls: Counter,
    /// The number of connections closed after the heartbeat timeout.
    pub timeouts: Counter,
    /// The number of connections closed because of a protocol error, a missing login, or a limit on connections.
    pub protocol_errors: Counter,
    /// The number of times that the worker missed entries of the change log, and therefore read all watched statuses
    /// again.
    pub rereads: Counter,
    /// The number of failed reads of the stores. Each read is tried again.
    pub failed_reads: Counter,
    /// The time from a change's log entry to the end of the round in which the worker wrote it to the sockets.
    pub delivery_seconds: Durations,
    /// The time from the last byte on a lost link to the detection of the loss.
    pub detection_seconds: Durations,
}

/// The label of a call about visibility or a block list.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub struct CallLabel {
    /// One of [`RESTRICTION_CALLS`].
    pub call: &'static str,
}

const RESTRICTION_CALLS: [&str; 4] = ["set_visibility", "get_block_list", "block_users", "unblock_users"];

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct WorkerLabel {
    worker: u32,
}

impl Metrics {
    /// Makes the metrics of a node with this number of workers.
    pub fn new(workers: usize, sources: Sources) -> Self {
        let directory = sources.live.directory();
        let mut common = Registry::default();
        common.register_collector(Box::new(process::ProcessMetrics::new()));
        let mut registry = Registry::with_prefix("lamplight");
        registry.register("build", "The version of this program, and the source it was built from", build());
        sources.log.register(&mut registry);
        let live = sources.live.clone();
        registry.register_collector(Box::new(sources));
        registry.register_collector(Box::new(DirectoryMetrics(Arc::clone(&directory))));
        redis::register(&mut registry, move || live.redis_figures());
        let connections = Family::<WorkerLabel, Gauge>::default();
        registry.register("connections", "Connections open now", connections.clone());
        let mut counter = |name: &str, help: &str| {
            let family = Family::<WorkerLabel, Counter>::default();
            registry.register(name, help, family.clone());
            family
        };
        let accepted = counter("connections_accepted", "Connections accepted");
        let accept_failures = counter("accept_failures", "Failures to accept a waiting connection");
        let logins = counter("logins", "Logins that succeeded");
        let requests = counter("requests", "Requests answered");
        let changes = counter("changes_heard", "Entries read from the change log, of all kinds");
        let replaced = counter(
            "changes_replaced",
            "Status changes replaced by a newer one, because the user's status changed too fast",
        );
        let paused = counter(
            "connections_paused",
            "Times that a connection was paused because its requests came too fast",
        );
        let notifications = counter("notifications", "Statuses sent in notifications");
        let writes = counter("notification_writes", "Socket writes that carried notifications");
        let list_changes = counter("list_changes", "Changes of friends, messages and other lists sent");
        let list_reloads =
            counter("list_reloads", "Times that a connection was told to read its lists again");
        let stalls =
            counter("stalls", "Times that a socket took no more data, so that notifications had to wait");
        let timeouts = counter("heartbeat_timeouts", "Connections closed after the heartbeat timeout");
        let protocol_errors = counter(
            "protocol_errors",
            "Connections closed because of a protocol error, a missing login, or a limit on connections",
        );
        let rereads = counter(
            "log_rereads",
            "Times that entries of the change log were missed, and all watched statuses were read again",
        );
        let failed_reads = counter("failed_reads", "Reads for connections that failed and are tried again");
        let refusals = Family::<CodeLabel, Counter>::default();
        registry.register("refusals", "Refusals by code", refusals.clone());
        begin_at_zero(&refusals, CodeLabel::refusals());
        let restriction_calls = Family::<CallLabel, Counter>::default();
        let help = "Calls of clients about visibility and block lists that succeeded";
        registry.register("restriction_calls", help, restriction_calls.clone());
        begin_at_zero(&restriction_calls, RESTRICTION_CALLS.map(|call| CallLabel { call }));
        let mut durations = |name: &str, help: &str, new: fn() -> Durations| {
            let family = Family::<WorkerLabel, Durations, fn() -> Durations>::new_with_constructor(new);
            registry.register(name, help, family.clone());
            family
        };
        let help = "Time from the entry of a change in the change log to the end of the round that sent it";
        let delivery = durations("delivery_seconds", help, || Durations::new(DELIVERY_BOUNDS));
        let help = "Time from the last byte of a lost link to its detection";
        let detection = durations("detection_seconds", help, || Durations::new(DETECTION_BOUNDS));

        let by_worker = (0..workers as u32)
            .map(|worker| {
                let label = WorkerLabel { worker };
                WorkerMetrics {
                    connections: connections.get_or_create_owned(&label),
                    accepted: accepted.get_or_create_owned(&label),
                    accept_failures: accept_failures.get_or_create_owned(&label),
                    logins: logins.get_or_create_owned(&label),
                    requests: requests.get_or_create_owned(&label),
                    refusals: refusals.clone(),
                    restriction_calls: restriction_calls.clone(),
                    changes: changes.get_or_create_owned(&label),
                    replaced: replaced.get_or_create_owned(&label),
                    paused: paused.get_or_create_owned(&label),
                    notifications: notifications.get_or_create_owned(&label),
                    writes: writes.get_or_create_owned(&label),
                    list_changes: list_changes.get_or_create_owned(&label),
                    list_reloads: list_reloads.get_or_create_owned(&label),
                    stalls: stalls.get_or_create_owned(&label),
                    timeouts: timeouts.get_or_create_owned(&label),
                    protocol_errors: protocol_errors.get_or_create_owned(&label),
                    rereads: rereads.get_or_create_owned(&label),
                    failed_reads: failed_reads.get_or_create_owned(&label),
                    delivery_seconds: delivery.get_or_create_owned(&label),
                    detection_seconds: detection.get_or_create_owned(&label),
                }
            })
            .collect();
        let api = ApiMetrics::new(&mut registry);
        let http = HttpMetrics::register(&mut registry);
        let webhooks = WebhookMetrics::register(&mut registry);
        let token_keys = TokenKeyMetrics::register(&mut registry);
        let keeper = KeeperMetrics::default();
        let help = "Operations that wait in the retry list because a store failed";
        registry.register("retries_waiting", help, keeper.retries_waiting.clone());
        let help = "Operations dropped because the retry list was full, since the start";
        registry.register("retries_dropped", help, keeper.retries_dropped.clone());
        let help = "Connections that live records had and no worker had, and that were ended";
        registry.register("lost_connections", help, keeper.lost_connections.clone());
        let help = "Deleted apps whose data is not completely deleted yet";
        registry.register("apps_being_deleted", help, keeper.apps_being_deleted.clone());
        let help = "Custom statuses that were cleared because their duration had passed";
        registry.register("custom_expired", help, keeper.custom_expired.clone());
        let cluster = ClusterMetrics::register(&mut registry);
        Self { registry, common, by_worker, api, http, webhooks, token_keys, keeper, cluster, directory }
    }

    /// Returns the metrics of the server API.
    pub fn api(&self) -> ApiMetrics {
        self.api.clone()
    }

    /// Returns the metrics of the HTTP port.
    pub fn http(&self) -> HttpMetrics {
        self.http.clone()
    }

    /// Returns the metrics of the key sets for JWTs.
    pub fn token_keys(&self) -> TokenKeyMetrics {
        self.token_keys.clone()
    }

    /// Returns the metrics of the webhooks.
    pub fn webhooks(&self) -> WebhookMetrics {
        self.webhooks.clone()
    }

    /// Returns the metrics of the keeper.
    pub fn keeper(&self) -> KeeperMetrics {
        self.keeper.clone()
    }

    /// Returns the metrics of the node as a member of its cluster.
    pub fn cluster(&self) -> ClusterMetrics {
        self.cluster.clone()
    }

    /// Returns the metrics of one worker.
    pub fn worker(&self, index: usize) -> WorkerMetrics {
        self.by_worker[index].clone()
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> i64 {
        self.by_worker.iter().map(|worker| worker.connections.get()).sum()
    }

    /// Returns the totals of all workers since the start.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            directory: self.directory.stats(),
            connections: u64::try_from(self.connections()).unwrap_or(0),
            changes: 0,
            notifications: 0,
            delivery: Spread::none(DELIVERY_BOUNDS),
            detection: Spread::none(DETECTION_BOUNDS),
        };
        for worker in &self.by_worker {
            let delivery = worker.delivery_seconds.read();
            // Every worker counts every change, so the counts are not summed; the largest is used.
            totals.changes = totals.changes.max(delivery.count() + worker.replaced.get());
            totals.notifications += worker.notifications.get();
            totals.delivery.add(&delivery);
            totals.detection.add(&worker.detection_seconds.read());
        }
        totals
    }

    /// Returns all metrics in the text format of OpenMetrics.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.common)?;
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The totals of a node since its start, and its current numbers of users and connections.
#[derive(Clone, PartialEq, Debug)]
pub struct Totals {
    /// The current numbers of users and devices.
    pub directory: DirectoryStats,
    /// The number of open connections.
    pub connections: u64,
    /// The number of status changes that were visible to watchers.
    pub changes: u64,
    /// The number of statuses sent in notifications.
    pub notifications: u64,
    /// The time from a change's log entry to the end of the round in which it was written to the sockets.
    pub delivery: Spread,
    /// The time from the last byte on a lost link to the detection of the loss.
    pub detection: Spread,
}

fn build() -> Info<Vec<(&'static str, &'static str)>> {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    Info::new(vec![
        ("version", env!("CARGO_PKG_VERSION")),
        ("os", std::env::consts::OS),
        ("arch", std::env::consts::ARCH),
        ("profile", profile),
    ])
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let ready = ConstGauge::new(i64::from(self.health.readiness().is_ready()));
        let help = "1 when the node is ready, as /readyz reports it; 0 otherwise";
        ready.encode(encoder.encode_descriptor("ready", help, None, ready.metric_type())?)?;
        let stats = self.facts.stats();
        for (name, help, value) in [
            ("facts_commits", "Commits of facts", stats.commits),
            ("facts_failed_commits", "Commits of facts that failed", stats.failed_commits),
            ("facts_writes", "Writes of facts that were committed", stats.writes),
            (
                "facts_failed_writes",
                "Writes of facts that failed, alone or with their commit",
                stats.failed_writes,
            ),
            ("facts_postgres_reads", "Reads of facts that PostgreSQL answered", stats.postgres_reads),
            (
                "facts_postgres_failed_reads",
                "Reads of facts that PostgreSQL did not answer",
                stats.postgres_failed_reads,
            ),
            (
                "facts_postgres_repeated",
                "Attempts of calls to PostgreSQL repeated after a conflict or the loss of a connection",
                stats.postgres_repeated,
            ),
            (
                "facts_postgres_refused_connections",
                "Connections that PostgreSQL did not accept because it has too many",
                stats.postgres_refused_connections,
            ),
        ] {
            count(&mut encoder, name, help, value)?;
        }
        for (name, help, value) in [
            ("facts_postgres_connections", "Connections to PostgreSQL", stats.pool.connections),
            (
                "facts_postgres_idle_connections",
                "Connections to PostgreSQL that no call uses",
                stats.pool.free,
            ),
            ("facts_postgres_waiting", "Calls that wait for a connection to PostgreSQL", stats.pool.waiting),
        ] {
            let gauge = ConstGauge::new(value as i64);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

fn count(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), fmt::Error> {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

/// The metrics of the directory. Their values are read when the metrics are requested.
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
        let help = "Users with a live record whose status not everyone may see";
        gauge("users_restricted", help, stats.restricted)?;
        let devices = Family::<PlatformLabel, Gauge>::default();
        for platform in Platform::ALL {
            let label = PlatformLabel { platform: platform.name() };
            devices.get_or_create(&label).set(stats.devices[platform as usize - 1] as i64);
        }
        let help = "Devices that count as connected";
        devices.encode(encoder.encode_descriptor("devices_online", help, None, devices.metric_type())?)?;
        let damage = stats.journal_damage;
        for (name, help, value) in [
            ("journal_errors", "Live records that could not be written to disk", stats.journal_errors),
            ("journal_damaged_files", "Files of live records found damaged at the start", damage.files),
            (
                "journal_missing_files",
                "Files of live records found missing at the start",
                damage.missing_files,
            ),
            ("journal_lost_entries", "Entries of live records found damaged at the start", damage.entries),
            (
                "journal_set_aside",
                "Live records that the start set aside because they were written with another database",
                u64::from(stats.journal_set_aside),
            ),
            ("journal_lost_bytes", "Bytes of live records that could not be read at the start", damage.bytes),
        ] {
            count(&mut encoder, name, help, value)?;
        }
        let doubt = ConstGauge::new(i64::from(stats.journal_in_doubt));
        let help = "1 if the last write of live records to disk failed; 0 otherwise";
        doubt.encode(encoder.encode_descriptor("journal_in_doubt", help, None, doubt.metric_type())?)
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct PlatformLabel {
    platform: &'static str,
}

/// Returns empty distributions of delivery latency and detection time, with the metrics' buckets.
pub fn no_durations() -> (Spread, Spread) {
    (Spread::none(DELIVERY_BOUNDS), Spread::none(DETECTION_BOUNDS))
}
